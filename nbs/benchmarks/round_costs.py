"""What a round costs in a project of 155,388 images: each step the first time, again with nothing new, and with 100 new annotations.
    python nbs/benchmarks/round_costs.py --dir DIR --out nbs/benchmarks/round_costs.csv
Each step is a process of its own. Proxies count what goes to the local Hub and to a Label Studio that runs for this. DIR needs 3 GB and is made anew.
With --without-studio labels that are made here are published, in place of `push` and `pull`."""
import argparse, os, shutil, sys
from pathlib import Path
from measure import measured, proxy, run_child, tell
from upload_scale import IMAGES, make

STEPS = 'collect', 'upload', 'push', 'pull', 'publish', 'status', 'load'

def annotate(p, n):
    "Label the next `n` tasks that have no answer yet"
    from annot_hub.annotate.interface import encode
    todo = [t for t in p.studio.list_tasks(p.labelling().id, 'id,total_annotations') if not t['total_annotations']]
    for i, t in enumerate(todo[:n]):
        p.studio.annotate(t['id'], encode(p.interface, {'label': p.interface.controls[0].labels[i % 2]}), lead_time=4.2)
    return f'{len(todo[:n])} labelled'

def publish_labels(p, dir, n):
    "Publish `n` labels of the next selected images, without Label Studio"
    from annot_hub.annotate.interface import encode
    from annot_hub.publish.base import read_record
    from annot_hub.publish.publishing import publish
    df, first = p.hub.collection(), len(read_record(p.hub)[0])
    names, texts = df.file_name[df.selected].tolist()[first:first + n], p.interface.controls[0].labels
    time = '2026-11-01T09:{:02}:{:02}Z'
    found = [dict(kind='annotation', file_name=name, repo_id=p.repo, unique_id=f'u{k}', updated_at=time.format(k//60 % 60, k % 60), created_at=time.format(0, 0), annotator='ada', skipped=False,
                  ground_truth=False, lead_time=4.2, result=encode(p.interface, {'label': texts[k % 2]}), annotation_id=k, task_id=k, task_updated_at=time.format(k//60 % 60, k % 60), raw={'import_id': None}) for k, name in enumerate(names, first)]
    return str(publish(p.hub, found, p.interface))

def load_labels(p):
    "The labels, as for a training"
    from annot_hub.publish.loading import load
    return f'{len(load(p.hub, split="train")):,} rows'

def child(step, dir, n):
    "One step; a line of JSON"
    import httpx2
    from annot_hub.project import Project
    p, sent, send = Project.load(dir), [], httpx2.Client.send
    def counted(self, request, **kwargs):
        sent.append(request.url.path)
        return send(self, request, **kwargs)
    httpx2.Client.send = counted
    steps = {'collect': lambda: f'{len(p.collect()):,} images', 'upload': lambda: str(p.upload()), 'push': lambda: str(p.push()),
             'pull': lambda: str(p.pull()), 'status': lambda: p.status()['next'], 'load': lambda: load_labels(p),
             'publish': lambda: publish_labels(p, dir, n), 'annotate': lambda: annotate(p, n)}
    said, took = measured(steps[step])
    tell(step=step, said=' '.join(str(said).split())[:80], requests=len(sent), **took)

def main(dir, out, images, chosen, with_studio):
    import pandas as pd
    from annot_hub.annotate import LocalStudio
    from annot_hub.localhub.server import LocalHub
    from annot_hub.project.start import init
    shutil.rmtree(dir, ignore_errors=True); (dir/'tree').mkdir(parents=True)
    make(dir/'tree', images)
    os.environ.update(ANNOT_HUB_CONFIG=str(dir/'config'), XDG_CACHE_HOME=str(dir/'cache'))
    hub, studio = LocalHub(dir/'hub', env=False).start(), LocalStudio(dir/'studio').start() if with_studio else None
    services = [hub.endpoint, studio.url] if studio else [hub.endpoint]
    ports, counts = zip(*[proxy(int(url.rpartition(':')[2])) for url in services])
    os.environ.update(HF_TOKEN=hub.token, HF_HOME=str(dir/'client'), HF_HUB_DISABLE_PROGRESS_BARS='1', LABEL_STUDIO_API_KEY=studio.token if studio else '')
    path = init(dir/'tree', f'{hub.user}/round', ['text-only', 'illustrated'], title='Round', dir=dir,
                endpoint=f'http://127.0.0.1:{ports[0]}', studio=f'http://127.0.0.1:{ports[-1]}')
    text = path.read_text().replace('# [sample]', '[sample]').replace('# n = 1000', f'n = {chosen + 100}').replace('# seed', 'seed')
    path.write_text(text)
    from annot_hub.project import Project
    Project.load(dir)                            # agrees to the addresses, as whoever made the file
    rows = []
    def run(when, step, n=0):
        before = sum(count[0] for count in counts)
        got = run_child(__file__, step, dir, n)
        rows.append({'when': when, **got, 'sent_kB': round((sum(count[0] for count in counts) - before)/1000)}); print(rows[-1], flush=True)
    steps = [step for step in STEPS if step not in (('publish',) if studio else ('push', 'pull'))]
    try:
        for when, n in ('first', chosen), ('nothing new', 0), ('100 more', 100):
            for step in steps:
                if step == 'pull' and n: run('', 'annotate', n)
                run(when, step, n)
    finally:
        if studio: studio.stop()
        hub.stop()
    table = pd.DataFrame(rows)
    if out: table[table.step != 'annotate'].to_csv(out, index=False)
    shutil.rmtree(dir)

if __name__ == '__main__':
    if sys.argv[1:2] == ['child']: child(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        p = argparse.ArgumentParser(); p.add_argument('--dir', type=Path, default=Path('round_costs')); p.add_argument('--out')
        p.add_argument('--images', type=int, default=IMAGES); p.add_argument('--chosen', type=int, default=1521)
        p.add_argument('--without-studio', action='store_true', help='publish made labels instead of push and pull')
        a = p.parse_args(); main(a.dir.resolve(), a.out, a.images, a.chosen, not a.without_studio)
