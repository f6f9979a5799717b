"""What a goal came to, and the table of all."""

from statistics import median
from typing import NamedTuple

HEAD = ('#', 'goal', 'ours', 'reference', 'ratio', 'limit', 'verdict')
WIDTHS = (3, 44, 11, 20, 8, 9, 7)


class Result(NamedTuple):
    """One line of the table. A goal with several conditions has several."""

    goal: int
    what: str
    ours: str
    reference: str
    ratio: str
    limit: str
    ok: bool
    notes: tuple = ()


def at_most(goal, what, ours, reference, ratio, limit, notes=()):
    return Result(
        goal, what, ours, reference, f'{ratio:.2f}', f'≤ {limit:g} ×', ratio <= limit, notes)


def at_least(goal, what, ours, reference, ratio, limit, notes=()):
    return Result(
        goal, what, ours, reference, f'{ratio:.2f}', f'≥ {limit:g} ×', ratio >= limit, notes)


def bounded(goal, what, value, limit, unit='', notes=()):
    """A goal that compares with nothing but a number."""
    return Result(
        goal, what, f'{value:.4g}{unit}', '', '', f'≤ {limit:g}{unit}', value <= limit, notes)


def ms(seconds):
    return f'{seconds * 1000:.1f} ms'


def counted(counts):
    """A number of queries: the middle one, and the most when they differ."""
    if not counts:
        return '? SQL'
    usual, most = median(counts), max(counts)
    return f'{usual:g} SQL' + (f', at most {most}' if most > usual else '')


def show(results):
    print(f'\n{_row(HEAD)}\n{_row("─" * width for width in WIDTHS)}')
    print('\n'.join(lines(results)))
    missed = sorted({result.goal for result in results if not result.ok})
    goals = {result.goal for result in results}
    named = f': {", ".join(map(str, missed))}' if missed else ''
    print(f'\n{len(goals) - len(missed)} of {len(goals)} goals met, {len(missed)} missed{named}')


def lines(results):
    for result in results:
        verdict = 'met' if result.ok else 'MISSED'
        yield _row((str(result.goal), *result[1:6], verdict))
        for note in result.notes:
            yield f'{"":{WIDTHS[0]}}     {note}'


def _row(cells):
    return '  '.join(f'{cell:<{width}}' for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
