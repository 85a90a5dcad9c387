"""Each step in the fewest right calls of a fast library, without a check: what a careful programmer writes for this one collection.
Nothing else than what comes out is looked at: no odd name, no file that is cut off, no other kind of question, no message."""
import os
from urllib.parse import quote, unquote
import msgspec, pandas as pd, pyarrow as pa
import pyarrow.compute as pc, pyarrow.csv as pa_csv, pyarrow.parquet as pq
from tutorial_data import BASE, FOLDER, REPO

def scan(clone):
    found, folders, start = [], [str(clone)], len(str(clone)) + 1
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.is_dir(): folders.append(entry.path)
            elif entry.name.endswith('.jpg'): found.append(entry.path[start:])
    return sorted(found)

def sizes(clone):
    names, counts, folders, start = [], [], [str(clone)], len(str(clone)) + 1
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.is_dir(): folders.append(entry.path)
            elif entry.name.endswith('.jpg'):
                names.append(entry.path[start:])
                counts.append(entry.stat().st_size)
    return pd.DataFrame({'filename': names, 'bytes': counts}).sort_values('filename')

def frame(clone):
    names = pa.array(scan(clone))
    inventory = pd.read_csv(f'{clone}/{FOLDER}/encyclopaediaBritannica-inventory.csv', header=None,
                            names=['volume', 'title'], dtype={'volume': 'str'}, index_col='volume')
    parts = pc.split_pattern(names, '/')
    df = pd.DataFrame({'filename': names, 'volume': pc.list_element(parts, 1), 'page': pc.list_element(parts, 3)})
    return df.join(inventory, on='volume')

def urls(names):
    column = pa.array(names)
    safe = pc.all(pc.match_substring_regex(column, r'^[\w./~-]*$')).as_py()
    return pc.binary_join_element_wise(BASE, column if safe else pa.array(map(quote, names)), '').to_pylist()

def tasks(names, path):
    made = [{'data': {'image': url, 'file_name': name, 'repo_id': REPO, 'revision': 'main'}}
            for url, name in zip(urls(names), names, strict=True)]
    with open(path, 'wb') as file: file.write(msgspec.json.encode(made))
    return made

class Short(msgspec.Struct):
    image: str
    choice: str | None = None

def short(path):
    with open(path, 'rb') as file: rows = msgspec.json.decode(file.read(), type=list[Short])
    return pd.DataFrame({'filename': [unquote(row.image[len(BASE):]) for row in rows],
                         'choice': [row.choice for row in rows]})

class Value(msgspec.Struct):
    choices: tuple[str, ...] = ()

class Result(msgspec.Struct):
    from_name: str
    value: Value

class Annotation(msgspec.Struct):
    unique_id: str
    completed_by: int
    updated_at: str
    was_cancelled: bool
    result: list[Result]

class Data(msgspec.Struct):
    file_name: str

class Task(msgspec.Struct):
    data: Data
    annotations: list[Annotation]

def choice(result):
    return next((r.value.choices[0] for r in result if r.from_name == 'choice'), None)

def full(path):
    with open(path, 'rb') as file: rows = msgspec.json.decode(file.read(), type=list[Task])
    return pd.DataFrame([(task.data.file_name, a.unique_id, str(a.completed_by), a.updated_at, a.was_cancelled, choice(a.result))
                         for task in rows for a in task.annotations],
                        columns=['filename', 'uid', 'annotator', 'time', 'skipped', 'choice'])

def vote(answers):
    "The most frequent answer about each image, missing for a tie"
    last = answers.sort_values('time', kind='stable').drop_duplicates(['filename', 'annotator'], keep='last')
    counts = last.groupby(['filename', 'choice'], observed=True, sort=False).size().reset_index(name='votes')
    counts['tie'] = counts.duplicated(['filename', 'votes'], keep=False)
    top = counts.sort_values('votes', kind='stable').drop_duplicates('filename', keep='last')
    return top.assign(choice=top.choice.where(~top.tie))[['filename', 'choice']]

def labels(df, answers):
    df = df.merge(vote(answers), on='filename', how='left')
    return df, df.choice.value_counts(), df.choice.notna().mean()

def csv(df, path):
    pa_csv.write_csv(pa.Table.from_pandas(df, preserve_index=False), path)
    return path

def parquet(df, path):
    table = pa.Table.from_pandas(df.assign(choice=df.choice.astype('category')), preserve_index=False)
    paths = pc.binary_join_element_wise(f'hf://datasets/{REPO}@main/', table['filename'].cast(pa.string()), '').combine_chunks()
    image = pa.StructArray.from_arrays([pa.nulls(len(paths), pa.binary()), paths], ['bytes', 'path'])
    pq.write_table(table.append_column('image', image), path, compression='zstd')
    return path

class Entry(msgspec.Struct):
    kind: str
    file_name: str
    unique_id: str
    updated_at: str
    annotator: str = ''
    result: list[Result] = []

def record(path):
    with open(path, 'rb') as file: rows = msgspec.json.Decoder(Entry).decode_lines(file.read())
    df = pd.DataFrame([(e.kind == 'tombstone', e.file_name, e.unique_id, e.updated_at, e.annotator, choice(e.result)) for e in rows],
                      columns=['gone', 'filename', 'uid', 'time', 'annotator', 'choice'])
    newest = df.sort_values('time', kind='stable').drop_duplicates('uid', keep='last')
    alive = newest[~newest.gone]
    return pd.DataFrame({'filename': sorted(alive.filename.unique())}).merge(vote(alive), on='filename', how='left')
