"""How fast the local Hub is: `python nbs/benchmarks/hub.py [upload] [many] [race] [--save]` prints a table, and keeps it beside this file.

upload  10,000 files of 50 KB by `upload_folder`, as the client comes; then the same again; beside `cp -r` and sha256 of the same tree
many    one commit of 155,388 large files, in nested folders and in one flat folder; listing them; one more file beside them
race    8 clients commit for a minute while the Hub and some of them are killed"""
import argparse, hashlib, io, json, os, random, resource, shutil, subprocess, sys, tempfile, time
from pathlib import Path
import psutil
from annot_hub.hubserver import LocalHub

rows = []
def row(what, wall=None, client=None, server=None, requests=None, note=''):
    "One line of the table; seconds of wall clock, and of CPU on both sides"
    rows.append(dict(what=what, wall=wall, client_cpu=client, server_cpu=server, requests=requests, note=note))
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
        row('memory of the Hub at most, MB', note=f'{peak(hub)}')
        head = f"from huggingface_hub import snapshot_download; snapshot_download('local/up', repo_type='dataset', local_dir={str(work/'down')!r})"
        run('snapshot_download', head, hub)

def main():
    p = argparse.ArgumentParser()
    p.add_argument('what', nargs='*', default=['upload', 'many', 'race'])
    p.add_argument('--save', action='store_true')
    a = p.parse_args()
    print(f"{'':52}{'wall s':>8}{'client':>8}{'Hub':>8}{'requests':>9}")
    for w in a.what or ['upload', 'many', 'race']:
        work = Path(tempfile.mkdtemp(prefix='bench-'))
        try: globals()[w](work)
        finally: shutil.rmtree(work)

if __name__ == '__main__': main()
