"""Wrong labels, the next batch, twins, odd pages and borrowed signals, measured with the public functions.

python iterate_choose.py [FOLDER] [PART …]     draws a book of 24 volumes in FOLDER (or in a temporary one), 10 seeds; writes iterate_choose.csv as far as it came

With parts, e.g. "wrong labels" rare twins, only these are measured again; with the word book or digits only what is made of
that. The other rows of the csv stay. A number, e.g. 4, is how many seeds.
"""
import io, sys, tempfile, warnings
from pathlib import Path
import numpy as np, pandas as pd
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images
from sklearn.metrics import f1_score
from annot_hub.demo import draw_book
from annot_hub.iterate import first_batch, hash_images, label_issues, near_duplicates, next_batch, odd_images, unreadable, verdict
from annot_hub.iterate.embedding import embed_bag, embed_net
from annot_hub.iterate.features import features
from annot_hub.iterate.learning import fit, out_of_fold

SEEDS, VOLUMES, PAGES = 10, 24, 40
PARTS = 'signals', 'twins', 'odd pages', 'wrong labels', 'it pays', 'rare', 'curve'
rows = []
def note(part, data, case, seed, **figures):
    for figure, value in figures.items(): rows.append((part, data, case, seed, figure, round(float(value), 4)))

class Data:
    "Images with true labels: `Xs` are one or two kinds of features, `Cs` how free the weights of each may be"
    def __init__(self, name, Xs, y, groups=None, Cs=(.001, .01)):
        self.name, self.Xs, self.y, self.groups, self.Cs = name, Xs, np.array(y, object), groups, Cs
    @property
    def X(self): return self.Xs[0]
    @property
    def names(self): return [f'{i:05}' for i in range(len(self.y))]
    def part(self, i): return Data(self.name, [X[i] for X in self.Xs], self.y[i], None if self.groups is None else self.groups[i], self.Cs)

def swapped(y, share, rng):
    "Labels of which a share is wrong"
    classes, z = sorted(set(y)), y.copy()
    wrong = rng.permutation(len(y))[:round(share*len(y))]
    for i in wrong: z[i] = rng.choice([c for c in classes if c != y[i]])
    return z, np.isin(np.arange(len(y)), wrong)

def judged(d, z):
    "The table of label issues, by the mean of the features' models"
    P = [out_of_fold(X, list(z), balanced=False, C=C) for X, C in zip(d.Xs, d.Cs)]
    return label_issues(z, P, sorted(set(z)), d.names)

def macro(model, X, y): return f1_score(list(y), [model.classes[k] for k in model.probabilities(X).argmax(1)], average='macro')

def wrong_labels(d, seed, share, n):
    rng = np.random.default_rng(seed)
    some = d.part(rng.permutation(len(d.y))[:n])
    z, wrong = swapped(some.y, share, rng)
    table = judged(some, z)
    bad = table.file_name.isin(np.array(some.names)[wrong]).to_numpy()
    k, flagged = wrong.sum(), table.likely_wrong.to_numpy()
    note('wrong labels', d.name, f'{share:.0%}', seed, first_2k=bad[:2*k].mean()*2, first_k=bad[:k].mean(),
         precision=bad[flagged].mean() if flagged.any() else np.nan, recall=bad[flagged].sum()/k, weak=bool(table.attrs['weak']))

def pays(d, seed, share):
    "Correct the first 2k and train again; another half of the volumes judges"
    rng = np.random.default_rng(seed)
    volumes = rng.permutation(sorted(set(d.groups)))
    train, test = np.isin(d.groups, volumes[::2]), np.isin(d.groups, volumes[1::2])
    a, b = d.part(np.flatnonzero(train)), d.part(np.flatnonzero(test))
    z, wrong = swapped(a.y, share, rng)
    shown = judged(a, z).file_name[:2*wrong.sum()].astype(int).to_numpy()
    mended = z.copy()
    mended[shown] = a.y[shown]
    for case, labels in (('wrong', z), ('first 2k corrected', mended), ('clean', a.y)):
        note('it pays', d.name, f'{share:.0%}', seed, **{case: macro(fit(a.X, list(labels), C=.001), b.X, b.y)})

def rounds(d, test, seed, choose, upto=400):
    "Labels and macro F1 of growing rounds of 20, from 40"
    names, known = d.names, first_batch(d.X, d.names, 40, seed).file_name.tolist()
    while len(known) <= upto:
        at = np.array(known, int)
        if len(set(d.y[at])) < 2: P = np.full((len(d.y), 2), .5)
        else:
            model = fit(d.X[at], list(d.y[at]), C=.01)
            P = model.probabilities(d.X)
        yield known[:], (macro(model, test.X, test.y) if test is not None else np.nan)
        batch = choose(P, known, sorted(set(d.y[at])))
        known += batch.file_name.tolist()

STRATEGIES = {'chosen': {}, 'random': {'random': 1.}}

def labels_needed(d, seed, test_part=.33):
    rng = np.random.default_rng(seed)
    mask = rng.random(len(d.y)) < test_part if d.groups is None else np.isin(d.groups, rng.permutation(sorted(set(d.groups)))[::3])
    pool, test = d.part(np.flatnonzero(~mask)), d.part(np.flatnonzero(mask))
    for case, options in STRATEGIES.items():
        def choose(P, known, classes): return next_batch(pool.X, P, pool.names, 20, known, seed=seed, groups=pool.groups, **options)
        for known, score in rounds(pool, test, seed, choose): note('curve', d.name, case, seed, **{str(len(known)): score})

def rare_found(d, rare, seed):
    for case, options in (('rare=', {'rare': rare}), ('chosen', {}), ('random', {'random': 1.})):
        def choose(P, known, classes):
            if P.shape[1] < 2 or rare not in classes: return next_batch(d.X, P, d.names, 20, known, seed=seed)
            return next_batch(d.X, P, d.names, 20, known, seed=seed, classes=classes, **options)
        for known, _ in rounds(d, None, seed, choose, 200): pass
        note('rare', d.name, case, seed, found=(d.y[np.array(known, int)] == rare).sum(), of=(d.y == rare).sum())

def again(path, rng, how):
    "A page that was scanned again: turned, cropped or saved anew"
    im, out = Image.open(path).convert('RGB'), io.BytesIO()
    if how == 0: im = im.rotate(rng.uniform(-1, 1), fillcolor=im.getpixel((3, 3)), resample=Image.Resampling.BICUBIC)
    if how == 1: im = im.crop((*rng.integers(0, 9, 2), im.width - rng.integers(0, 9), im.height - rng.integers(0, 9)))
    im.save(out, 'JPEG', quality=int(rng.integers(40, 75)))
    return out.getvalue()

def strange(k, rng):
    "Something else that lay on the scanner"
    photo, size = load_sample_images().images[k % 2], (480, 660)
    if k < 7:
        x, y = rng.integers(0, 320), rng.integers(0, 200)
        return Image.fromarray(photo[y:y + 220, x:x + 160]).resize(size)
    if k < 9: return Image.linear_gradient('L').resize(size).rotate(180*(k % 2)).convert('RGB')
    if k < 11: return Image.effect_noise(size, 90).convert('RGB')
    if k < 13: return Image.merge('RGB', [Image.radial_gradient('L').resize(size)]*2 + [Image.new('L', size, 40*k % 255)])
    return Image.fromarray((load_digits().images[k]*15).astype('uint8')).resize(size, Image.Resampling.NEAREST).convert('RGB')

def twins(paths, kinds, known, seed, folder):
    "`kinds`: of each page, what it is; pairs that were not planted are counted by it"
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(paths))[:35]
    planted, kind = {}, dict(zip(map(str, paths), kinds))
    for j, i in enumerate(chosen):
        copy = folder/f'{seed}-{j}.jpg'
        copy.write_bytes(paths[i].read_bytes() if j < 15 else again(paths[i], rng, j % 3))
        planted[frozenset((str(copy), str(paths[i])))] = 'exact' if j < 15 else 'near'
        kind[str(copy)] = kinds[i]
    broken = [folder/f'{seed}-broken{k}.jpg' for k in range(7)]
    for k, path in enumerate(broken): path.write_bytes(b'' if k < 2 else paths[k].read_bytes()[:900*k] if k < 5 else b'no picture')
    images = pd.concat([known, hash_images(sorted(folder.glob(f'{seed}-*.jpg')))], ignore_index=True)
    pairs = near_duplicates(images)
    found = {frozenset((r.first, r.second)): r.kind for r in pairs.itertuples()}
    false = [' and '.join(sorted({kind[name] for name in pair})) for pair in found if pair not in planted]
    near = [r.distance for r in pairs.itertuples() if planted.get(frozenset((r.first, r.second))) == 'near']
    note('twins', 'book', '', seed, exact=sum(found.get(p) == k == 'exact' for p, k in planted.items()),
         near=sum(p in found for p, k in planted.items() if k == 'near'), farthest=max(near), unreadable=len(unreadable(images)),
         titles=false.count('title'), plates=false.count('plate'), others=sum(pair not in ('title', 'plate') for pair in false))

def odd(X, paths, seed, folder, embed, name):
    rng = np.random.default_rng(seed)
    things = [folder/f'odd{seed}-{k}.jpg' for k in range(15)]
    for k, path in enumerate(things): strange(k, rng).save(path, quality=80)
    table = odd_images(np.vstack([X, features(things, embed)]), [*map(str, [*paths, *things])])
    hits = table.file_name.isin(set(map(str, things))).to_numpy()
    note('odd pages', 'book', name, seed, first_15=hits[:15].sum(), first_30=hits[:30].sum())

def signals(d, seed, n):
    rng = np.random.default_rng(seed)
    classes = sorted(set(d.y))
    good, _ = swapped(d.y, .08, rng)
    drawn = np.isin(np.arange(len(d.y)), rng.permutation(len(d.y))[:n])
    cases = {'good': good, 'useless': rng.choice(classes, len(d.y)), 'shuffled': rng.permutation(good),
             'constant': np.full(len(d.y), pd.Series(d.y).mode()[0], object)}
    for case, answers in cases.items():
        v = verdict(answers, d.y, classes, drawn, d.groups).verdict
        note('signals', f'{d.name}, {n} drawn', case, seed, right=v == ('useful' if case == 'good' else 'useless'), undecided=v.startswith('not'))

def ink(pixels):
    "Digits as pictures, dark on light"
    drawn = [Image.fromarray(255 - (a*15).astype('uint8')).resize((96, 128), Image.Resampling.BICUBIC) for a in pixels]
    return np.vstack([embed_net([im.convert('RGB')]) for im in drawn])

def fewer(d, name, of, n, m):
    "`n` images of a class and `m` of all others, as two classes"
    few = np.random.default_rng(0)
    keep = np.sort(np.concatenate([few.permutation(np.flatnonzero(d.y == of))[:n], few.permutation(np.flatnonzero(d.y != of))[:m]]))
    return Data(name, [X[keep] for X in d.Xs], np.where(d.y[keep] == of, of, 'other'), None if d.groups is None else d.groups[keep], d.Cs)

def book_pages(folder):
    "Files of the drawn book, and both kinds of features"
    book = draw_book(folder/'book', VOLUMES, PAGES)
    paths = [folder/'book'/name for name in book.file_name]
    return paths, book.kind.tolist(), Data('book', [features(paths, embed_net), features(paths, embed_bag)], book.label, book.volume.to_numpy(object))

def of_book(folder, parts, seeds):
    "All that is made of the drawn book"
    paths, kinds, pages = book_pages(folder)
    few, (X, bag) = fewer(pages, 'book, 5 % rare', 'illustrated', 35, 2000), pages.Xs
    known = hash_images(paths) if 'twins' in parts else None
    if 'signals' in parts: all_signals(pages)
    for seed in seeds:
        if 'twins' in parts: twins(paths, kinds, known, seed, folder)
        if 'odd pages' in parts:
            odd(X, paths, seed, folder, embed_net, 'net')
            odd(bag, paths, seed, folder, embed_bag, 'bag')
        for d, n in ((pages, 600), (few, 700)) if 'wrong labels' in parts else ():
            for share in (.05, .1): wrong_labels(d, seed, share, n)
        for share in (.05, .1) if 'it pays' in parts else (): pays(pages, seed, share)
        if 'rare' in parts: rare_found(few, 'illustrated', seed)
        if 'curve' in parts: labels_needed(pages, seed)
        save(parts, 'book')

def of_digits(folder, parts, seeds):
    "All that is made of scikit-learn's digits"
    raw = load_digits()
    pixels, names = raw.data.astype('float32'), raw.target.astype(str)
    digits = Data('digits', [pixels], names, Cs=(.01,))
    eight, eight_48 = fewer(digits, 'digits, 5 % rare', '8', 85, 2000), fewer(digits, 'digits, 48 of 1,043', '8', 48, 995)
    if {'wrong labels', 'rare'} & parts:
        both = Data('digits, two kinds of features', [pixels, ink(raw.images)], names, Cs=(.01, .001))
        seen = fewer(Data('', both.Xs[1:], names, Cs=(.001,)), 'digits as pictures, 48 of 1,043', '8', 48, 995)
    if 'signals' in parts: all_signals(digits)
    for seed in seeds:
        for d in (eight, eight_48, seen) if 'rare' in parts else (): rare_found(d, '8', seed)
        for d in (digits, both) if 'wrong labels' in parts else ():
            for share in (.05, .1): wrong_labels(d, seed, share, 1797)
        for d in (digits, eight) if 'curve' in parts else (): labels_needed(d, seed)
        save(parts, 'digits')
        print(f'seed {seed}', flush=True)

def all_signals(d):
    for seed in range(20):
        for n in (50, 100): signals(d, seed, n)

SOURCES = {'book': of_book, 'digits': of_digits}

def save(parts, source):
    "What is measured so far, and what is not measured again, as a table"
    path, table = Path(__file__).with_suffix('.csv'), pd.DataFrame(rows, columns='part data case seed figure value'.split())
    old = pd.read_csv(path, keep_default_na=False, na_values=['nan']) if path.exists() else table[:0]
    again, new = (t.part.isin(parts) & t.data.str.startswith(source) for t in (old, table))
    table = pd.concat([old[~again], table[new]], ignore_index=True)
    table = table.sort_values('part', key=lambda part: part.map(PARTS.index), kind='stable', ignore_index=True)
    table.to_csv(path, index=False, na_rep='nan')
    return table

if __name__ == '__main__':
    warnings.simplefilter('ignore')
    words = sys.argv[1:]
    if {'-h', '--help'} & set(words): sys.exit(__doc__)
    parts, sources = set(words) & set(PARTS) or set(PARTS), [name for name in SOURCES if name in words] or [*SOURCES]
    seeds = range(next((int(word) for word in words if word.isdigit()), SEEDS))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(next((word for word in words if word not in {*PARTS, *SOURCES} and not word.isdigit()), temporary))
        folder.mkdir(exist_ok=True, parents=True)
        for source in sources: SOURCES[source](folder, parts, seeds)
    table = save(parts, sources[-1])
    print(table[table.part != 'curve'].groupby(['part', 'data', 'case', 'figure']).value.mean().to_string())
