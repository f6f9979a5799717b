"""Some weeks of work of a company of Costa Rica, as its overview shows them: paid, late, and one
surprise."""

import re
from datetime import date, timedelta

import requests
from runtime import database
from runtime.journeys import card_window, enter_card, wait_until

LOGIN, LOCALE = 'contadora', 'es-CR'
MERCHANT = '100002'  # at Credicorp Bank
CARD = '4111111111111111'
GREENPAY, CREDICORP = 'greenpay', 'credicorp'
BUTTONS = {GREENPAY: 'form button', CREDICORP: '#pay'}
# Customer, what, amount in colones, days since it went out, and by which app and after how many
# hours it was paid, if it was. False: the customer left before the card was typed.
DOCUMENTS = (
    ('Panadería El Trigal', 'Harina de trigo', 184_500, 27, (GREENPAY, 3)),
    ('Hotel Los Helechos', 'Lavandería, 120 juegos', 412_000, 25, (CREDICORP, 52)),
    ('Café Cerro Verde', 'Sacos de yute', 96_750, 23, (GREENPAY, 9)),
    ('Clínica Santa Elena', 'Uniformes', 268_300, 20, (CREDICORP, 26)),
    ('Café Cerro Verde', 'Mantenimiento del molino', 225_000, 14, (GREENPAY, 120)),
    ('Hotel Los Helechos', 'Lavandería, 115 juegos', 398_500, 11, (CREDICORP, 20)),
    ('Panadería El Trigal', 'Moldes', 74_800, 5, (GREENPAY, 31)),
    ('Clínica Santa Elena', 'Mascarillas', 88_000, 2, False),
    ('Hotel Los Helechos', 'Lavandería, 122 juegos', 421_600, 1, None),
)


def run(journey):
    accountant = journey.rpc(LOGIN, LOGIN)
    with journey.step('Invoices go out'):
        invoices = create_invoices(accountant, create_customers(journey.rpc()))
        links = [send(journey, accountant, invoice) for invoice in invoices]
    with journey.step('Customers open them, and most of them pay'):
        visit_all(journey, links)
        wait_until(lambda: len(collected(accountant, invoices)) == len(paid()), timeout=60)
    with journey.step('All of it happens over some weeks'):
        spread(journey, invoices)
    with journey.step('The bank reports what nobody asked for; a promise is not kept'):
        surprise(journey, accountant)
    with journey.step('The overview'):
        desk = journey.log_in(LOGIN, locale=LOCALE)
        show(journey, desk, 'es-overview')
        show(journey, in_english(journey), 'overview')
    with journey.step('On a phone'):
        phone = journey.phone_page(locale=LOCALE, storage_state=desk.context.storage_state())
        show(journey, phone, 'es-overview-phone')
        too_wide = phone.evaluate('document.documentElement.scrollWidth - innerWidth')
        assert too_wide <= 0, too_wide


def paid():
    return [document for document in DOCUMENTS if document[-1]]


# -- What happens -------------------------------------------------------------------------------

def create_invoices(accountant, customers):
    """The invoices of these documents."""
    values = [
        {
            'move_type': 'out_invoice', 'partner_id': customers[name],
            'invoice_date': days_ago(days), 'invoice_date_due': days_ago(days - 15),
            'invoice_payment_term_id': False,
            'invoice_line_ids': [(0, 0, {'name': what, 'price_unit': amount})],
        }
        for name, what, amount, days, _payment in DOCUMENTS
    ]
    ids = accountant.call('account.move', 'create', values)
    accountant.call('account.move', 'action_post', ids)
    return accountant.call('account.move', 'read', ids, ['name'])


def create_customers(admin):
    names = list(dict.fromkeys(document[0] for document in DOCUMENTS))
    return dict(zip(names, admin.call('res.partner', 'create', [
        {'name': name, 'is_company': True, 'email': address(name), 'lang': 'es_CR'}
        for name in names
    ]), strict=True))


def address(name):
    return f'{re.sub("[^a-z]", "", name.lower())}@example.com'


def send(journey, accountant, invoice):
    """Mail it; the address behind the button of the mail."""
    accountant.call('account.move', 'action_send_payment_email', [invoice['id']])
    mail = journey.wait_for_mail(subject=invoice['name'], timeout=60)
    return re.search(r'href="([^"]+/pay/[^"]+)"', mail.get_body(('html',)).get_content())[1]


def visit_all(journey, links):
    phone = journey.phone_page(locale=LOCALE)
    for link, (*_document, payment) in zip(links, DOCUMENTS, strict=True):
        if payment is not None:
            app = payment[0] if payment else CREDICORP
            phone.goto(link)
            window = begin(phone, app)
        if payment:
            pay(phone, window, BUTTONS[app])
    phone.close()


def begin(phone, app):
    """By the first method, on the page of GreenPay, or by the other one, in Credicorp's window."""
    if app == CREDICORP:
        phone.get_by_text('Tarjeta internacional').click()
    phone.locator('.ep-button-pay').click()
    window = card_window(phone) if app == CREDICORP else phone
    window.locator('#number').wait_for()
    return window


def pay(phone, window, button):
    enter_card(window)
    window.locator(button).click()
    phone.locator('#ep-status[data-state=paid]').wait_for(timeout=20_000)


def surprise(journey, accountant):
    """The bank's own desk takes another amount from whoever left; a customer named a day."""
    [left] = journey.rpc().call('payment.transaction', 'search_read', [
        ('provider_id.code', '=', CREDICORP), ('state', '=', 'draft'),
        ('partner_id.name', '=', 'Clínica Santa Elena'),
    ], ['reference'])
    token = requests.post(f'{journey.sandbox_url}/token/create', timeout=10, json={
        'key': f'sandbox-tokenization-key-{MERCHANT}', 'number': CARD, 'exp': '1230',
    }).json()['token']
    requests.post(f'{journey.sandbox_url}/api/transact.php', timeout=10, data={
        'security_key': f'sandbox-security-key-{MERCHANT}', 'type': 'sale', 'amount': '8800.00',
        'currency': 'CRC', 'orderid': left['reference'], 'payment_token': token,
    }).raise_for_status()
    [late] = accountant.call(
        'account.move', 'search', [('partner_id.name', '=', 'Hotel Volcán Arenal, S.A.')])
    accountant.call('account.move', 'write', [late], {'email_pay_promised_for': days_ago(2)})
    wait_until(lambda: accountant.call(
        'email.pay.event', 'search_count', [('state', '=', 'parked')]))


# -- When it happens ----------------------------------------------------------------------------

# All of it just happened; on the calendar of the company it did so over the last weeks.
LINKS = """
    UPDATE email_pay_link link
       SET first_sent_at = made.sent_at, sent_at = made.sent_at,
           opened_at = made.sent_at + (link.opened_at - link.sent_at) + interval '20 minutes'
      FROM (SELECT now() AT TIME ZONE 'UTC' - make_interval(days => %s) AS sent_at) made
     WHERE EXISTS (SELECT FROM email_pay_link_move_rel rel
                    WHERE rel.link_id = link.id AND rel.move_id = %s)
 RETURNING link.id, link.first_sent_at
"""
PAYMENTS = """
    WITH paid AS (
        UPDATE payment_transaction SET last_state_change = %s WHERE email_pay_link_id = %s
     RETURNING payment_id
    )
    UPDATE account_payment payment SET date = %s FROM paid WHERE payment.id = paid.payment_id
"""


def spread(journey, invoices):
    with database.cursor(journey.database) as cr:
        for invoice, (*_document, days, payment) in zip(invoices, DOCUMENTS, strict=True):
            cr.execute(LINKS, [days, invoice['id']])
            [(link, sent_at)] = cr.fetchall()
            if payment:
                paid_at = sent_at + timedelta(hours=payment[1])
                cr.execute(PAYMENTS, [paid_at, link, paid_at.date()])


def days_ago(days):
    return str(date.today() - timedelta(days=days))


# -- What is seen -------------------------------------------------------------------------------

def collected(accountant, invoices):
    return accountant.call('account.move', 'search', [
        ('id', 'in', [invoice['id'] for invoice in invoices]),
        ('payment_state', 'in', ('paid', 'in_payment')),
    ])


def in_english(journey):
    """The same page as the administrator sees it, who closed the steps above it."""
    admin = journey.rpc()
    [company] = admin.call('res.company', 'search', [('name', '=', 'CR Company')])
    admin.call('onboarding.onboarding', 'action_email_pay_close',
               context={'allowed_company_ids': [company]})
    page = journey.log_in('admin')
    page.context.add_cookies([{'name': 'cids', 'value': str(company), 'url': journey.odoo_url}])
    return page


def show(journey, page, name):
    page.goto(f'{journey.odoo_url}/odoo/email-pay')
    page.locator('[name=collected] canvas').wait_for(timeout=60_000)
    page.wait_for_timeout(1200)  # until the chart is drawn
    journey.screenshot(page, name, full_page=False)
