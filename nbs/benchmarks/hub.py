"""How fast the local Hub is: `python nbs/benchmarks/hub.py [upload] [many] [race] [--save]` prints a table, and keeps it beside this file.

upload  10,000 files of 50 KB by `upload_folder`, as the client comes; then the same again; beside `cp -r` and sha256 of the same tree
many    one commit of 155,388 large files, in nested folders and in one flat folder; listing them; one more file beside them
race    8 clients commit for a minute while the Hub and some of them are killed"""
import argparse, csv, hashlib, json, os, random, resource, shutil, subprocess, sys, tempfile, time
from collections import Counter
from pathlib import Path
import psutil
from annot_hub.localhub.objects import Index
from annot_hub.localhub.server import LocalHub

rows,part = [],''
def row(what, wall=None, client=None, server=None, requests=None, note=''):
    "One line of the table; seconds of wall clock, and of CPU on both sides"
    rows.append(dict(part=part, what=what, wall=wall, client_cpu=client, hub_cpu=server, requests=requests, note=note))
    num = lambda x: '' if x is None else f'{x:.2f}' if isinstance(x, float) else f'{x:,}'
    print(f'{what:52}{num(wall):>8}{num(client):>8}{num(server):>8}{num(requests):>9}  {note}', flush=True)

def cpu(hub): return sum(psutil.Process(hub.process.pid).cpu_times()[:2])
def peak(hub):
    "Most memory the Hub has had since it was started, in MB"
    return next(int(l.split()[1])//1024 for l in Path(f'/proc/{hub.process.pid}/status').read_text().splitlines() if l.startswith('VmHWM'))

def run(what, code, hub, note=lambda out: '', **env):
    "Run `code` in a client process of its own, and measure it and the Hub"
    def children(): u = resource.getrusage(resource.RUSAGE_CHILDREN); return u.ru_utime + u.ru_stime
    n,s,c,t = len(hub.requests()),cpu(hub),children(),time.monotonic()
    end = dict(HF_ENDPOINT=hub.endpoint, HF_TOKEN=hub.token, HF_HOME=str(hub.root/'client'), HF_HUB_DISABLE_PROGRESS_BARS='1', HF_HUB_DISABLE_TELEMETRY='1')
    out = subprocess.run([sys.executable, '-c', code], env=os.environ | end | env, check=True, stdout=subprocess.PIPE, text=True).stdout
    row(what, time.monotonic() - t, children() - c, cpu(hub) - s, len(hub.requests()) - n, note(out))
    return out

def upload(work, files=10_000):
    tree,rng = work/'tree',random.Random(0)
    for i in range(files): (p := tree/f'{i//100:03}'/f'{i:05}.jpg').parent.mkdir(parents=True, exist_ok=True); p.write_bytes(rng.randbytes(50_000))
    c,t = time.process_time(),time.monotonic()
    for p in tree.rglob('*.jpg'): hashlib.sha256(p.read_bytes()).hexdigest()
    row('sha256 of 10,000 x 50 KB', time.monotonic() - t, time.process_time() - c)
    before,t = resource.getrusage(resource.RUSAGE_CHILDREN),time.monotonic()
    subprocess.run(['cp', '-r', tree, work/'copy'], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    row('cp -r of the same tree', time.monotonic() - t, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    go = f"from huggingface_hub import HfApi; a = HfApi(); a.create_repo('local/up', repo_type='dataset', exist_ok=True); a.upload_folder(repo_id='local/up', repo_type='dataset', folder_path={str(tree)!r})"
    with LocalHub(work/'hub', env=False) as hub:
        run('upload_folder of it, over Xet', go, hub)
        hub.requests(); n = len(hub.requests())
        run('the same again', go, hub, lambda _: ', '.join(sorted({r['path'].rsplit('/', 2)[-2] if r['path'].endswith('main') else r['path'].rsplit('/', 1)[-1] for r in hub.requests(since=n)})))
        run('the same to another repo, over Git LFS', go.replace('local/up', 'local/lfs'), hub, HF_HUB_DISABLE_XET='1')
        head = f"from huggingface_hub import snapshot_download; snapshot_download('local/up', repo_type='dataset', local_dir={str(work/'down')!r}, allow_patterns='00*/*')"
        run('snapshot_download of 1,000 of them', head, hub, lambda _: f'{peak(hub)} MB at most so far')

def shelf(root, n):
    "Put `n` tiny large files on the shelf of a Hub that is not running, as if its user had sent them, and say what they are"
    LocalHub(root, env=False).start().stop() # so that the folder is a Hub's
    found = []
    for i in range(n):
        sha = hashlib.sha256(data := b'%07d' % i).hexdigest()
        os.makedirs(root/'lfs'/sha[:2], exist_ok=True)
        with open(root/'lfs'/sha[:2]/sha, 'wb') as f: f.write(data)
        found.append(sha)
    Index(root/'index.sqlite').bring('local', found)
    os.sync()                  # or the first commit would wait for these files
    return found

post = """import os, httpx2
with open({lines!r}, 'rb') as f: r = httpx2.post(os.environ['HF_ENDPOINT'] + '/api/datasets/local/{repo}/commit/main', content=f, headers={{'Authorization': 'Bearer ' + os.environ['HF_TOKEN']}}, timeout=600)
r.raise_for_status()"""
api = "import time; from huggingface_hub import HfApi, CommitOperationAdd; a = HfApi(); r = dict(repo_id='local/{repo}', repo_type='dataset'); "

def many(work, n=155_388):
    shas = shelf(work/'hub', n)
    for repo,name in (('nested', lambda i: f'images/{i//797:03}/{i:06}.jpg'), ('flat', lambda i: f'images/{i:06}.jpg')):
        with open(lines := str(work/repo), 'w') as f:
            print(json.dumps({'key': 'header', 'value': {'summary': 'All images', 'description': ''}}), file=f)
            for i,sha in enumerate(shas): print(json.dumps({'key': 'lfsFile', 'value': {'path': name(i), 'algo': 'sha256', 'oid': sha, 'size': 7}}), file=f)
        with LocalHub(work/'hub', env=False) as hub: # a new process each time, for its peak of memory
            head = api.format(repo=repo)
            run(f'{repo}: import the client and make the repo', head + "a.create_repo(**r)", hub)
            run(f'{repo}: one commit of {n:,} large files', post.format(lines=lines, repo=repo), hub, lambda _: f'{peak(hub)} MB at most')
            run(f'{repo}: list_repo_files', head + "print(len(a.list_repo_files(**r)))", hub, lambda out: f'{int(out):,} files')
            one = "[CommitOperationAdd('note%d.txt', b'x')]"
            timed = "\nfor i in range(5): t = time.monotonic(); a.create_commit(**r, operations=" + one + " , commit_message='One')%s\n" % "; print(time.monotonic() - t)"
            run(f'{repo}: five commits of one file beside them', head + timed.replace("note%d.txt'", "images/000/note%d.txt' % i"), hub, lambda out: 'each ' + ' '.join(f'{float(x):.3f}' for x in out.split()) + f' s; {peak(hub)} MB at most')

race_client = """import os, random, sys, time
from huggingface_hub import HfApi, CommitOperationAdd
a,me,end,rng = HfApi(),sys.argv[1],float(sys.argv[2]),random.Random()
i = int(open(me + '.log').read().split()[-2]) + 1 if os.path.exists(me + '.log') and os.path.getsize(me + '.log') else 0
while time.time() < end:
    ops = [CommitOperationAdd(f'{os.path.basename(me)}/{i:05}.txt', b'%d' % i), CommitOperationAdd(f'{os.path.basename(me)}/{i:05}.jpg', rng.randbytes(2000))]
    while True: # again until it is in: a commit of the same content again does no harm
        try: oid = a.create_commit(repo_id='local/race', repo_type='dataset', operations=ops, commit_message=f'{me} {i}').oid; break
        except Exception as e: print(type(e).__name__, file=sys.stderr, flush=True); time.sleep(.2)
    with open(me + '.log', 'a') as f: f.write(f'{i} {oid}\\n')
    i += 1
"""

def race(work, seconds=60, clients=8):
    rng,t0 = random.Random(0),time.monotonic()
    with LocalHub(work/'hub', env=False) as hub:
        env = os.environ | dict(HF_ENDPOINT=hub.endpoint, HF_TOKEN=hub.token, HF_HOME=str(work/'client'), HF_HUB_DISABLE_PROGRESS_BARS='1')
        subprocess.run([sys.executable, '-c', api.format(repo='race') + "a.create_repo(**r)"], env=env, check=True)
        end,killed = time.time() + seconds,Counter()
        def client(i): return subprocess.Popen([sys.executable, '-c', race_client, str(work/f'c{i}'), str(end)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        running,errors = [client(i) for i in range(clients)],Counter()
        while time.time() < end - 10:
            time.sleep(rng.uniform(3, 6))
            if rng.random() < .6: hub.kill(); hub.start(); killed['Hub'] += 1
            else:
                i = rng.randrange(clients)
                running[i].kill()
                errors.update(filter(str.isidentifier, running[i].communicate()[1].splitlines()))
                running[i],killed['client'] = client(i),killed['client'] + 1
        for p in running: errors.update(filter(str.isidentifier, p.communicate(timeout=120)[1].splitlines()))
        codes = [p.returncode for p in running]
        told = {p.stem: [l.split() for l in p.read_text().splitlines()] for p in work.glob('c*.log')}
        code = api.format(repo='race') + "print(*(c.commit_id for c in a.list_repo_commits(**r))); print(*a.list_repo_files(**r))"
        commits,files = (set(l.split()) for l in subprocess.run([sys.executable, '-c', code], env=env, check=True, capture_output=True, text=True).stdout.splitlines())
        acked = [(c, int(i), oid) for c,ls in told.items() for i,oid in ls]
        lost = [a for a in acked if a[2] not in commits or f'{a[0]}/{a[1]:05}.txt' not in files or f'{a[0]}/{a[1]:05}.jpg' not in files]
        fsck = subprocess.run(['git', 'fsck', '--strict', '--no-progress'], cwd=hub.root/'repos/datasets/local/race', capture_output=True, text=True)
        bad = [l for l in fsck.stderr.splitlines() + fsck.stdout.splitlines() if 'dangling' not in l and 'notice' not in l]
        row(f'{clients} clients commit for a minute', time.monotonic() - t0, note=f"{len(acked)} commits acknowledged, {len(lost)} lost; killed: Hub {killed['Hub']}, clients {killed['client']}; "
            f"git fsck: {fsck.returncode}, {len(bad)} complaints; clients ended with {sorted(set(codes))}; on the way: {dict(errors)}")
        assert not lost and not bad and fsck.returncode == 0 and not any(codes)

def save(path=Path(__file__).with_suffix('.csv')):
    "Put the new lines in the place of the old ones of the same part"
    old = [r for r in csv.DictReader(open(path)) if r['part'] not in {n['part'] for n in rows}] if path.exists() else []
    new = [r | {k: f'{v:.2f}' for k,v in r.items() if isinstance(v, float)} for r in rows]
    with open(path, 'w', newline='') as f:
        w = csv.DictWriter(f, rows[0].keys(), lineterminator='\n')
        w.writeheader()
        w.writerows(sorted(old + new, key=lambda r: parts.index(r['part'])))

parts = ['upload', 'many', 'race']
def main():
    global part
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('parts', nargs='*', default=parts)
    p.add_argument('--save', action='store_true', help="keep the table in hub.csv, which hub.ipynb shows")
    a = p.parse_args()
    print(f"{'':52}{'wall s':>8}{'client':>8}{'Hub':>8}{'requests':>9}")
    for part in a.parts:
        work = Path(tempfile.mkdtemp(prefix='bench-'))
        try: globals()[part](work)
        finally: shutil.rmtree(work)
        if a.save: save()

if __name__ == '__main__': main()
