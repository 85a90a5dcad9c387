"""Each step as the post of 2022 does it, with the same calls. One thing is corrected: its local names began with the folder of the clone and
matched nothing; here they begin inside it. `sizes`, `parquet` and `record` have no counterpart there: they are
what one would write without thinking."""
import json
from collections import Counter
from pathlib import Path
import pandas as pd
from huggingface_hub import hf_hub_url
from tutorial_data import FOLDER, REPO

def scan(clone):
    return list(Path(clone).rglob('*.jpg'))

def sizes(clone):
    return [(path.relative_to(clone).as_posix(), path.stat().st_size) for path in scan(clone)]

def frame(clone):
    df = pd.DataFrame(scan(clone), columns=['filename'])
    inventory = pd.read_csv(f'{clone}/{FOLDER}/encyclopaediaBritannica-inventory.csv', header=None,
                            names=['id', 'meta'], dtype={'id': 'int64'})
    df['id'] = df.filename.apply(lambda path: path.parts[-3]).astype('int64')
    df['filename'] = df.filename.apply(lambda path: path.relative_to(clone).as_posix()) # corrected
    return df.merge(inventory, on='id')

def urls(files):
    found = []
    for file in files:
        file = Path(file)
        found.append(hf_hub_url(REPO, file.name, subfolder=file.parents[0], repo_type='dataset'))
    return found

def tasks(files, path):
    df = pd.DataFrame(urls(files), columns=['image'])
    df.to_csv(path, index=False)
    return df

def short(path):
    return pd.read_json(path)[['image', 'choice']]

def labels(df, annotations):
    annotations['filename'] = annotations['image'].apply(lambda url: '/'.join(url.split('/')[-4:]))
    annotations['filename'] = annotations['filename'].astype(str)
    df = df.merge(annotations, on='filename', how='outer')
    return df, df.choice.value_counts(), len(df[df.choice.notna()])/len(df)

def csv(df, path):
    df.to_csv(path, index=None)
    return path

def parquet(df, path):
    df.assign(image=[f'hf://datasets/{REPO}@main/{name}' for name in df.filename]).to_parquet(path, index=False)
    return path

def record(path):
    newest, deleted = {}, {}
    with open(path) as file:
        for line in file:
            entry = json.loads(line)
            uid, time = entry['unique_id'], entry['updated_at']
            if entry['kind'] == 'tombstone': deleted[uid] = time
            elif uid not in newest or time > newest[uid]['updated_at']: newest[uid] = entry
    votes = {}
    for uid, entry in newest.items():
        if uid in deleted and deleted[uid] >= entry['updated_at']: continue
        answers = [r['value']['choices'][0] for r in entry['result'] if r['from_name'] == 'choice']
        votes.setdefault(entry['file_name'], []).extend(answers)
    rows = []
    for name, answers in sorted(votes.items()):
        top = Counter(answers).most_common(2)
        tie = len(top) == 2 and top[0][1] == top[1][1]
        rows.append((name, top[0][0] if top and not tie else None))
    return pd.DataFrame(rows, columns=['filename', 'choice'])
