"""Each step with the public functions"""
from pathlib import Path
import msgspec
from annot_hub.annotate import Interface
from annot_hub.annotate import tasks as make_tasks
from annot_hub.collect import hub_url, join, path_columns, read_metadata
from annot_hub.collect import scan as scan_folder
from annot_hub.publish import annotated, to_csv, to_parquet
from annot_hub.record import labels as decide, loads, read_export
from tutorial_data import FOLDER, REPO, XML

interface = Interface(XML)

def scan(clone):
    return scan_folder(clone)

def frame(clone):
    df = path_columns(scan_folder(clone), f'{FOLDER}/{{volume}}/image/{{page}}.*')
    inventory = read_metadata(f'{clone}/{FOLDER}/encyclopaediaBritannica-inventory.csv', columns=['volume', 'title'])
    return join(df, inventory, on='volume')[0]

def urls(names):
    return [hub_url(REPO, name) for name in names]

def tasks(df, path):
    made = make_tasks(df, REPO, 'main', interface=interface)
    Path(path).write_bytes(msgspec.json.encode(made))
    return made

def short(path):
    return read_export(path, interface)

def full(path):
    return read_export(path, interface)

def labels(df, answers):
    df = annotated(df, decide(answers, interface))
    return df, df.choice.value_counts(), df.choice.notna().mean()

def csv(df, path):
    Path(path).write_bytes(to_csv(df, interface))
    return path

def parquet(df, path):
    Path(path).write_bytes(to_parquet(df, interface, REPO, 'main'))
    return path

def record(path):
    return decide(loads(Path(path).read_bytes()), interface)
