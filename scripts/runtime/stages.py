"""The tests, in stages that run side by side: `scripts/test [fast | STAGE… [ARGUMENT…]]`.

lint        ruff, pylint with Odoo's and the OCA's checkers, Odoo's test_lint, well-formed XML
protocol    the gateways, mail sessions, the sandbox, scripts and documents, without Odoo
odoo        this add-on's tests; arguments are test tags: scripts/test odoo /email_pay:TestLink
pages       those of them that ask for the customers' pages
slow        those that drive browsers, race on real connections or invent their cases
peers       Odoo's own tests of the modules this add-on extends, with it installed
install     the archive with demo data: install, update, uninstall; an app beside it comes and goes
package     the archive: same bytes twice, in a bare Odoo with its own tests, upgrade from releases
apps        the archive beside sales, a website, a shop, a till; only when it is named
demo        the journeys, in a browser; arguments are their names
commands    those that documents tell and no other stage runs
chaos       payments while everything is killed; then the books are compared with the gateway's
charging    the same for what is collected month by month, by Odoo and by a gateway
"""

import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from . import (
    bare,
    beside,
    commands,
    database,
    fetch,
    lifecycle,
    lint,
    postgres,
    processes,
    server,
    upgrade,
)
from .home import CHECKOUT, LOGS, Failure, say

FAST = ('lint', 'protocol')
# Long, and seldom another answer: before a release.
NAMED_ONLY = ('apps',)
# Tests at install run before this add-on is loaded: they cannot tell anything about it.
PEERS = ('/payment', '/account_payment', '/payment_demo', '/portal', '-at_install')
# Of Odoo's own linters those that want a database; see odoo_lint.py for the others. That of indexes
# finds something in Odoo's add-on for Brazil: tests/test_indexes.py stands for it.
LINTERS = (
    '/test_lint:TestNaming', '/test_lint:TestLintOverrideSignatures', '/test_lint:RoutesLinter',
)
# The tags of tests that run beside the others.
PAGES, SLOW = 'email_pay_pages', 'email_pay_slow'
PROTOCOL_TESTS = ('tests/gateways', 'tests/sandbox', 'tests/scripts', 'tests/smtp')
MOST_REPEATED = 2
BARE_CHECKS = 3  # same bytes, installs, uninstalls
KEPT_RUNS = 10
SHOWN_LINES = 60


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    problems: list = field(default_factory=list)
    seconds: float = 0

    @property
    def ok(self):
        return not (self.failed or self.problems)


def main(*words):
    """Run the stages that the words name, without words all but those to be named."""
    usual = FAST if 'fast' in words else [name for name in STAGES if name not in NAMED_ONLY]
    names = [name for name in STAGES if name in words] or list(usual)
    arguments = [word for word in words if word not in STAGES and word != 'fast']
    if arguments and len(names) > 1:
        raise Failure(f'There is no stage {arguments[0]}; there are {", ".join(STAGES)}.')
    folder = _log_folder()
    with postgres.server():
        outcomes = _run(names, arguments, folder)
    return _report(outcomes, folder)


def _run(names, arguments, folder):
    """Run stages side by side, as many as the machine has cores; return their outcomes."""
    outcomes = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            # The template comes first, for the others wait for it.
            prepared = pool.submit(_prepare, names)
            futures = {
                pool.submit(_run_stage, name, arguments, folder, prepared): name for name in names}
            for future in as_completed(futures):
                outcomes[futures[future]] = future.result()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.end_all()
            raise
    return {name: outcomes[name] for name in names}


def _prepare(names):
    """Build what the stages copy: all but the quick ones, and the one that has its own."""
    if set(names) - {*FAST, 'apps'}:
        database.email_pay()


def _run_stage(name, arguments, folder, prepared):
    log = folder / f'{name}.log'
    started = time.monotonic()
    try:
        if name not in FAST:
            prepared.result()
        say(f'· {name} …')
        started = time.monotonic()
        outcome = STAGES[name](log, *arguments)
    except Failure as failure:
        outcome = Outcome(failed=1, problems=str(failure).split('\n'))
    outcome.seconds = time.monotonic() - started
    say(f'  {name}: {"passed" if outcome.ok else "FAILED"}, {outcome.seconds:.1f} s')
    for line in outcome.problems[:SHOWN_LINES]:
        say(f'    {line}')
    if not outcome.ok:
        say(f'    see {log}')
    return outcome


# -- Stages -----------------------------------------------------------------------------------

def _lint(log):
    complaints = lint.check(log)
    return Outcome(failed=len(complaints), problems=complaints and _tail(log) + complaints)


def _protocol(log):
    folders = [folder for folder in PROTOCOL_TESTS if (CHECKOUT / folder).is_dir()]
    for folder in folders:
        processes.run(
            (fetch.python(), '-W', 'error::ResourceWarning', '-m', 'unittest', 'discover',
             '-s', folder, '-t', '.', '-p', 'test_*.py'), log, cwd=CHECKOUT)
    return _unittest_outcome(log, runs=len(folders))


def _odoo(log, *tags):
    return _own_tests(log, tags or (f'/{server.ADDON}', f'-{PAGES}', f'-{SLOW}'))


def _pages(log, *tags):
    return _own_tests(log, tags or (f'{PAGES}/{server.ADDON}', f'-{SLOW}'))


def _slow(log, *tags):
    return _own_tests(log, tags or (f'{SLOW}/{server.ADDON}',))


def _own_tests(log, tags):
    with database.copy(database.tested(), log.stem) as name:
        return _tests_on(name, log, tags)


def _peers(log, *tags):
    if tags:
        return _steady_tests(log, tags)
    # Where a module is installed, only that module's tests run.
    linted = _odoo_tests(log.with_stem(f'{log.stem}_lint'), LINTERS, '--init', 'test_lint')
    outcome = _steady_tests(log, PEERS)
    return Outcome(
        outcome.passed + linted.passed, outcome.failed + linted.failed,
        outcome.skipped + linted.skipped, outcome.problems + linted.problems)


def _steady_tests(log, tags):
    """On a busy machine a tour of Odoo's own may click before its page listens: what fails has to
    fail twice."""
    outcome = _odoo_tests(log, tags)
    again = _failed_tests(log)
    if outcome.ok or not again or len(again) > MOST_REPEATED:
        return outcome
    second = _odoo_tests(log.with_stem(f'{log.stem}_again'), again)
    if not second.ok:
        return outcome
    say(f'  {log.stem}: passed when run again: {", ".join(again)}')
    return Outcome(outcome.passed + second.passed, 0, outcome.skipped)


def _failed_tests(log):
    """The tags of the tests that failed in an Odoo log."""
    failed = re.findall(
        r' ERROR \S+ odoo\.addons\.(\w+)\.tests\.\w+: (?:FAIL|ERROR): (\w+\.\w+)$',
        log.read_text(errors='replace'), re.M)
    return [f'/{module}:{test}' for module, test in failed]


def _odoo_tests(log, tags, *options):
    with database.copy(database.email_pay(), log.stem) as name:
        return _tests_on(name, log, tags, *options)


def _tests_on(name, log, tags, *options):
    with processes.port(18069) as port:
        code = server.run(
            log, '--database', name, '--test-tags', ','.join(tags), '--stop-after-init',
            '--http-port', port, '--screenshots', log.parent, *options)
    return _odoo_outcome(log, code)


def _install(log):
    addons = bare.unpacked(log.with_suffix(''))
    return Outcome(passed=lifecycle.check(log.parent, addons))


def _package(log):
    folder = log.with_suffix('')
    bare.check_bytes(folder)
    addons = bare.unpacked(folder)
    outcome = bare.check(log.parent, addons, _shipped_tests(log))
    outcome.passed += BARE_CHECKS
    if upgrade.is_possible():
        outcome.passed += upgrade.check(log.parent, addons)
    else:
        say(f'  {log.stem}: no upgrade was tried, for this clone has no history')
        outcome.skipped += 1
    return outcome


def _apps(log):
    addons = bare.unpacked(log.with_suffix(''))
    outcome = beside.check(log.parent, addons, _shipped_tests(log, *beside.TESTS))
    ran = log.read_text(errors='replace')
    if silent := [tag for tag in beside.TESTS if f': Starting {tag.partition(":")[2]}.' not in ran]:
        raise Failure(f'No test of {", ".join(silent)} ran.')
    return outcome


def _shipped_tests(log, *more):
    tags = (f'/{server.ADDON}', *more)
    return lambda name, options: _tests_on(name, log, tags, *options)


def _demo(log, *journeys):
    code = processes.run((CHECKOUT / 'scripts' / 'demo', '--check', *journeys), log)
    text = log.read_text(errors='replace')
    passed, failed = (len(re.findall(rf'^{word} ', text, re.M)) for word in ('PASS', 'FAIL'))
    return _counted(passed, failed or bool(code), 0, _tail(log))


def _commands(log):
    return Outcome(passed=commands.check(log.parent))


def _chaos(log, *options):
    options = options or ('--kills', 100, '--seconds', 90)
    code = processes.run((CHECKOUT / 'scripts' / 'chaos', *options, '--seed', 'test'), log)
    return _counted(not code, bool(code), 0, _tail(log))


def _charging(log):
    return _chaos(log, '--plans', 16, '--customers', 0, '--kills', 16, '--seconds', 16)


# The long ones first: what is short fills the lane that is done before the other.
STAGES = {
    'lint': _lint,
    'protocol': _protocol,
    'odoo': _odoo,
    'slow': _slow,
    'package': _package,
    'pages': _pages,
    'demo': _demo,
    'charging': _charging,
    'install': _install,
    'chaos': _chaos,
    'peers': _peers,
    'commands': _commands,
    'apps': _apps,
}


# -- Outcomes ---------------------------------------------------------------------------------

def _unittest_outcome(log, runs):
    text = log.read_text(errors='replace') if runs else ''
    ran = [int(count) for count in re.findall(r'^Ran (\d+) tests? in', text, re.M)]
    bad = sum(map(int, re.findall(r'[(, ](?<!expected )(?:failures|errors)=(\d+)', text)))
    skipped = sum(map(int, re.findall(r'\bskipped=(\d+)', text)))
    if len(ran) < runs or 0 in ran:
        return Outcome(failed=1, problems=['A folder ran no test.', *_tail(log)])
    return _counted(sum(ran) - bad - skipped, bad, skipped, _tail(log))


def _odoo_outcome(log, code):
    text = log.read_text(errors='replace')
    totals = re.findall(r'(\d+) failed, (\d+) error\(s\) of (\d+) tests', text)
    failed, errors, ran = map(int, totals[-1]) if totals else (0, 1, 1)
    skipped = len(re.findall(r' INFO \S+ \S+: skipped ', text))
    unexpected = database.warnings(log, f'odoo.addons.{server.ADDON}')
    bad = failed + errors or bool(code or unexpected)
    return _counted(
        ran - failed - errors - skipped, bad, skipped, database.warnings(log) or _tail(log))


def _counted(passed, failed, skipped, problems):
    if not passed and not failed:
        return Outcome(failed=1, problems=['No test ran.', *problems])
    return Outcome(passed, failed, skipped, problems if failed else [])


def _tail(log):
    return log.read_text(errors='replace').split('\n')[-SHOWN_LINES:] if log.exists() else []


def _report(outcomes, folder):
    """Print a table and the closing line; return the exit code."""
    print(f'\n{"stage":<10} {"passed":>7} {"failed":>7} {"skipped":>8} {"seconds":>9}')
    for name, outcome in outcomes.items():
        print(f'{name:<10} {outcome.passed:>7} {outcome.failed:>7} {outcome.skipped:>8}'
              f' {outcome.seconds:>9.1f}')
    total = [
        sum(getattr(outcome, what) for outcome in outcomes.values())
        for what in ('passed', 'failed', 'skipped')
    ]
    print(f'\nLogs: {folder}\n')
    print('{} passed, {} failed{}'.format(*total[:2], f', {total[2]} skipped' if total[2] else ''))
    return int(not all(outcome.ok for outcome in outcomes.values()))


def _log_folder():
    """Return this run's own folder for logs, and forget the oldest runs."""
    for old in sorted(LOGS.glob('test-*'))[:1 - KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    folder = Path(LOGS / f'test-{time.strftime("%Y%m%d-%H%M%S")}-{os.getpid()}')
    folder.mkdir(parents=True)
    return folder
