"""Push and pull of 10,000 tasks, and of 100 new among them, beside Label Studio's own full export.

python nbs/benchmarks/studio.py [N [NEW]]

Starts a Label Studio of its own, on SQLite, and prints a table. N annotations are put there by Label Studio's import; NEW are
made by its API, one request each, and are not counted; three times, of which the middle one is told. Before the pulls the annotated tasks are dated back, in the database, as if
somebody had done two a minute until yesterday: else the overlap of ten minutes would make everything new.
"""
import os, sqlite3, sys, tempfile, time
from pathlib import Path

import httpx2
from annot_hub.annotate.interface import classification, encode
from annot_hub.annotate import LocalStudio, Studio

n, new = [int(x) for x in (sys.argv[1:] + ['10000', '100'][len(sys.argv) - 1:])]
interface = classification(['text-only', 'illustrated'])


class Count(httpx2.HTTPTransport):
    "Count requests, and bytes of bodies in both directions"
    requests = sent = received = 0

    def handle_request(self, request):
        self.sent += len(request.read())
        answer = super().handle_request(request)
        self.received += len(answer.read())
        self.requests += 1
        return answer


def cpu():
    "CPU seconds of this process and of Label Studio's so far"
    with open(f'/proc/{local.process.pid}/stat') as f: fields = f.read().rpartition(')')[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12]))/os.sysconf('SC_CLK_TCK')


rows = []
def measure(what, f):
    "Run `f(studio)` with a client of its own, and note what it took"
    net = Count()
    begin, busy = time.perf_counter(), cpu()
    result = f(Studio(local.url, local.token, transport=net))
    rows.append((what, net.requests, net.sent + net.received, time.perf_counter() - begin, cpu() - busy))
    print(*rows[-1], file=sys.stderr, flush=True)
    return result


def middle(times, f):
    "Do `f(i)`, which measures once, so many times: of the rows it made the one with the middle seconds stays"
    begin = len(rows)
    for i in range(times): f(i)
    rows[begin:] = [sorted(rows[begin:], key=lambda r: r[3])[times//2]]


def task(i, annotated=False):
    t = {'data': {'image': f'http://127.0.0.1:9/{i:06}.jpg', 'file_name': f'images/{i % 30}/{i:06}.jpg', 'repo_id': 'lab/pages', 'revision': 'main'}}
    if annotated: t['annotations'] = [{'result': encode(interface, {'label': ['text-only', 'illustrated'][i % 2]}), 'ground_truth': False}]
    return t


def full(studio):
    "What people do without a pull"
    return studio.send('GET', f'/api/projects/{done.id}/export', params={'exportType': 'JSON', 'download_all_tasks': 'true'}, timeout=1200).json()


with tempfile.TemporaryDirectory() as d:
    known = Path(d)/'known.json'
    with LocalStudio(d) as local:
        studio = local.client()
        fresh, done = studio.project('Fresh', interface), studio.project('Done', interface)
        wanted = [task(i) for i in range(n + 3*new)]
        report = measure(f'push {n:,} tasks', lambda s: s.push(fresh, wanted[:n], known=known))
        assert report['pushed'] == n and not report['missing'], report
        for i in range(0, n, 1000): studio.send('POST', f'/api/projects/{done.id}/import', json=[task(j, True) for j in range(i, min(n, i + 1000))], timeout=600)
    db = sqlite3.connect(Path(d)/'label_studio.sqlite3')
    last = db.execute('select max(id) from task where project_id = ?', [done.id]).fetchone()[0]
    back = "strftime('%Y-%m-%d %H:%M:%S', updated_at, '-1 day', '-' || (30*(? - {})) || ' seconds') || '.000001'"
    db.execute(f'update task set updated_at = {back.format("id")} where project_id = ?', [last, done.id])
    db.execute(f'update task_completion set updated_at = {back.format("task_id")} where project_id = ?', [last, done.id])
    db.commit(); db.close()
    with LocalStudio(d) as local:
        studio = local.client()
        def push_new(i):
            report = measure(f'push {new:,} new among {n:,}', lambda s: s.push(fresh, wanted[:n + (i + 1)*new], known=known))
            assert (report['already'], report['pushed'], report['missing']) == (n + i*new, new, 0), report
        middle(3, push_new)
        tasks, report = measure(f'pull {n:,} annotated tasks', lambda s: s.pull(done))
        assert report['annotations'] == n, report
        ids = [t['id'] for t in tasks]
        def pull_new(i):
            for t in ids[i*new:(i + 1)*new]: studio.annotate(t, encode(interface, {'label': 'illustrated'}))
            tasks, later = measure(f'pull {new:,} new among {n:,}', lambda s: s.pull(done, since=report['cursor']))
            assert {*ids[i*new:(i + 1)*new]} <= {t['id'] for t in tasks} and len(tasks) < new + 50, later     # and what the overlap reads again
            back = "strftime('%Y-%m-%d %H:%M:%S', 'now', '-2 day') || '.000001'"                                # as if it had been a day before
            db = sqlite3.connect(Path(d)/'label_studio.sqlite3', timeout=60)
            for table, key in ('task', 'id'), ('task_completion', 'task_id'): db.execute(f'update {table} set updated_at = {back} where {key} between ? and ?', [ids[i*new], ids[(i + 1)*new - 1]])
            db.commit(); db.close()
        middle(3, pull_new)
        assert measure('the same pull in pieces of 300', lambda s: s.pull(done, at_once=0))[1]['annotations'] == n + 3*new
        everything = measure('full export, for comparison', full)
        assert len(everything) == n

print(f"| {'what':<34} | requests | kilobytes | seconds | CPU s |\n| :{'-'*33} | -------: | --------: | ------: | ----: |")
for what, requests, size, seconds, busy in rows: print(f'| {what:<34} | {requests:>8,} | {size/1000:>9,.0f} | {seconds:>7.2f} | {busy:>5.2f} |')
part = lambda new, whole: ', '.join(f'{100*sum(rows[i][k] for i in new)/sum(rows[i][k] for i in whole):.1f} % of the {name}' for k, name in ((1, 'requests'), (2, 'bytes'), (3, 'seconds'), (4, 'CPU seconds')))
print(f'\n{new:,} new, of the whole: push {part([1], [0])}; pull {part([3], [2])}; both {part([1, 3], [0, 2])}')
