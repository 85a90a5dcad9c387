"""The input of tutorial.py: a tree, two exports and a record of `n` images, in the shape that the post of 2022 had; the same bytes each time.
195 volumes, ALTO xml beside the images, an inventory without a header. One image in ten has two answers, one in fifty three, one in 33 was
skipped, one in ten has boxes; in the record one answer in twenty was changed later and one in two hundred deleted."""
import csv, os
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

VOLUMES, FOLDER, REPO = 195, 'nls-data-encyclopaediaBritannica', 'davanstrien/encyclopaedia_britannica'
BASE = f'https://huggingface.co/datasets/{REPO}/resolve/main/'
CLASSES = ['text-only', 'illustrated']
XML = """<View>
  <Image name="image" value="$image"/>
  <Choices name="choice" toName="image"><Choice value="text-only"/><Choice value="illustrated"/></Choices>
  <RectangleLabels name="figure" toName="image"><Label value="engraving"/><Label value="map"/></RectangleLabels>
</View>"""

def volume(v): return 144133901 + 12_345*v

def file_names(n):
    "Keys of `n` images, volume by volume"
    return [f'{FOLDER}/{volume(v)}/image/{188082865 + 12*k}.3.jpg' for v in range(min(n, VOLUMES))
            for k in range(v, n, VOLUMES)]

def title(v): return (f'Encyclopaedia Britannica; or, A dictionary of arts and sciences - Edition {v//25 + 1}, '
                      f'{1771 + v//2}, Volume {v%25 + 1} - EB.{v + 1}')

def titles(n):
    "The title of the volume of each image"
    return [title(v) for v in range(min(n, VOLUMES)) for _ in range(v, n, VOLUMES)]

def touch(path): os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))

def make_tree(clone, n):
    "Empty files: nobody opens them"
    for v in range(min(n, VOLUMES)):
        folder = f'{clone}/{FOLDER}/{volume(v)}'
        for name in ('image', 'alto'): os.makedirs(f'{folder}/{name}')
        touch(f'{folder}/{volume(v)}-mets.xml')
        for k in range(v, n, VOLUMES):
            touch(f'{folder}/image/{188082865 + 12*k}.3.jpg')
            touch(f'{folder}/alto/{188082865 + 12*k}.34.xml')
    touch(f'{clone}/{FOLDER}/readme.txt')
    with open(f'{clone}/{FOLDER}/encyclopaediaBritannica-inventory.csv', 'w', newline='') as f:
        csv.writer(f).writerows((volume(v), title(v)) for v in range(VOLUMES))

def people(i): return [1 + (i + k)%5 for k in range(3 if i%50 == 13 else 2 if i%10 == 3 else 1)]
def label(i, who): return CLASSES[(i*7919 + who*(i%7 == 0))%10 > 6]
def is_skipped(i, who): return (i + who)%33 == 5
def server_time(k): return (datetime(2026, 1, 5, 9) + timedelta(seconds=3*k, microseconds=k%1000*1000)).isoformat(timespec='microseconds') + 'Z'
def uid(i, who, prefix='7f3a4f6e'): return f'{prefix}-{who:04x}-4d1c-8b2a-{i:012x}'

def box(i, b): return {'x': 4. + (i + b)%40, 'y': 10. + i%30, 'width': 20.5, 'height': 15.25, 'rotation': 0,
                       'rectanglelabels': [['engraving', 'map'][(i + b)%2]]}

def result(i, who):
    "What one person said about one image, as Label Studio has it"
    if is_skipped(i, who): return []
    said = [{'value': {'choices': [label(i, who)]}, 'id': f'c{i:09x}', 'from_name': 'choice', 'to_name': 'image',
             'type': 'choices', 'origin': 'manual'}]
    return said + [{'original_width': 2500, 'original_height': 3500, 'image_rotation': 0, 'value': box(i, b),
                    'id': f'b{i:07x}{b}{who}', 'from_name': 'figure', 'to_name': 'image',
                    'type': 'rectanglelabels', 'origin': 'manual'} for b in range(1 + i%3 if i%10 == 7 else 0)]

def annotations(i):
    "The annotations of task `i`, as in a JSON export"
    return [{'id': 5*i + k, 'completed_by': who, 'result': result(i, who), 'was_cancelled': is_skipped(i, who),
             'ground_truth': False, 'created_at': server_time(i), 'updated_at': server_time(i + 7*k),
             'draft_created_at': None, 'lead_time': 2 + i%97/10, 'prediction': {}, 'result_count': 1,
             'unique_id': uid(i, who), 'import_id': None, 'last_action': None, 'bulk_created': False, 'task': i + 1,
             'project': 3, 'updated_by': who, 'parent_prediction': None, 'parent_annotation': None,
             'last_created_by': None} for k, who in enumerate(people(i))]

def task(i, name):
    "Task `i` of a JSON export, with the keys that our own tasks carry"
    made = annotations(i)
    skipped = sum(a['was_cancelled'] for a in made)
    data = {'image': BASE + quote(name), 'file_name': name, 'repo_id': REPO, 'revision': 'main'}
    return {'id': i + 1, 'annotations': made, 'file_upload': None, 'drafts': [], 'predictions': [], 'data': data,
            'meta': {}, 'created_at': server_time(0), 'updated_at': made[-1]['updated_at'], 'allow_skip': True,
            'inner_id': i + 1, 'total_annotations': len(made) - skipped, 'cancelled_annotations': skipped,
            'total_predictions': 0, 'comment_count': 0, 'unresolved_comment_count': 0,
            'last_comment_updated_at': None, 'project': 3, 'updated_by': made[-1]['completed_by'],
            'comment_authors': []}

def short_rows(i, name):
    "The same task in JSON-MIN, in the shape of the post: the address and nothing else says which image it is"
    for k, who in enumerate(people(i)):
        if is_skipped(i, who): continue
        boxes = [{**r['value'], 'original_width': 2500, 'original_height': 3500} for r in result(i, who)[1:]]
        yield {'image': BASE + quote(name), 'id': i + 1, 'choice': label(i, who), **({'figure': boxes} if boxes else {}),
               'annotator': who, 'annotation_id': 5*i + k, 'created_at': server_time(i), 'updated_at': server_time(i + 7*k),
               'lead_time': 2 + i%97/10}

def entry(i, who, name, time, said, skipped):
    "A line of the record"
    return {'kind': 'annotation', 'file_name': name, 'repo_id': REPO, 'unique_id': uid(i, who), 'updated_at': time,
            'created_at': time, 'annotator': f'user-{who}', 'skipped': skipped, 'ground_truth': False,
            'lead_time': 2 + i%97/10, 'result': said, 'annotation_id': 10*i + who, 'task_id': i + 1,
            'task_updated_at': time, 'raw': {'draft_created_at': None, 'prediction': {}, 'result_count': 1, 'import_id': None,
            'last_action': None, 'bulk_created': False, 'project': 3, 'updated_by': f'user-{who}', 'parent_prediction': None,
            'parent_annotation': None, 'last_created_by': None}}

def record(n, names):
    "Lines of the record, by time; people annotate in no order of ours"
    for k in range(n):
        i = k*7919%n
        for who in people(i): yield entry(i, who, names[i], server_time(k), result(i, who), is_skipped(i, who))
    for k, i in enumerate(range(0, n, 20), n):      # a second look
        who = people(i)[0]
        yield entry(i, who, names[i], server_time(k), result(i, who + 1), is_skipped(i, who + 1))
    for k, i in enumerate(range(11, n, 200), 2*n):  # and what was deleted
        line = entry(i, people(i)[0], names[i], server_time(k), [], False)
        yield {key: line[key] for key in ('kind', 'file_name', 'repo_id', 'unique_id', 'updated_at', 'annotation_id',
                                          'task_id', 'task_updated_at')} | {'kind': 'tombstone'}

def write(path, parts, before=b'', between=b'\n', after=b'\n'):
    "JSON values into a file, one by one"
    import msgspec # not at the top: the converter's own environment has none
    encode = msgspec.json.Encoder().encode
    with open(path, 'wb') as f:
        f.write(before)
        for n, part in enumerate(parts): f.write((between if n else b'') + encode(part))
        f.write(after)

def make(folder, kind, n):
    "One kind of input: 'tree', 'short', 'full' or 'record'"
    names = file_names(n)
    as_list = dict(before=b'[', between=b',', after=b']')
    if kind == 'tree': make_tree(Path(folder)/'clone', n)
    if kind == 'short': write(f'{folder}/short.json', (row for i, name in enumerate(names) for row in short_rows(i, name)), **as_list)
    if kind == 'full': write(f'{folder}/full.json', (task(i, name) for i, name in enumerate(names)), **as_list)
    if kind == 'record': write(f'{folder}/record.jsonl', record(n, names))
