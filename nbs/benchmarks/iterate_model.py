"""How true the numbers of the iterate chapter are: scores, acceptance, shares and pull, on data whose truth is known

    python nbs/benchmarks/iterate_model.py [--keep FOLDER] [--seeds 10]     writes iterate_model.csv, prints the tables

Three collections: scikit-learn's digits (writers are rows of 60); the same with one class of 5 % (`rare`); and the drawn book in 26
volumes of 50 pages, each of which has a look of its own (paper, contrast, sharpness, slant, noise). The features of the book and of
the digits as pictures take some minutes; `--keep` keeps them in a folder.
"""
import argparse
import csv
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from annot_hub.iterate.accepting import auto_accept
from annot_hub.iterate.blind import pull_of_guesses
from annot_hub.iterate.choosing import next_batch
from annot_hub.iterate.learning import across_folds, best_labels, fit, out_of_fold
from annot_hub.iterate.scoring import evaluate
from annot_hub.iterate.shares import best_explaining, class_shares

HERE = Path(__file__).parent
VOLUMES, PAGES = 26, 50
COLUMNS = ['data', 'seed', 'what', 'n', 'class', 'at_most', 'drawn', 'reported', 'all_labels', 'truth', 'inside', 'width', 'enough',
           'classical_inside', 'classical_width', 'accepted', 'best', 'wrong', 'claimed']
FEW = 4   # draws a seed of what varies most: scores of 60 labels, and all that is said of a rare class


def looked(page, volume, number):
    "A page as the scanner of its volume would give it"
    from PIL import Image, ImageEnhance, ImageFilter
    r = np.random.default_rng(volume)
    gamma, blur, contrast, slant = r.uniform(.6, 1.6), r.uniform(0, 1.2), r.uniform(.6, 1.2), r.uniform(-2, 2)
    page = page.rotate(slant, fillcolor=(200, 190, 170)).filter(ImageFilter.GaussianBlur(blur))
    a = 255*(np.asarray(ImageEnhance.Contrast(page).enhance(contrast).convert('RGB'), float)/255)**gamma
    a += np.random.default_rng(number).normal(0, r.uniform(0, 14), a.shape)
    return Image.fromarray(a.clip(0, 255).astype('uint8'))


def drawn_book(path):
    "Features, labels and volumes of the drawn book, kept in `path`"
    if not Path(path).exists():
        from annot_hub.demo.book import Volume, page, plan_book
        from annot_hub.iterate.embedding import embed_net
        plan = plan_book(VOLUMES, PAGES)
        X = [embed_net([looked(page(Volume(i//PAGES), kind, i % PAGES), i//PAGES, i)])[0] for i, kind in enumerate(plan.kind)]
        book = {'X': np.array(X, 'float32'), 'y': plan.label.to_numpy(str), 'groups': plan.volume.to_numpy(str)}
        np.savez(path, **book)
    z = np.load(path)
    return z['X'], z['y'], z['groups']


def digits():
    "Pixels, digits and writers"
    from sklearn.datasets import load_digits
    data = load_digits()
    return data.data, data.target.astype(str), np.array([f'writer {i//60:02}' for i in range(len(data.target))])


def rare_rows():
    "Which digits are left when 5 % are eights"
    y = digits()[1]
    few = np.random.default_rng(0).permutation(np.flatnonzero(y == '8'))[:85]
    return np.sort(np.concatenate([few, np.flatnonzero(y != '8')]))


def rare():
    "The digits with 5 % eights, and two classes"
    (X, y, groups), keep = digits(), rare_rows()
    return X[keep], np.where(y[keep] == '8', 'eight', 'other'), groups[keep]


def pictures(path):
    "What the network finds in the digits, drawn as dark ink on pictures of 96 x 128; kept in `path`"
    if not Path(path).exists():
        from PIL import Image
        from sklearn.datasets import load_digits
        from annot_hub.iterate.embedding import embed_net
        ink = [Image.fromarray(255 - (a*15).astype('uint8')) for a in load_digits().images]
        drawn = [a.resize((96, 128), Image.Resampling.BICUBIC).convert('RGB') for a in ink]
        np.savez(path, X=np.vstack([embed_net([im]) for im in drawn]))
    return np.load(path)['X']


def macro_f1(y, model, X):
    "Of a model on images that it has not seen"
    from sklearn.metrics import f1_score
    return f1_score(y, best_labels(model.probabilities(X), model.classes), average='macro')


def halves(groups, r):
    "Rows of half the groups, shuffled, and rows of the other half"
    names = np.unique(groups)
    known = np.isin(groups, r.permutation(names)[:len(names)//2])
    return r.permutation(np.flatnonzero(known)), np.flatnonzero(~known)


def chosen_rounds(X, y, pool, seed, rounds, size=40):
    "Rows after some rounds of `next_batch`, and which of them count as drawn at random; None if the first are of one class"
    names, X, y = [f'{i:05}' for i in pool], X[pool], y[pool]
    first = next_batch(X, np.full((len(pool), 2), .5), names, size, [], seed, random=1.)
    known = first.file_name.tolist()
    drawn, place = set(known), {name: k for k, name in enumerate(names)}
    if len({y[place[name]] for name in known}) == 1: return None       # no model to choose by
    for _ in range(rounds):
        rows = [place[name] for name in known]
        batch = next_batch(X, fit(X[rows], y[rows]).probabilities(X), names, size, known, seed)
        known += batch.file_name.tolist()
        drawn |= {*batch.attrs['drawn'], *batch.attrs['also_drawn']}
    return pool[[place[name] for name in known]], np.array([name in drawn for name in known])


def score_row(what, data, rows, drawn, other):
    "What is reported of some labels, and the truth on the other half of the groups"
    X, y, groups = data
    P, classes = out_of_fold(X[rows], y[rows], groups[rows]), sorted(set(y[rows]))
    s = evaluate(y[rows], P, classes, groups[rows], drawn)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        naive = evaluate(y[rows], P, classes, groups[rows])
    truth, (low, high) = macro_f1(y[other], fit(X[rows], y[rows], groups[rows]), X[other]), s.intervals['macro_f1']
    return {'what': what, 'n': len(rows), 'drawn': int(drawn.sum()), 'reported': s.macro_f1, 'all_labels': naive.macro_f1,
            'truth': truth, 'inside': low <= truth <= high, 'width': high - low, 'enough': s.enough}


def scores(data, seed):
    "Reported scores against the truth: labels drawn at random, and chosen in rounds"
    X, y, groups = data
    for n, k in ((n, k) for n in (60, 200, 600) for k in range(FEW if n == 60 else 1)):
        pool, other = halves(groups, np.random.default_rng(seed + 100*k))
        rows = pool[:n]
        if len(rows) == n and len(set(y[rows])) > 1: yield score_row('score', data, rows, np.ones(n, bool), other)
    for k in range(FEW if len(set(y)) == 2 and X.shape[1] < 100 else 1):
        pool, other = halves(groups, np.random.default_rng(seed + 100*k))
        chosen = chosen_rounds(X, y, pool, seed + 100*k, 6)
        if chosen: yield score_row('score, chosen rounds', data, *chosen, other)


def best_share(t, truth, at_most):
    "What could be accepted by the same model if the truth were known: the bound on what any rule can accept"
    order = np.argsort(-t.confidence.to_numpy(), kind='stable')
    wrong = np.cumsum((t.label.to_numpy() != truth)[order])/np.arange(1, len(t) + 1)
    return (np.flatnonzero(wrong <= at_most).max(initial=-1) + 1)/len(t)


def acceptances(data, seed, others=()):
    "How many are accepted, and how many of them are wrong; with `others`, (features, C), by the mean of several kinds"
    X, y, groups = data
    order = np.random.default_rng(seed).permutation(len(y))
    shuffled, kind = np.random.default_rng(seed).permutation(y), ', two kinds of features' if others else ''
    for n, at_most, what in ((200, .02, 'accept'), (400, .02, 'accept'), (200, .02, 'accept, shuffled labels')):
        drawn, rest = order[:n], order[n:]
        labels = (shuffled if 'shuffled' in what else y)[drawn]
        pairs = [across_folds(F[drawn], labels, F[rest], groups[drawn], C, balanced=False) for F, C in ((X, None), *others)]
        P, R = (np.mean(tables, axis=0) for tables in zip(*pairs))
        t = auto_accept(R, sorted(set(labels)), rest, labels, P, at_most).set_index('file_name').loc[rest]
        wrong = int((t.accepted & (t.label.to_numpy() != y[rest])).sum())
        yield {'what': what + kind, 'n': n, 'at_most': at_most, 'accepted': float(t.accepted.mean()),
               'best': best_share(t, y[rest], at_most), 'wrong': wrong/max(1, int(t.accepted.sum()))}


def shares(data, seed, others=()):
    "Intervals of shares against the truth; with `others`, (features, C), by the mean of several kinds; `C` is chosen"
    X, y, groups = data
    for n, k in ((n, k) for n in (100, 200) for k in range(FEW if len(set(y)) == 2 and X.shape[1] < 100 else 1)):
        order = np.random.default_rng(1000 + 100*k + seed).permutation(len(y))
        drawn, rest = order[:n], order[n:]
        if len(set(y[drawn])) == 1: continue           # no model
        kinds = [(F, best_explaining(F[drawn], y[drawn])) for F in (X, *(F for F, _ in others))]
        pairs = [across_folds(F[drawn], y[drawn], F[rest], **kind) for F, kind in kinds]
        P, R = (np.mean(tables, axis=0) for tables in zip(*pairs))
        classes = sorted(set(y[drawn]))
        for row in class_shares(y[drawn], P, R, classes).itertuples():
            truth = float((y == getattr(row, '_1')).mean())
            yield {'what': 'share, two kinds of features' if others else 'share', 'n': n, 'class': getattr(row, '_1'), 'truth': truth, 'reported': row.share,
                   'inside': row.low <= truth <= row.high, 'width': row.high - row.low,
                   'classical_inside': row.classical_low <= truth <= row.classical_high,
                   'classical_width': row.classical_high - row.classical_low}


def team(seed, points, n, part, agreement=.8):
    "Answers of a team that agrees more often, by so many points, where it sees the guess"
    r = np.random.default_rng(seed)
    sure = r.beta(4, 1, n)*.6 + .4
    blind, guess = r.random(n) < part, r.integers(4, size=n)
    likely = np.clip(sure - sure.mean() + agreement, 0, 1) + points*~blind
    answers = np.where(r.random(n) < likely, guess, (guess + 1) % 4)
    return answers, guess, blind, sure


def pulls(seed):
    "A planted pull of ten points, and none"
    for n, part in ((400, .5), (800, .5), (1000, .2)):
        for points in (0, .1):
            for k in range(2):
                p = pull_of_guesses(*team(100*seed + k, points, n, part))
                yield {'what': f'pull of {100*points:.0f} points', 'n': n, 'drawn': p.blind, 'reported': p.pull,
                       'truth': points, 'inside': p.low <= points <= p.high, 'width': p.high - p.low,
                       'claimed': p.verdict == 'pulled'}


PARTS = {'score': scores, 'accept': acceptances, 'share': shares}


def measure(collections, seeds, read_pictures, parts=PARTS):
    "Every row of the csv"
    for name, read in collections.items():
        if name == 'teams':
            for seed in range(seeds): yield from ({'data': 'teams', 'seed': seed, **row} for row in pulls(seed))
            continue
        data = read()
        keep = {'digits': slice(None), 'rare': rare_rows()}
        for seed in range(seeds):
            for part in parts:
                yield from ({'data': name, 'seed': seed, **row} for row in PARTS[part](data, seed))
                if part == 'score' or name == 'book': continue
                others = [(read_pictures()[keep[name]], .001)]
                yield from ({'data': name, 'seed': seed, **row} for row in PARTS[part](data, seed, others))
            print(name, seed, flush=True)


def tables(rows):
    "What the page shows: title to table"
    by, df = ['data', 'what', 'n'], rows
    s = df[df.what.str.startswith('score')].assign(bias=lambda d: d.reported - d.truth, all_bias=lambda d: d.all_labels - d.truth)
    s = s.assign(enough=s.enough.map(TRUTHS), bias_if_enough=s.bias.where(s.enough.map(TRUTHS) == 1))
    a, h, p = df[df.what.str.startswith('accept')], df[df.what.str.startswith('share')], df[df.what.str.startswith('pull')]
    ratio = h.assign(ratio=h.width/h.classical_width)
    return {
        'Scores': s.groupby(by).agg(drawn=('drawn', 'mean'), reported=('reported', 'mean'), truth=('truth', 'mean'), bias=('bias', 'mean'),
                                    error=('bias', 'sem'), draws=('bias', 'size'), enough=('enough', 'mean'), bias_if_enough=('bias_if_enough', 'mean'),
                                    all_labels=('all_bias', 'mean'), inside=('inside', 'mean'), width=('width', 'mean')),
        'Acceptance': a.groupby(['data', 'what', 'n', 'at_most']).agg(accepted=('accepted', 'mean'), best=('best', 'mean'),
                                                                     wrong=('wrong', 'mean'), worst=('wrong', 'max')),
        'Shares': ratio.groupby(['data', 'what', 'n']).agg(width=('width', 'mean'), classical=('classical_width', 'mean'), ratio=('ratio', 'mean'),
                                                   inside=('inside', 'mean'), classical_inside=('classical_inside', 'mean'),
                                                   intervals=('inside', 'size')),
        'Pull': p.groupby(['what', 'n']).agg(blind=('drawn', 'mean'), reported=('reported', 'mean'), inside=('inside', 'mean'),
                                             claimed=('claimed', 'sum'), teams=('claimed', 'size'))}


TRUTHS = {True: 1, False: 0, 'True': 1, 'False': 0}


def read_rows(path=HERE/'iterate_model.csv'):
    "The csv with True and False, not texts"
    df = pd.read_csv(path)
    return df.assign(**{c: df[c].map(TRUTHS) for c in ('inside', 'classical_inside', 'claimed')})


if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--keep', help='folder for features that take long; those that are there are used')
    p.add_argument('--seeds', type=int, default=10)
    p.add_argument('--data', nargs='*', help='of digits, rare, book, teams: only these, the other rows of the csv stay')
    p.add_argument('--parts', nargs='*', default=list(PARTS), help='of score, accept, share: only these of --data')
    p.add_argument('--out', default=HERE/'iterate_model.csv')
    args = p.parse_args()
    keep = Path(args.keep or tempfile.mkdtemp())
    keep.mkdir(parents=True, exist_ok=True)
    collections = {'teams': None, 'digits': digits, 'rare': rare, 'book': lambda: drawn_book(keep/'book.npz')}
    collections = {name: read for name, read in collections.items() if name in (args.data or collections)}
    old = [*csv.DictReader(open(args.out, newline=''))] if args.data and Path(args.out).exists() else []
    with open(args.out, 'w', newline='') as f:
        w = csv.DictWriter(f, COLUMNS, lineterminator='\n')
        w.writeheader()
        w.writerows(row for row in old if row['data'] not in collections or row['what'].split(',')[0] not in args.parts)
        f.flush()   # a run that is ended keeps what it has
        for row in measure(collections, args.seeds, lambda: pictures(keep/'digits.npz'), args.parts):
            w.writerow({k: round(float(v), 5) if isinstance(v, float) else v for k, v in row.items()})
            f.flush()
    for title, table in tables(read_rows(args.out)).items(): print(f'\n{title}\n{table.round(3).to_string()}')
