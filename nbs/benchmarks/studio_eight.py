"""Eight clients at once: 8 x 500 tasks pushed, then 8 x 25 annotations, on SQLite or PostgreSQL.

python nbs/benchmarks/studio_eight.py [postgresql://label@127.0.0.1:5432/label]

Starts a Label Studio of its own, on SQLite or on the empty database that is given, and prints a row of a table.
"""
import sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

from annot_hub.annotate.interface import classification, encode
from annot_hub.annotate import LocalStudio, Studio, StudioError

postgres = sys.argv[1] if len(sys.argv) > 1 else None
interface = classification(['text-only', 'illustrated'])


def push(i):
    tasks = [{'data': {'image': f'http://127.0.0.1:9/{i}-{n}.jpg', 'file_name': f'images/{i}/{n}.jpg', 'repo_id': 'lab/pages'}} for n in range(500)]
    return Studio(local.url, local.token, timeout=60).push(project, tasks)['missing']


def annotate(i):
    me, slowest = Studio(local.url, local.token, timeout=60), 0
    for t in ids[25*i:25*i + 25]:
        begin = time.perf_counter()
        me.annotate(t, encode(interface, {'label': 'text-only'}))
        slowest = max(slowest, time.perf_counter() - begin)
    return slowest


with tempfile.TemporaryDirectory() as d, LocalStudio(d, postgres=postgres) as local, ThreadPoolExecutor(8) as pool:
    studio = local.client()
    project = studio.project('Pages', interface)
    begin = time.perf_counter()
    assert not sum(pool.map(push, range(8)))
    pushed = time.perf_counter() - begin
    ids = [t['id'] for t in studio.tasks(project)]
    assert len(ids) >= 4000, len(ids)
    begin = time.perf_counter()
    slowest = max(pool.map(annotate, range(8)))
    annotated = time.perf_counter() - begin
    assert studio.pull(project)[1]['annotations'] == 200
    print(f"| {'PostgreSQL' if postgres else 'SQLite':<10} | {pushed:>8.1f} | {len(ids) - 4000:>6} | {annotated:>9.1f} | {slowest:>7.1f} |")
