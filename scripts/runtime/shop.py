"""A customer buys in the shop of the website, on a phone, and pays in the window of a gateway of
ours: the order is confirmed, and the money is taken, told and booked once.
"""

import requests
from playwright.sync_api import Error, sync_playwright

from . import demo, journeys
from .home import Failure

PRICE = 12.5
CUSTOMER = {
    'name': "Ana Compradora", 'email': 'ana@example.com', 'phone': '+507 6123 4567',
    'street': "Calle 1", 'city': "Boquete", 'zip': '0413',
}
COUNTRY = "Panama"
ACCOUNT = '100001'
KEYS = {
    f'credicorp_{field}': f'sandbox-{key}-{ACCOUNT}' for field, key in (
        ('api_key', 'security-key'), ('tokenization_key', 'tokenization-key'),
        ('webhook_key', 'signing-key'))
}
GO_ON = '[name=website_sale_main_button]:visible'


def check(running, screens):
    """Buy; return the number of things that were looked at."""
    admin = running.rpc()
    path = _offer(running, admin)
    with sync_playwright() as playwright, journeys.launch(playwright) as browser:
        journey = journeys.Journey('shop', running, browser, screens)
        phone = journey.phone_page()
        try:
            _fill_cart(journey, phone, path)
            _pay(journey, phone)
        except Error as error:
            picture = journey.screenshot(phone, 'failure')
            raise Failure(f'Nothing can be bought in the shop, see {picture}.\n{error}') from error
    return _look(running, admin)


def _offer(running, admin):
    """Let the shop sell something, by Credicorp's sandbox; return its path."""
    [app] = admin.call('payment.provider', 'search', [('code', '=', 'credicorp')])
    journal = admin.call(
        'account.journal', 'create', {'name': "Shop", 'code': 'SHOP', 'type': 'bank'})
    admin.call('payment.provider', 'write', [app], {
        **KEYS, 'credicorp_base_url': running.sandbox_url, 'journal_id': journal})
    admin.call('payment.provider', 'write', [app], {'state': 'test', 'is_published': True})
    demo.configure(running)
    product = admin.call('product.template', 'create', {
        'name': "Coffee", 'list_price': PRICE, 'taxes_id': [(5, 0, 0)], 'type': 'service',
        'is_published': True})
    return f'/shop/product-{product}'


def _fill_cart(journey, phone, path):
    phone.goto(journey.odoo_url + path)
    phone.click('#add_to_cart')
    phone.locator('.my_cart_quantity', has_text='1').first.wait_for(state='attached')
    phone.goto(f'{journey.odoo_url}/shop/cart')
    journey.screenshot(phone, 'cart')
    phone.click(GO_ON)
    for field, value in CUSTOMER.items():
        phone.fill(f'input[name={field}]', value)
    phone.select_option('select[name=country_id]', label=COUNTRY)
    journey.screenshot(phone, 'address')
    phone.click(GO_ON)


def _pay(journey, phone):
    phone.locator('.o_payment_option_label', has_text="Card").click()
    journey.screenshot(phone, 'payment')
    phone.click('button[name=o_payment_submit_button]:visible')
    window = journeys.card_window(phone)
    journeys.enter_card(window)
    journey.screenshot(phone, 'window')
    window.locator('#pay').click()
    phone.get_by_role('heading', name="Payment received").wait_for()
    phone.wait_for_timeout(800)  # until the check mark is drawn
    journey.screenshot(phone, 'paid')
    phone.get_by_role('link', name="Back").click()
    phone.get_by_text("Thank you for your order").first.wait_for()
    journey.screenshot(phone, 'confirmed')


def _look(running, admin):
    """Compare what Odoo and the gateway say of what was bought."""
    [order] = admin.call(
        'sale.order', 'search_read', [('partner_id.email', '=', CUSTOMER['email'])],
        ['name', 'state', 'amount_total'])
    of_order = [('payment_transaction_id.sale_order_ids', 'in', [order['id']])]
    payments = admin.call('account.payment', 'search_read', of_order, ['amount', 'journal_id'])
    notified = admin.call(
        'email.pay.event', 'search_read', [('reference', '=', order['name'])], ['state'])
    found = {
        'order': (order['state'], order['amount_total']),
        'booked': [(payment['amount'], payment['journal_id'][1]) for payment in payments],
        'notified': [event['state'] in ('done', 'ignored') for event in notified],
        'taken': [sale['amount'] for sale in _ask(running, 'ledger') if sale['success']],
        'answered': [
            attempt['status'] for delivery in _ask(running, 'deliveries')
            for attempt in delivery['attempts']],
    }
    expected = {
        'order': ('sale', PRICE), 'booked': [(PRICE, "Shop")], 'notified': [True],
        'taken': [f'{PRICE:.2f}'], 'answered': [200],
    }
    if found != expected:
        raise Failure(f'What was bought in the shop: {found} instead of {expected}.')
    return len(expected)


def _ask(running, what):
    return requests.get(f'{running.sandbox_url}/control/{what}', timeout=10).json()
