"""Features of images: what they cost, what they are worth, and what is left of that in a file that is shipped.
    python nbs/benchmarks/iterate_features.py --dir DIR --out nbs/benchmarks/iterate_features.csv
The pages are those of the demo's book in 24 volumes, each aged, scanned and packed in its own way: 1,200 JPEGs. DIR keeps them; it needs 1 GB. Each step is a process of its own with an empty
cache, but for the steps that say otherwise. What the network costs is measured on 400 of the pages; what is done without it, on 10,000 files and 100,000 images."""
import argparse, io, os, random, shutil, subprocess, sys, tempfile, time, warnings
from pathlib import Path
from measure import cpu, measured, run_child, tell

VOLUMES, PAGES, FILES, STREAM = 24, 50, 10_000, 100_000
SEEDS = 10

def look(v, image):
    "A page as the scanner of its volume gives it, and the quality of its JPEG"
    from PIL import ImageEnhance, ImageFilter
    r = random.Random(f'look {v}')
    image = ImageEnhance.Contrast(image).enhance(r.uniform(.5, 1.5))
    image = ImageEnhance.Brightness(image).enhance(r.uniform(.75, 1.15))
    image = image.filter(ImageFilter.GaussianBlur(r.uniform(0, 1.2)))
    if r.random() < .4: image = image.convert('L').convert('RGB')
    if r.random() < .2: image = image.convert('L').point(lambda i: 255*(i > 130)).convert('RGB')
    (w, h), cut = image.size, r.randint(0, 30)
    image, scale = image.crop((cut, cut, w - cut, h - cut)), r.uniform(.9, 1.8)
    return image.resize((int(image.width*scale), int(image.height*scale))), r.choice([40, 60, 80, 92])

def draw(dir):
    "The pages, and a table of them"
    import pandas as pd
    from annot_hub.demo.book import Volume, page, plan_book
    (dir/'book').mkdir(parents=True, exist_ok=True)
    rows = []
    for i, plan in enumerate(plan_book(VOLUMES, PAGES).itertuples()):
        v, k = divmod(i, PAGES)
        path = dir/'book'/f'{v:02}-{k:02}.jpg'
        rows.append((str(path), f'v{v:02}', plan.label))
        if path.exists(): continue
        image, quality = look(v, page(Volume(v), plan.kind, k))
        image.save(path, 'JPEG', quality=quality)
    pd.DataFrame(rows, columns=['path', 'volume', 'label']).to_csv(dir/'book.csv', index=False)

def copies(dir):
    "10,000 files of which no two are alike: the pages, with a few bytes after their end"
    (dir/'files').mkdir(exist_ok=True)
    pages = sorted((dir/'book').iterdir())
    for k in range(FILES + 100):
        path = dir/'files'/f'{k:05}.jpg'
        if not path.exists(): path.write_bytes(pages[k % len(pages)].read_bytes() + k.to_bytes(4, 'big'))

def table(dir):
    import pandas as pd
    return pd.read_csv(dir/'book.csv')

def once(dir, name):
    "Features of 400 pages"
    from annot_hub.iterate import embed_bag, embed_net, features
    embed, paths = {'net': embed_net, 'bag': embed_bag}[name], table(dir).path.tolist()[::3]
    embed([])
    if name == 'net': features(paths[:1], embed) # the session is there
    X, took = measured(features, paths, embed)
    tell(images=len(X), **took)

def known(dir):
    "10,000 files whose rows are kept: by their content, then with their hashes; then 100 more that are new"
    import numpy as np
    from annot_hub.iterate import embed_net, features
    from annot_hub.iterate.features import content_hash, keep_rows, row_key
    paths = [str(dir/'files'/f'{k:05}.jpg') for k in range(FILES + 100)]
    hashes = [content_hash(path) for path in paths]
    rows = embed_net([__import__('PIL.Image').Image.open(path) for path in table(dir).path[:50]])
    for start in range(0, FILES, 2000):
        keep_rows(embed_net.name, {row_key(hashes[k], None): rows[k % 50]*np.float32(1 + k/FILES) for k in range(start, start + 2000)})
    tell(content=measured(features, paths[:FILES], embed_net)[1], hashes=measured(features, paths[:FILES], embed_net, hashes[:FILES])[1],
         more=measured(features, paths, embed_net)[1], cache_MB=round(sum(f.stat().st_size for f in Path(os.environ['XDG_CACHE_HOME']).rglob('*.parquet'))/1e6))

def batches(dir):
    "400 pages by `embed_batch`, in two processes of `datasets`"
    from datasets import Dataset, Features, Image, disable_progress_bars
    from annot_hub.iterate import embed_batch
    disable_progress_bars()
    pages = Dataset.from_dict({'image': table(dir).path.tolist()[::3]}, Features({'image': Image(decode=False)}))
    done, took = measured(lambda: pages.map(embed_batch, batched=True, batch_size=16, num_proc=2, remove_columns=['image']))
    tell(images=len(done), **took)

def shades(images):
    "Next to nothing, so that what is measured is all the rest"
    import numpy as np
    return np.array([np.asarray(image.resize((4, 4))).ravel() for image in images], np.float32)

def make_stream(dir, images=STREAM):
    "Small images in 20 Parquet files"
    import numpy as np, pandas as pd
    from PIL import Image
    folder = dir/f'stream-{images}'
    folder.mkdir(exist_ok=True)
    for shard in range(20):
        path = folder/f'{shard:02}.parquet'
        if path.exists(): continue
        r, rows = np.random.default_rng(shard), []
        for k in range(images//20):
            file = io.BytesIO()
            Image.fromarray(np.kron(r.integers(0, 256, (4, 3, 3), 'uint8'), np.ones((16, 16, 1), 'uint8'))).save(file, 'JPEG')
            rows.append({'bytes': file.getvalue(), 'path': f'{shard:02}-{k:04}.jpg'})
        pd.DataFrame({'image': rows}).to_parquet(path)

def worker(dir, rank, images):
    "One of two workers on the stream: a hundred thousand are only read, a few thousand are seen by the network"
    from datasets import Image, disable_progress_bars, load_dataset
    from annot_hub.iterate import embed_net, embed_shards
    disable_progress_bars()
    files = sorted(map(str, (dir/f'stream-{images}').iterdir()))
    stream = load_dataset('parquet', data_files=files, split='train', streaming=True).cast_column('image', Image(decode=False))
    shades.name = 'shades'
    files, took = measured(lambda: embed_shards(stream, dir/'results', shades if int(images) == STREAM else embed_net, int(rank), 2))
    tell(files=len(files), **took)

def commits_of(dir):
    "The results as one commit in the Hub of this project: how many commits that makes, and the files it has"
    from huggingface_hub import HfApi
    from annot_hub.localhub.server import LocalHub
    hub = LocalHub(tempfile.mkdtemp()).start()
    try:
        api = HfApi(hub.endpoint, hub.token)
        repo = api.create_repo(f'{hub.user}/features', repo_type='dataset').repo_id
        before = len(api.list_repo_commits(repo, repo_type='dataset'))
        api.upload_folder(repo_id=repo, repo_type='dataset', folder_path=dir/'results', path_in_repo='features', allow_patterns='*.parquet')
        return dict(commits=len(api.list_repo_commits(repo, repo_type='dataset')) - before,
                    published=sum(f.endswith('.parquet') for f in api.list_repo_files(repo, repo_type='dataset')))
    finally: hub.stop()

def streamed(dir, images=STREAM):
    "Images by two workers, killed after a third and started again"
    import pyarrow.parquet as pq
    make_stream(dir, int(images))
    shutil.rmtree(dir/'results', ignore_errors=True); (dir/'results').mkdir()
    start, before = time.perf_counter(), cpu()
    def workers():
        words = [sys.executable, __file__, 'child', 'worker', str(dir)]
        return [subprocess.Popen([*words, str(rank), str(images)], stdout=subprocess.DEVNULL) for rank in range(2)]
    first = workers()
    while len(list((dir/'results').glob('*.parquet'))) < 6: time.sleep(.2)
    for process in first: process.kill()
    for process in first: process.wait()
    there = {path.name: path.stat().st_mtime_ns for path in (dir/'results').glob('*.parquet')}
    if any([process.wait() for process in workers()]): raise RuntimeError('a worker failed')
    after = {path.name: path.stat().st_mtime_ns for path in (dir/'results').glob('*.parquet')}
    rows = sum(pq.read_metadata(dir/'results'/name).num_rows for name in after)
    tell(images=rows, files=len(after), done_again=sum(after[name] != t for name, t in there.items()), wall=time.perf_counter() - start, cpu=cpu() - before, **commits_of(dir))

def head(X, y, classes, C):
    "A regression as one layer"
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    scale = StandardScaler().fit(X)
    fit = LogisticRegression(C=C, class_weight='balanced', max_iter=500).fit(scale.transform(X), y)
    w = fit.coef_[0]/scale.scale_
    b = fit.intercept_[0] - scale.mean_@w
    return np.stack([-w/2, w/2], 1), np.array([-b/2, b/2])

class Small:
    "As much of a model as shipping needs"
    multilabel = False
    def __init__(self, W, b, classes): self.W, self.b, self.classes = W, b, classes
    def weights(self): return self.W, self.b
    def probabilities(self, X):
        import numpy as np
        z = (X@self.W + self.b)
        return np.exp(z - z.max(1, keepdims=True))/np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)

def scores(y, P, classes):
    "Macro F1 and average precision of `illustrated`"
    from sklearn.metrics import average_precision_score, f1_score
    return f1_score(y, [classes[k] for k in P.argmax(1)], average='macro'), average_precision_score(y == 'illustrated', P[:, 0])

def worth(dir):
    "Labels drawn at random from half of the volumes, judged on the other half"
    import numpy as np
    from annot_hub.iterate import embed_bag, embed_net, features
    df, found = table(dir), []
    y, volumes, classes = df.label.to_numpy(), df.volume.to_numpy(), ['illustrated', 'text-only']
    for name, embed, C in (('bag', embed_bag, .01), ('net', embed_net, .003)):
        X = features(df.path, embed)
        for n in (60, 200, 600):
            for seed in range(SEEDS):
                r = np.random.default_rng(seed)
                seen = np.isin(volumes, r.permutation(np.unique(volumes))[:VOLUMES//2])
                rows = r.permutation(np.flatnonzero(seen))[:n]
                found.append((name, n, *scores(y[~seen], Small(*head(X[rows], y[rows], classes, C), classes).probabilities(X[~seen]), classes)))
    tell(rows=found)

def shipped(dir):
    "The model of 300 labels, and the file that is made of it, on other volumes"
    import numpy as np
    from annot_hub.iterate import Shipped, embed_net, features, ship
    df, found = table(dir), []
    y, volumes, classes = df.label.to_numpy(), df.volume.to_numpy(), ['illustrated', 'text-only']
    X = features(df.path, embed_net)
    for seed in range(2):
        r = np.random.default_rng(seed)
        seen = np.isin(volumes, r.permutation(np.unique(volumes))[:VOLUMES//2])
        rows, rest = r.permutation(np.flatnonzero(seen))[:300], np.flatnonzero(~seen)[::3]
        model = Small(*head(X[rows], y[rows], classes, .003), classes)
        file, took = measured(ship, model, embed_net, dir/'model', df.path[rows].tolist()[::3])
        (P, Q), asked = (model.probabilities(X[rest]), None), measured(file.probabilities, df.path[rest].tolist())
        Q, cost = asked
        found.append(dict(MB=file.size/1e6, ship_cpu=took['cpu'], ms_an_image=1000*cost['cpu']/len(rest), model_F1=scores(y[rest], P, classes)[0], file_F1=scores(y[rest], Q, classes)[0],
                          same_answer=float((P.argmax(1) == Q.argmax(1)).mean()), mean_difference=float(np.abs(P - Q).mean())))
    tell(rows=found)

STEPS = {f.__name__: f for f in (once, known, batches, worker, streamed, worth, shipped)}

LAST = {'100,000 small images, two workers, killed once': STREAM, '5,000 small images by the network, two workers, killed once': 5000}

def main(dir, out, pairs, streams):
    import pandas as pd
    dir.mkdir(parents=True, exist_ok=True)
    rows = [row for row in pd.read_csv(out).to_dict('records') if row['what'] not in LAST] if streams else []
    def run(step, *args, cache=None):
        with tempfile.TemporaryDirectory() as new:
            return run_child(__file__, step, dir, *args, env=os.environ | {'XDG_CACHE_HOME': str(cache or new), 'HF_HOME': new, 'PYTHONWARNINGS': 'ignore'})
    def note(what, **values):
        rows.extend({'what': what, 'figure': figure, 'value': round(value, 4)} for figure, value in values.items())
        print(rows[-len(values):], flush=True)
        pd.DataFrame(rows).to_csv(out, index=False)
    if not streams: all_but_streams(dir, pairs, run, note)
    for what, images in LAST.items(): note(what, **run('streamed', images))

def all_but_streams(dir, pairs, run, note):
    "What pages cost and are worth"
    draw(dir); copies(dir)
    for _ in range(pairs):
        for name in ('net', 'bag'):
            took = run('once', name)
            note(f'{name}: features, 400 pages', cpu_ms_an_image=1000*took['cpu']/took['images'], peak_MB=took['peak_MB'])
    took = run('known')
    note('10,000 known, by content', cpu=took['content']['cpu'], cache_MB=took['cache_MB'])
    note('10,000 known, by hash', cpu=took['hashes']['cpu'])
    note('10,000 known and 100 new', cpu=took['more']['cpu'])
    took = run('batches')
    note('embed_batch, 400 pages, two processes', cpu_ms_an_image=1000*took['cpu']/took['images'])
    for name, n, f1, ap in run('worth', cache=dir/'cache')['rows']: note(f'{name}, {n} labels', F1=f1, AP=ap)
    for row in run('shipped', cache=dir/'cache')['rows']: note('shipped', **row)

if __name__ == '__main__':
    if sys.argv[1:2] == ['child']:
        warnings.simplefilter('ignore')
        STEPS[sys.argv[2]](Path(sys.argv[3]), *sys.argv[4:])
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument('--dir', type=Path, required=True)
        parser.add_argument('--out', type=Path, required=True)
        parser.add_argument('--pairs', type=int, default=3)
        parser.add_argument('--streams', action='store_true', help='measure only the streams again, and keep the other rows')
        main(**vars(parser.parse_args()))
