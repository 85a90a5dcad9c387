"""155,388 images in 195 volumes go up to the local Hub: planned, killed twice on the way, gone on with, sent again, ten of them changed.
    python nbs/benchmarks/upload_scale.py --dir DIR --out nbs/benchmarks/upload_scale.csv
The images are drawn small (a few hundred bytes each, no two alike), so that what is counted is the work per image. DIR needs 3 GB and is made anew."""
import argparse, json, os, shutil, signal, subprocess, sys, time
from pathlib import Path

VOLUMES, IMAGES = 195, 155_388

def png(n):
    "A grey picture of 8 x 8 pixels that says `n`"
    import struct, zlib
    part = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = b''.join(b'\0' + n.to_bytes(8, 'big') for _ in range(8))
    return b'\x89PNG\r\n\x1a\n' + part(b'IHDR', struct.pack('>IIBBBBB', 8, 8, 8, 0, 0, 0, 0)) + part(b'IDAT', zlib.compress(rows)) + part(b'IEND', b'')

def make(root, images=IMAGES):
    for v in range(VOLUMES):
        (root/f'{144133901 + v}/image').mkdir(parents=True)
        for k in range(v, images, VOLUMES): (root/f'{144133901 + v}/image/{188082865 + 12*k}.3.png').write_bytes(png(k))

def child(step, dir):
    "One step, in a process of its own; a line of JSON"
    import resource
    from annot_hub.collect.images import measure, scan
    from annot_hub.collect.repo import Repo
    from annot_hub.collect.uploading import plan_upload, upload
    import pandas as pd
    root, table, repo = Path(dir)/'tree', Path(dir)/'collection.parquet', os.environ['REPO']
    start = time.perf_counter()
    if step == 'collect':
        df = measure(scan(root, prefix='images'), root, 'images').drop(columns='error')
        df.to_parquet(table, index=False); said = f'{len(df):,} images'
    else:
        df = pd.read_parquet(table)
        Repo(repo).create()
        r = upload(df, root, repo, dry_run=step == 'plan')
        said = f'{r.new:,} new, {r.changed:,} changed, {r.same:,} there; {r.commits:,} commits'
    use = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({'seconds': round(time.perf_counter() - start, 1), 'cpu': round(use.ru_utime + use.ru_stime, 1), 'peak_MB': round(use.ru_maxrss/1024), 'said': said}))

def main(dir, out):
    from annot_hub.localhub.server import LocalHub
    import pandas as pd
    shutil.rmtree(dir, ignore_errors=True); (dir/'tree').mkdir(parents=True)
    make(dir/'tree')
    hub, rows = LocalHub(dir/'hub', env=False).start(), []
    env = os.environ | {'HF_ENDPOINT': hub.endpoint, 'HF_TOKEN': hub.token, 'HF_HOME': str(dir/'client'), 'REPO': f'{hub.user}/scale', 'HF_HUB_DISABLE_PROGRESS_BARS': '1'}
    def commits(asked): return sum('/commit/' in r['path'] for r in hub.requests(asked))
    def run(what, step, kill=0):
        "One child; killed while it sends what comes after `kill` commits"
        asked, start = len(hub.requests()), time.perf_counter()
        p = subprocess.Popen([sys.executable, __file__, 'child', step, str(dir)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while kill and p.poll() is None and commits(asked) < kill: time.sleep(1)
        if kill: p.kill()
        text, err = p.communicate()
        if p.returncode not in (0, -signal.SIGKILL): raise SystemExit(err[-3000:])
        got = json.loads(text.splitlines()[-1]) if text else {'seconds': round(time.perf_counter() - start, 1), 'said': 'killed'}
        rows.append({'what': what, **got, 'requests': len(hub.requests()) - asked, 'committed': commits(asked)}); print(rows[-1], flush=True)
    try:
        run('collect: scan, measure', 'collect')
        run('dry run', 'plan')
        run('upload, killed', 'upload', kill=10)
        run('again, killed', 'upload', kill=20)
        run('again, to the end', 'upload')
        run('again: nothing to send', 'upload')
        some = sorted((dir/'tree').rglob('*.png'))[::IMAGES//10][:10]
        for n, p in enumerate(some): p.write_bytes(png(10**9 + n))
        run('collect, ten changed', 'collect')
        run('upload of the ten', 'upload')
    finally: hub.stop()
    if out: pd.DataFrame(rows).to_csv(out, index=False)
    shutil.rmtree(dir)

if __name__ == '__main__':
    if sys.argv[1:2] == ['child']: child(*sys.argv[2:])
    else:
        p = argparse.ArgumentParser(); p.add_argument('--dir', type=Path, default=Path('upload_scale')); p.add_argument('--out')
        a = p.parse_args(); main(a.dir, a.out)
