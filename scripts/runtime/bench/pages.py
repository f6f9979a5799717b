"""Goals 9 and 11: the payment page beside Odoo's own portal page of the same invoice."""

import functools
import os
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from .. import rpc
from ..home import Failure
from ..journeys import CHROMIUM, FLAGS, PHONE
from .measure import flat, in_series, ratio, typical
from .result import at_most, bounded, counted, ms
from .sockets import ask, get
from .stage import WORKERS, Server
from .templates import PAGE

VISITS = 20
FIRST_VISITS = 6
# Milliseconds until the empty tab is there: what opening one costs the browser is not the page's.
SETTLE = 500
MOST_BYTES = 150_000
MOST_REQUESTS = 8
PAINT = """() => new Promise(resolve => {
    const found = () => performance.getEntriesByName('first-paint')[0];
    const wait = () => found() ? resolve(found().startTime) : setTimeout(wait, 20);
    wait();
})"""


class Pages(NamedTuple):
    """Where a customer sees the invoice: on our server by a link, on the stock one by a token."""

    ours: Server
    link: str
    stock: Server
    portal: str


@functools.cache
def _pages(stage):
    ours, stock = stage.server('ours'), stage.server('stock')
    accountant = rpc.Session(ours.url, ours.database, 'accountant', 'accountant')
    invoice = accountant.call('account.move', 'search', [('ref', '=', PAGE)])
    action = accountant.call('account.move', 'action_copy_payment_link', invoice)
    (number, token), = stage.query(
        stock.database, 'SELECT id, access_token FROM account_move WHERE ref = %s', PAGE)
    return Pages(
        ours, urlsplit(action['params']['url']).path,
        stock, f'/my/invoices/{number}?access_token={token}')


def _seen(server, request, kind=2):
    answer = ask(server.port, request)
    if answer.status // 100 != kind:
        raise Failure(f'The page answers {answer.status}, see {server.log}.')
    return answer


# -- 9: on the server -------------------------------------------------------------------------

def served(stage):
    pages = _pages(stage)
    entry = get(pages.link)
    page = _let_in(pages)
    portal = get(pages.portal)
    _warm_up(pages, page, portal)
    marks = pages.ours.mark(), pages.stock.mark()
    taken = in_series(
        stage.rounds, VISITS, VISITS // 2,
        ours=lambda: _seen(pages.ours, page).seconds,
        entry=lambda: _seen(pages.ours, entry, kind=3).seconds,
        stock=lambda: _seen(pages.stock, portal).seconds)
    ours, entry, stock = taken['ours'], taken['entry'], taken['stock']
    both = [[sum(pair) for pair in zip(*pair, strict=True)]
            for pair in zip(ours, entry, strict=True)]
    sql = (f'{counted(pages.ours.queries("/pay/l/", marks[0]))}; stock'
           f' {counted(pages.stock.queries("/my/invoices/", marks[1]))}')
    return [at_most(
        9, 'payment page, p50, of the stock page', ms(typical(ours)), ms(typical(stock)),
        ratio(ours, stock), 0.5,
        (sql, f'with the redirect from the link: {ms(typical(both))}, {ratio(both, stock):.2f} ×'))]


def _let_in(pages):
    """Follow the link as a browser does: the request for the page, with its cookie."""
    answer = _seen(pages.ours, get(pages.link), kind=3)
    cookie = answer.header('set-cookie').partition(';')[0]
    return get(urlsplit(answer.header('location')).path, Cookie=cookie)


def _warm_up(pages, page, portal):
    for _ in range(3):
        pages.ours.warm_up([page] * WORKERS)
        pages.stock.warm_up([portal] * WORKERS)


# -- 11: in a browser -------------------------------------------------------------------------

class Visit(NamedTuple):
    paint: float
    requests: int
    size: int


def first_visits(stage):
    pages = _pages(stage)
    _warm_up(pages, _let_in(pages), get(pages.portal))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0, args=FLAGS)
        visits = {
            'ours': lambda: _visit(browser, pages.ours.url + pages.link),
            'stock': lambda: _visit(browser, pages.stock.url + pages.portal),
        }
        for visit in visits.values():
            visit()
        taken = in_series(stage.rounds, FIRST_VISITS, FIRST_VISITS // 2, **visits)
        browser.close()
    ours, stock = taken['ours'], taken['stock']
    every, stocks = flat(ours), flat(stock)
    return [
        bounded(11, 'first visit: kB', max(visit.size for visit in every) / 1000,
                MOST_BYTES / 1000,
                notes=(f'stock {median(v.size for v in stocks) / 1000:.0f} kB',)),
        bounded(11, 'first visit: requests', max(visit.requests for visit in every), MOST_REQUESTS,
                notes=(f'stock {median(v.requests for v in stocks):.0f}',)),
        at_most(11, 'first paint, p50, of the stock page', ms(typical(ours, _paint)),
                ms(typical(stock, _paint)), ratio(ours, stock, _paint), 0.5),
    ]


def _paint(visits):
    return median(visit.paint for visit in visits)


def _visit(browser, url):
    """Open an address on a phone that has never been there."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.wait_for_timeout(SETTLE)
    requests = []
    page.on('request', lambda request: requests.append(request))
    page.goto(url, wait_until='load')
    paint = page.evaluate(PAINT)
    page.wait_for_load_state('networkidle')
    sizes = [request.sizes() for request in requests]
    context.close()
    size = sum(found['responseBodySize'] + found['responseHeadersSize'] for found in sizes)
    return Visit(paint / 1000, len(requests), size)
