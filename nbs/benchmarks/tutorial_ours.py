"""Each step with the public functions"""
from pathlib import Path
import msgspec
from annot_hub import annotate, collect, publish
from annot_hub import record as answers_of
from tutorial_data import FOLDER, REPO, XML

interface = annotate.Interface(XML)

def scan(clone):
    return collect.scan(clone, facts=())

def sizes(clone):
    return collect.scan(clone)

def frame(clone):
    df = collect.path_columns(scan(clone), f'{FOLDER}/{{volume}}/image/{{page}}.*')
    inventory = collect.read_metadata(f'{clone}/{FOLDER}/encyclopaediaBritannica-inventory.csv',
                                      columns=['volume', 'title'])
    return collect.join(df, inventory, on='volume')[0]

def urls(names):
    return collect.hub_urls(REPO, names)

def tasks(df, path):
    made = annotate.tasks(df, REPO, 'main', interface=interface)
    Path(path).write_bytes(msgspec.json.encode(made))
    return made

def short(path):
    return answers_of.read_export(path, interface)

def full(path):
    return answers_of.read_export(path, interface)

def labels(df, answers):
    df = publish.annotated(df, answers_of.labels(answers, interface))
    return df, df.choice.value_counts(), df.choice.notna().mean()

def csv(df, path):
    Path(path).write_bytes(publish.to_csv(df, interface))
    return path

def parquet(df, path):
    Path(path).write_bytes(publish.to_parquet(df, interface, REPO, 'main'))
    return path

def record(path):
    return answers_of.labels(answers_of.loads(Path(path).read_bytes()), interface)
