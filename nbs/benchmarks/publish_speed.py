"""Seconds, peak memory and bytes sent of a publish: the first with N annotations, then 100 more, then nothing new.
    python nbs/benchmarks/publish_speed.py 1521 10000 1000000 --out table.csv
Each publish is a process of its own. A small proxy in front of the local Hub counts what the client sends."""
import argparse, os, sys, time
from measure import proxy, run_child, tell

def child(repo, first, n, images):
    "Publish annotations `first` to `first + n`; a line of JSON"
    import resource
    from annot_hub.collect.repo import Repo
    from annot_hub.annotate.interface import classification, encode
    from annot_hub.publish.publishing import publish
    import datasets, numpy as np, pandas as pd
    interface = classification(['text-only', 'illustrated', 'map'])
    results = [encode(interface, {'label': l}) for l in interface.controls[0].labels]
    name = lambda i: f'images/{144133901 + i//800}/image/{188082865 + 12*i}.3.jpg'
    if n < 0:
        df = pd.DataFrame({'file_name': [name(i) for i in range(images)], 'bytes': np.int64(183_340), 'width': np.int32(2500), 'height': np.int32(3500), 'sha256': [f'{i:064x}' for i in range(images)],
                           'group': [str(144133901 + i//800) for i in range(images)], 'selected': True, 'title': [f'Volume {i//800}, Köln' for i in range(images)], 'year': [1771 + i//80_000 for i in range(images)]})
        Repo(repo).create(); Repo(repo).commit({'collection.parquet': df.to_parquet(index=False)}, 'collection')
        tell(); return
    order = np.random.default_rng(1).permutation(images)                  # people annotate in no order of ours
    def made(): return (dict(kind='annotation', file_name=name(int(i)), repo_id=repo, unique_id=f'{i:08x}-7f3a-4f6e-9d1c-{i:012x}', updated_at=f'2026-11-{1 + k//86_400:02}T{k//3600 % 24:02}:{k//60 % 60:02}:{k % 60:02}.000000Z', created_at='2026-11-01T09:00:00.000000Z',
                  annotator='ada', skipped=False, ground_truth=False, lead_time=4.2, result=results[int(i*7919 % 10 > 6) + int(i*7919 % 100 > 95)], annotation_id=k, task_id=int(i), task_updated_at=f'2026-11-{1 + k//86_400:02}T{k//3600 % 24:02}:{k//60 % 60:02}:{k % 60:02}.000000Z',
                  raw={'draft_created_at': None, 'import_id': None, 'last_action': None, 'parent_prediction': None, 'project': 1, 'updated_by': 'ada'}) for k, i in enumerate(order[first:first + n], first))
    def used(): return resource.getrusage(resource.RUSAGE_SELF)
    rss, before, start = used().ru_maxrss, used().ru_utime, time.perf_counter()
    r = publish(repo, made(), interface, sheet=0, splits={'train': .8, 'validation': .1, 'test': .1})
    took = {'seconds': round(time.perf_counter() - start, 2), 'cpu': round(used().ru_utime, 1), 'peak_MB': round(used().ru_maxrss/1024), 'before_MB': round(rss/1024)}
    after = used().ru_utime
    for entry in made(): pass                                             # which is in `cpu`, and no part of a publish
    tell(**took, start=round(before, 1), making=round(used().ru_utime - after, 1), committed=r.committed, added=r.annotations)

def main(sizes, out):
    from annot_hub.localhub.server import LocalHub
    hub, rows = LocalHub(env=False).start(), []
    port, sent = proxy(int(hub.endpoint.rpartition(':')[2]))
    env = os.environ | {'HF_ENDPOINT': f'http://127.0.0.1:{port}', 'HF_TOKEN': hub.token, 'HF_HOME': str(hub.root/'client'), 'HF_HUB_DISABLE_PROGRESS_BARS': '1'}
    def run(*args):
        before = sent[0]
        return run_child(__file__, *args, env=env) | {'sent_kB': round((sent[0] - before)/1000)}
    try:
        for n in sizes:
            repo = f'{hub.user}/n{n}'
            run(repo, 0, -1, n + 1000)
            for what, first, k in ('first', 0, n), ('+100', n, 100), ('nothing new', n, 100):
                rows.append({'annotations': n, 'publish': what, **run(repo, first, k, n + 1000)}); print(rows[-1], flush=True)
    finally: hub.stop()
    import pandas as pd
    if out: pd.DataFrame(rows).to_csv(out, index=False)

if __name__ == '__main__':
    if sys.argv[1:2] == ['child']: child(sys.argv[2], *map(int, sys.argv[3:]))
    else:
        p = argparse.ArgumentParser(); p.add_argument('sizes', type=int, nargs='*', default=[1521, 10_000, 1_000_000]); p.add_argument('--out')
        a = p.parse_args(); main(a.sizes, a.out)
