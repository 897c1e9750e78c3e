"""Right and wrong answers to 10.3."""

import math
import statistics

import numpy as np
import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def by_means(validation, test):
    means = [statistics.fmean(row) for row in validation]
    return means.index(min(means)), statistics.fmean(test[means.index(min(means))])


@bank.right
def with_arrays(validation, test):
    best = int(np.mean(validation, axis=1).argmin())
    return best, float(np.mean(test[best]))


@bank.right
def with_tensors(validation, test):
    best = torch.tensor(validation).sum(1).argmin().item()
    return best, torch.tensor(test)[best].mean().item()


@bank.right
def by_loop(validation, test):
    best, lowest = None, float("inf")
    for k, row in enumerate(validation):
        if sum(row) / len(row) < lowest:
            best, lowest = k, sum(row) / len(row)
    return [best, sum(test[best]) / len(test[best])]


def _means(rows):
    return np.mean(rows, axis=1)


def _place(rows):
    return np.unravel_index(np.argmin(rows), np.shape(rows))


def _per_seed(validation, test):
    best = np.argmin(validation, axis=0)
    return by_means(validation, test)[0], float(np.mean([test[k][s] for s, k in enumerate(best)]))


for slug, answer in (
    ("chosen-on-test", lambda v, t: (int(_means(t).argmin()), float(_means(t).min()))),
    ("lowest-test-reported", lambda v, t: (int(_means(v).argmin()), float(_means(t).min()))),
    ("validation-reported", lambda v, t: (int(_means(v).argmin()), float(_means(v).min()))),
    ("best-run-reported", lambda v, t: (int(_means(v).argmin()), min(t[_means(v).argmin()]))),
    ("best-run-chosen", lambda v, t: (int(_place(v)[0]), float(_means(t)[_place(v)[0]]))),
    ("best-run-chosen", lambda v, t: (int(_place(v)[0]), t[_place(v)[0]][_place(v)[1]])),
    ("highest-chosen", lambda v, t: (int(_means(v).argmax()), float(_means(t)[_means(v).argmax()]))),
    ("chosen-per-seed", _per_seed),
    ("axes-swapped", lambda v, t: by_means(np.transpose(v).tolist(), np.transpose(t).tolist())),
    ("outputs-swapped", lambda v, t: by_means(v, t)[::-1]),
    ("values-missing", lambda v, t: by_means(v, t)[0]),
    ("some-outputs-wrong", lambda v, t: (float(by_means(v, t)[0]), by_means(v, t)[1])),
    ("some-outputs-wrong", lambda v, t: (by_means(v, t)[0], t[by_means(v, t)[0]])),
    ("some-outputs-wrong", lambda v, t: (by_means(v, t)[0], t[by_means(v, t)[0]][0])),
    ("rates-from-1", lambda v, t: (by_means(v, t)[0] + 1, by_means(v, t)[1])),
    ("some-outputs-wrong", lambda v, t: (by_means(v, t)[0], max(t[by_means(v, t)[0]]))),
    (None, lambda v, t: by_means([row[:1] for row in v], t)),
):
    bank.wrong(slug)(lambda validation, test, answer=answer: answer(validation, test))


@bank.wrong("changes-input")
def sorts_the_losses(validation, test):
    value = by_means(validation, test)
    for row in validation:
        row.sort()
    return value


@bank.wrong("median-for-mean")
def median(validation, test):
    means = [statistics.median(losses) for losses in validation]
    best = means.index(min(means))
    return (best, sum(test[best]) / len(test[best]))


@bank.wrong("worst-run-chosen")
def worst_seed(validation, test):
    means = [max(losses) for losses in validation]
    best = means.index(min(means))
    return (best, sum(test[best]) / len(test[best]))


@bank.wrong("rates-from-1")
def from_one(validation, test):
    means = [sum(losses) / len(losses) for losses in validation]
    best = means.index(min(means))
    return (best + 1, sum(test[best]) / len(test[best]))


@bank.wrong("all-rates-reported")
def mean_of_all_tests(validation, test):
    means = [sum(losses) / len(losses) for losses in validation]
    best = means.index(min(means))
    return (best, statistics.fmean([x for row in test for x in row]))


@bank.wrong("flat-index")
def flat_argmin(validation, test):
    k = int(np.argmin(validation)) % len(validation)
    return (k, float(np.mean(test[k])))


@bank.wrong("lowest-test-reported")
def chosen_by_validation_lowest_test_min(validation, test):
    means = [statistics.fmean(losses) for losses in validation]
    best = means.index(min(means))
    return best, min(statistics.fmean(losses) for losses in test)


@bank.wrong("lowest-test-reported")
def chosen_by_validation_lowest_test_loop(validation, test):
    best_rate, best_validation, best_test = 0, math.inf, math.inf
    for rate in range(len(validation)):
        v = sum(validation[rate]) / len(validation[rate])
        t = sum(test[rate]) / len(test[rate])
        if v < best_validation:
            best_rate, best_validation = rate, v
        if t < best_test:
            best_test = t
    return best_rate, best_test


@bank.wrong("flat-index")
def rate_by_numpy_flat_argmin(validation, test):
    import numpy as np

    best = int(np.argmin(np.array(validation)))
    return best, float(np.mean(test[best]))


@bank.wrong("flat-index")
def rate_by_position_in_one_long_list(validation, test):
    losses = [loss for seeds in validation for loss in seeds]
    rate = min(range(len(losses)), key=lambda k: losses[k])
    return rate, sum(test[rate]) / len(test[rate])
