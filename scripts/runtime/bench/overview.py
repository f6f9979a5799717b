"""Goal 18: the collections overview at very many documents, beside Odoo's accounting dashboard."""

import os
import time
from datetime import date, timedelta

from .. import database, rpc
from .measure import flat, in_turns, p95, ratio, typical
from .result import at_most, bounded, counted, ms
from .stage import WORKERS

DOCUMENTS = int(os.environ.get('EMAIL_PAY_BENCH_DOCUMENTS', 200_000))
VISITS = 8
LIMIT = 300  # ms
PATH = '/web/dataset/call_kw/email.pay.overview'
# What the web client reads of each journal to draw Odoo's own dashboard.
DASHBOARD = {name: {} for name in (
    'kanban_dashboard', 'kanban_dashboard_graph', 'name', 'type', 'color', 'activity_ids',
)}


def opened(stage):
    with stage.shell('ours', 'volume') as call:
        found = call('create_volume', count=DOCUMENTS)
    name = stage.database('ours', 'volume')
    # As PostgreSQL does by itself in the course of a year.
    database.execute('VACUUM ANALYZE', name)
    with stage.serving(name) as server:
        visitor = Visitor(server, found)
        for _ in range(3 * WORKERS):
            visitor.overview()
            visitor.dashboard()
        mark = server.mark()
        taken = in_turns(
            stage.rounds, VISITS, overview=visitor.overview, year=visitor.year,
            dashboard=visitor.dashboard)
        sql = counted(server.queries(PATH, mark))
    return _results(taken, found, sql)


def _results(taken, found, sql):
    what = f'overview at {found["documents"]} documents'
    worst = p95(flat(taken['overview'])) * 1000
    return [
        bounded(18, f'{what}, p95', worst, LIMIT, ' ms', (
            f'median {ms(typical(taken["overview"]))}; {sql}',
            f'all of a year at once: median {ms(typical(taken["year"]))}')),
        at_most(18, 'overview, p50, of the accounting dashboard', ms(typical(taken['overview'])),
                ms(typical(taken['dashboard'])), ratio(taken['overview'], taken['dashboard']), 2),
    ]


class Visitor:
    """The requests that the web client makes for each of the two pages."""

    def __init__(self, server, found):
        self._session = rpc.Session(server.url, server.database, 'accountant', 'accountant')
        self._context = {'allowed_company_ids': [found['company']], 'lang': 'en_US'}
        self._first = (date.today() - timedelta(days=364)).isoformat()

    def overview(self, *period):
        started = time.perf_counter()
        if not period:
            self._session.load_action('email_pay.action_email_pay_overview', self._context)
        self._session.call(
            'email.pay.overview', 'read_overview', *period, context=self._context)
        return time.perf_counter() - started

    def year(self):
        return self.overview('free', self._first, date.today().isoformat())

    def dashboard(self):
        started = time.perf_counter()
        self._session.load_action('account.open_account_journal_dashboard_kanban', self._context)
        self._session.call(
            'account.journal', 'web_search_read', [('show_on_dashboard', '=', True)], DASHBOARD,
            context=self._context)
        return time.perf_counter() - started
