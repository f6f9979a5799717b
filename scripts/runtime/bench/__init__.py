"""What Email Pay costs, beside a route that does nothing and beside stock Odoo.

    scripts/bench [GOAL…] [--rounds N] [--backlog N] [--plans N]

Everything runs on this machine, over copies of databases that are prepared once. What is compared
is measured in turns, in the same run; a goal is judged by the median of the rounds' ratios.
"""

import argparse
import os
import shutil
import time
import traceback

from .. import database, postgres
from ..home import LOGS, Failure, say
from . import result, templates
from .goals import GOALS
from .stage import Stage

ROUNDS = 5
BACKLOG = 1000
PLANS, LEAST_PLANS = 400, 240
KEPT_RUNS = 3


def main(*words):
    options = _options(words)
    goals = _chosen(options.goals)
    with postgres.server():
        for template in templates.TEMPLATES.values():
            template()
        results = _measure(goals, options)
    return int(not all(result.ok for result in results))


def _options(words):
    parser = argparse.ArgumentParser(prog='bench')
    parser.add_argument('goals', nargs='*', metavar='GOAL', help='its number or its name')
    parser.add_argument('--rounds', type=int, default=ROUNDS)
    parser.add_argument('--backlog', type=int, default=BACKLOG, help='payments of goals 7 and 15')
    parser.add_argument('--plans', type=int, default=PLANS, help='due on the day of goal 16')
    options = parser.parse_args(words)
    if options.rounds < 1 or options.backlog < 2 * 10 or options.plans < LEAST_PLANS:
        raise Failure(
            f'Rounds count from 1, payments of the backlog from 20, plans from {LEAST_PLANS}.')
    return options


def _chosen(words):
    known = {word: goal for goal in GOALS for word in (goal.name, str(goal.number))}
    if unknown := set(words) - known.keys():
        named = ', '.join(f'{goal.number} {goal.name}' for goal in sorted(GOALS))
        raise Failure(f'There is no goal {unknown.pop()}; there are: {named}.')
    wanted = {known[word] for word in words} or set(GOALS)
    return [goal for goal in GOALS if goal in wanted]


def _measure(goals, options):
    folder = _log_folder()
    before, started = _load(), time.monotonic()
    results = []
    with Stage(folder, options) as stage:
        for goal in goals:
            say(f'· {goal.number} {goal.name} …')
            began = time.monotonic()
            found = _results(goal, stage)
            say(f'  {goal.number} {goal.name}: {time.monotonic() - began:.0f} s, load {_load()}')
            for line in result.lines(found):
                say(f'    {line}')
            results += found
    result.show(sorted(results, key=lambda found: found.goal))
    print(f'\n{options.rounds} rounds in {time.monotonic() - started:.0f} s; load average'
          f' {before} before, {_load()} after; {os.cpu_count()} cores\n{_settings()}\n'
          f'Logs: {folder}')
    return results


def _results(goal, stage):
    """Measure a goal; one that breaks is missed, and does not take the others with it."""
    try:
        return goal.measure(stage)
    except Exception as error:
        traceback.print_exc()
        sentence = f'{type(error).__name__}: {error}'
        return [result.Result(goal.number, goal.name, '', '', '', '', False, (sentence,))]


def _load():
    return ' '.join(f'{value:.2f}' for value in os.getloadavg())


def _settings():
    """How durable the database was: it decides what a commit costs."""
    settings = {
        name: database.query(f'SHOW {name}')[0][0]
        for name in ('server_version', 'fsync', 'synchronous_commit')
    }
    return 'PostgreSQL: ' + ', '.join(f'{name} {value}' for name, value in settings.items())


def _log_folder():
    for old in sorted(LOGS.glob('bench-*'))[:1 - KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    folder = LOGS / f'bench-{time.strftime("%Y%m%d-%H%M%S")}-{os.getpid()}'
    folder.mkdir(parents=True)
    return folder
