"""The archive beside what others have installed: sales, a website, a shop, a till, Odoo's gateways.

Pages are asked for as customers ask for them, one buys in the shop, and nothing may warn.
"""

import requests

from . import bare, database, demo, lifecycle, server, shop
from .home import Failure, digest

APPS = (
    'sale', 'website', 'website_sale', 'point_of_sale', 'payment_demo', 'payment_custom',
    'payment_stripe', 'payment_paypal', 'payment_adyen', 'payment_mercado_pago',
)
# Odoo's own tests of paying in the shop and at the till.
TESTS = (
    '/website_sale:WebsiteSaleCartPayment', '/website_payment:TestMailing',
    '/point_of_sale:TestPointOfSaleFlow',
)
PATIENCE = 120
# By what one knows a page of ours, one of Odoo's with a website, and a till.
OURS, WEBSITE, TILL = 'class="ep"', 'id="wrapwrap"', 'point_of_sale.assets_prod'


def template():
    """Return the template with the apps."""
    origin = bare.template()
    return database.template(
        f'template_apps_{digest(origin, APPS)}', f'database with {", ".join(APPS)}',
        lambda name: _build(name, origin))


def _build(name, origin):
    database.create(name, origin)
    database.odoo(name, 'install', '--init', ','.join(APPS), '--stop-after-init')


def check(logs, addons, tests):
    """Install, run tests by `tests(name, options)`, visit, uninstall; return the tests' outcome."""
    options = ('--addons-path', addons)
    with database.copy(template(), 'beside') as name:
        before = lifecycle.strays(name)
        database.odoo(
            name, 'install', *options, '--init', server.ADDON, '--stop-after-init', logs=logs)
        outcome = tests(name, options)
        outcome.passed += _served(name, options, logs, _visit)
        with database.copy(name, 'shop') as shop_name:  # what has collected is not uninstalled
            outcome.passed += _served(shop_name, options, logs, shop.check)
        lifecycle.uninstall(name, server.ADDON, logs, *options)
        lifecycle.complain_of(lifecycle.strays(name) - before)
    return outcome


def _served(name, options, logs, visit):
    """Let `visit(running, screens)` ask for pages, without a warning; return what it returns."""
    folder = logs / name
    with demo.running(name, folder, *options, '--max-cron-threads', 0) as running:
        visited = visit(running, folder / 'screens')
    if found := database.warnings(running.odoo_log):
        raise Failure('\n'.join([f'Customers see warnings ({running.odoo_log}):', *found]))
    return visited


def _visit(running, _screens):
    """Set a company up, and ask for its pages; return how many were asked for."""
    url, admin = running.odoo_url, running.rpc()
    link, address = _set_up(admin)
    customer, nobody = admin.browser, requests.Session()
    pages = [
        (nobody, '/', WEBSITE), (nobody, '/shop', WEBSITE), (nobody, '/shop/cart', WEBSITE),
        (nobody, link, OURS), (nobody, address, OURS), (nobody, '/web/login', WEBSITE),
        (customer, '/my', WEBSITE), (customer, '/my/invoices', WEBSITE),
        (customer, '/my/statement', OURS), (customer, '/my/invoices/overdue', WEBSITE),
        (customer, '/my/payment_method', WEBSITE), (customer, _open_till(admin), TILL),
    ]
    for browser, path, expected in pages:
        answer = browser.get(path if '://' in path else url + path, timeout=PATIENCE)
        if answer.status_code != 200 or expected not in answer.text:
            raise Failure(f'{path} answers {answer.status_code}, without {expected}.')
    return len(pages)


def _set_up(admin):
    """Let the company collect; return a payment link of an invoice, and the payment address."""
    settings = admin.call('res.config.settings', 'create', {'chart_template': 'generic_coa'})
    admin.call('res.config.settings', 'execute', [settings])
    [app] = admin.call('payment.provider', 'search', [('code', '=', 'demo')])
    admin.call('payment.provider', 'write', [app], {'state': 'test'})
    [portal] = admin.call('email.pay.portal', 'search_read', [], fields=['address'])
    admin.call('email.pay.portal', 'write', [portal['id']], {
        'method_ids': [(0, 0, {'provider_id': app})], 'enabled': True})
    [partner] = admin.call('res.users', 'read', [admin.user_id], ['partner_id'])
    invoice = admin.call('account.move', 'create', {
        'move_type': 'out_invoice', 'partner_id': partner['partner_id'][0],
        'invoice_date': '2026-01-31', 'invoice_date_due': '2026-01-31',
        'invoice_line_ids': [(0, 0, {'name': 'Work', 'price_unit': 100})],
    })
    admin.call('account.move', 'action_post', [invoice])
    action = admin.call('account.move', 'action_copy_payment_link', [invoice])
    return action['params']['url'], portal['address']


def _open_till(admin):
    """Open a point of sale; return the path of its page."""
    till = admin.call('pos.config', 'create', {'name': 'Till'})
    return admin.call('pos.config', 'open_ui', [till])['url']
