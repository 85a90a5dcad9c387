"""SIGKILL at random moments of an upload and of a publish; then once more to the end, and a look at what is there.
An attempt that ended before its time came is looked at too, and does not count: `--rounds` are attempts that were killed.
    python nbs/benchmarks/publish_kill.py --rounds 50 --out table.csv
Every attempt is a forked process, so that none inherits a running client; the Hub is a process of its own and stays up."""
import argparse, csv, json, os, random, shutil, signal, sys, tempfile, time
from pathlib import Path
from annot_hub.localhub.server import LocalHub
hub = LocalHub().start()
import datasets, pandas as pd
from PIL import Image
from annot_hub.collect.images import measure, scan
from annot_hub.collect.repo import Repo
from annot_hub.collect.uploading import upload
from annot_hub.annotate.interface import classification, encode
from annot_hub.record.votes import labels
from annot_hub.publish.publishing import publish
from annot_hub.publish.base import read_record
from huggingface_hub import HfApi

datasets.disable_progress_bars()
root, interface = Path(tempfile.mkdtemp()), classification(['text-only', 'illustrated'])
rng = random.Random(7)
for i in range(60):
    (root/f'v{i % 4}').mkdir(exist_ok=True)
    Image.frombytes('RGB', (60, 80), rng.randbytes(60*80*3)).save(root/f'v{i % 4}/{i}.jpg')
df = measure(scan(root, prefix='images'), root, 'images').drop(columns='error')
df['group'] = df.file_name.str.split('/').str[1]

def fork(f, kill_after=None):
    "Run `f` in a process of its own; seconds it took, and whether it was killed"
    start, pid = time.perf_counter(), os.fork()
    if not pid:
        code = 1
        try: f(); code = 0
        except BaseException as e: print(type(e).__name__, str(e)[:400], file=sys.stderr, flush=True)
        finally: os._exit(code)
    if kill_after is not None:
        while time.perf_counter() - start < kill_after:
            if os.waitpid(pid, os.WNOHANG)[0]: return time.perf_counter() - start, False
            time.sleep(.002)
        os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
        return time.perf_counter() - start, True
    if os.waitpid(pid, 0)[1]: raise SystemExit('a run to the end failed')
    return time.perf_counter() - start, False

def entry(i, n, repo):
    return dict(kind='annotation', file_name=df.file_name[i], repo_id=repo, unique_id=f'u{i}', updated_at=f'2026-11-{1 + n//1000:02}T10:{n//60 % 60:02}:{n % 60:02}.000000Z', created_at='2026-11-01T09:00:00Z', annotator='ada',
                skipped=False, ground_truth=False, lead_time=2., result=encode(interface, {'label': interface.controls[0].labels[(i + n) % 2]}), annotation_id=i, task_id=i, task_updated_at=None, raw={})

def check_publish(repo, found, commits):
    "The repo holds exactly what was published, each entry once, and made one commit of it"
    record = read_record(repo)[0]
    assert sorted((e['unique_id'], e['updated_at']) for e in record) == sorted({(e['unique_id'], e['updated_at']) for e in found})
    table = pd.read_csv(__import__('io').BytesIO(Repo(repo).read('annotations.csv')))
    want = labels(found, interface)
    assert table.file_name.tolist() == want.file_name.tolist() and table.label.tolist() == want.label.tolist()
    parts = datasets.load_dataset(repo)
    assert sum(d.num_rows for d in parts.values()) == len(want)
    assert len(HfApi().list_repo_commits(repo, repo_type='dataset')) == commits
    assert not publish(repo, found, interface).committed

def check_upload(repo, control):
    "The repo holds exactly the files of one that was filled without a break"
    assert Repo(repo).etags(folder='images') == Repo(control).etags(folder='images') and Repo(repo).etags()['collection.parquet'] == Repo(control).etags()['collection.parquet']
    assert upload(df, root, repo).revision == Repo(repo).head()

def main(rounds, out, seed):
    rng, rows = random.Random(seed), []
    killed_in = lambda step: sum(r[3] for r in rows if r[0] == step)
    fork(lambda: [Repo(f'{hub.user}/{n}').create() for n in ('control', 'labels')])
    usual = fork(lambda: upload(df, root, f'{hub.user}/control'))[0]
    while killed_in('upload') < rounds:
        i = len(rows)
        repo, at = f'{hub.user}/u{i}', rng.random()*usual*1.1
        fork(lambda: Repo(repo).create())
        _, killed = fork(lambda: upload(df, root, repo), at)
        again = fork(lambda: upload(df, root, repo))[0]
        fork(lambda: check_upload(repo, f'{hub.user}/control'))
        rows.append(('upload', i, round(at, 3), killed, round(again, 3), True))
    repo, found = f'{hub.user}/labels', []
    fork(lambda: upload(df, root, repo))
    usual, start, i = None, 3, -1                                         # the commits of the repo, of .gitattributes, of images and table
    while killed_in('publish') < rounds:
        i += 1
        found = [e for e in found] + [entry(k, i + 1, repo) for k in rng.sample(range(60), 3)]
        run = lambda: publish(repo, found, interface, splits={'train': .75, 'test': .25})
        if usual is None:
            usual = fork(run)[0]
            start = int(json.loads(os.popen(f"{sys.executable} -c \"from huggingface_hub import HfApi; print(len(HfApi().list_repo_commits('{repo}', repo_type='dataset')))\"").read()))
            continue
        at = rng.random()*usual*1.1
        _, killed = fork(run, at)
        again = fork(run)[0]
        usual = max(usual, again)
        fork(lambda: check_publish(repo, found, start + i))
        rows.append(('publish', i, round(at, 3), killed, round(again, 3), True))
    table = pd.DataFrame(rows, columns=['step', 'round', 'killed_after', 'killed', 'rerun', 'same'])
    if out: table.to_csv(out, index=False)
    print(json.dumps({s: {'rounds': len(g), 'killed': int(g.killed.sum()), 'same': int(g.same.sum())} for s, g in table.groupby('step')}))

if __name__ == '__main__':
    p = argparse.ArgumentParser(); p.add_argument('--rounds', type=int, default=50); p.add_argument('--out'); p.add_argument('--seed', type=int, default=0)
    a = p.parse_args()
    try: main(a.rounds, a.out, a.seed)
    finally: hub.stop(); shutil.rmtree(root)
