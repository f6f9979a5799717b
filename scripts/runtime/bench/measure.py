"""Numbers: samples in rounds, taken in turns, and the median of the rounds' ratios."""

import gc
import math
from contextlib import contextmanager
from functools import partial
from itertools import chain
from statistics import median


def in_turns(rounds, size, **turns):
    """Take samples in turns, one of each at a time, so that all see the same machine.

    :param turns: functions that take one sample each and return it.
    :return: for each name a list of rounds, each a list of samples.
    """
    taken = {name: [[] for _ in range(rounds)] for name in turns}
    with _no_collector():
        for number in range(rounds):
            for turn in range(size):
                for name in _order(turns, turn):
                    taken[name][number].append(turns[name]())
    return taken


def in_series(rounds, size, length, **turns):
    """The same, of two servers: `length` samples of one after the other, then of the next server.

    Servers that take turns by the request empty each other's caches, which no installation does to
    itself.
    """
    taken = in_turns(rounds, size // length, **{
        name: partial(_series, turn, length) for name, turn in turns.items()})
    return {name: [flat(series) for series in samples] for name, samples in taken.items()}


def _series(turn, length):
    return [turn() for _ in range(length)]


def _order(turns, number):
    """Who comes first changes."""
    names = list(turns)
    return names if number % 2 == 0 else names[::-1]


@contextmanager
def _no_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def flat(rounds):
    return list(chain.from_iterable(rounds))


def percentile(samples, share):
    """The nearest rank: a sample that was really seen."""
    return sorted(samples)[math.ceil(share * len(samples)) - 1]


p95 = partial(percentile, share=0.95)
p99 = partial(percentile, share=0.99)


def typical(rounds, statistic=median):
    """The median of what the rounds say."""
    return median(statistic(samples) for samples in rounds)


def ratio(rounds, references, statistic=median):
    """The median of the ratios of rounds that were taken together."""
    return median(
        statistic(samples) / statistic(reference)
        for samples, reference in zip(rounds, references, strict=True))
