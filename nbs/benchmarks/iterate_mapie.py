"""What mapie's sets of one class would accept after 200 random labels, for the page "Why these few lines".

    pip install mapie
    python nbs/benchmarks/iterate_mapie.py      prints the share that is accepted, how much of it is wrong, and the coverage of the sets
"""
import numpy as np
from mapie.classification import CrossConformalClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import iterate_model


def accepted(X, y, seed):
    "Accepted share, share of these that is wrong, and how often the set holds the label"
    order = np.random.default_rng(seed).permutation(len(y))
    drawn, rest = order[:200], order[200:]
    classes, numbers = np.unique(y[drawn], return_inverse=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=.1, max_iter=1000))
    sets = CrossConformalClassifier(model, confidence_level=.98, conformity_score='lac', cv=10, random_state=0)
    found = sets.fit_conformalize(X[drawn], numbers).predict_set(X[rest])[1][:, :, 0]
    one, truth = found.sum(1) == 1, y[rest][:, None] == classes
    return one.mean(), 1 - truth[one][found[one]].mean(), (found & truth).any(1).mean()


if __name__ == '__main__':
    for name in ('digits', 'rare'):
        X, y, _ = getattr(iterate_model, name)()
        print(name, np.mean([accepted(X, y, seed) for seed in range(10)], axis=0).round(4))
