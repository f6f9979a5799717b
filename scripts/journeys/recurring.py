"""A company of Brazil sells in six instalments; one is refused, and one nobody tells of."""

import re

import requests
from runtime import database
from runtime.journeys import enter_card, wait_until

LOGIN = 'contabilista'
NAME = 'Clínica Aurora Ltda.'
CUSTOMER = 'contas@clinicaaurora.example.com'
PHONE = '+5521976543210'
COUNT = 6
RECEIPT = 'recebemos seu pagamento'
JOURNAL = 'Cobrança on-line'
SYNC = 'email_pay.ir_cron_sync_plans'


def run(journey):
    accountant = journey.rpc(LOGIN, LOGIN)
    gateway = Gateway(journey.sandbox_url)
    invoice = find_invoice(accountant)
    assert invoice['state'] == 'draft', invoice
    with journey.step('Log in as the accountant, in Portuguese'):
        desk = journey.log_in(LOGIN, locale='pt-BR')
    plan = sell(journey, desk, accountant, invoice)
    phone = begin(journey, plan)
    with journey.step('The invoice was posted by the first payment, which is booked'):
        wait_until(lambda: states(accountant, plan) == ['confirmed'] + ['awaiting'] * 5)
        assert find_invoice(accountant)['state'] == 'posted'
        open_invoice(journey, desk, invoice)
        desk.locator('.o_statusbar_status button:visible', has_text='Lançado').first.wait_for()
        journey.screenshot(desk, 'invoice-posted', full_page=False)
    with journey.step('Three months pass, each is told and booked'):
        for month in (2, 3, 4):
            gateway.pass_month()
            wait_until(lambda done=month: states(accountant, plan).count('confirmed') == done)
    pay_what_was_refused(journey, phone, accountant, gateway, plan)
    with journey.step('Nobody tells of the last month: the daily question finds it'):
        gateway.keep_silent()
        gateway.pass_month()
        assert states(accountant, plan)[-1] == 'awaiting'
        pass_day(journey)
        ask_daily(journey.rpc())
        wait_until(lambda: set(states(accountant, plan)) == {'confirmed'})
    check_books(journey, accountant, gateway, plan, invoice)
    report(journey, desk, accountant, plan)
    assert len(receipts(journey)) == COUNT, "one receipt a payment"


# -- Selling --------------------------------------------------------------------------------------

def sell(journey, desk, session, invoice):
    """Collect the draft in six instalments; the plan."""
    with journey.step('Open a draft invoice'):
        open_invoice(journey, desk, invoice)
        journey.screenshot(desk, 'draft', full_page=False)
    with journey.step('Collect it in six instalments'):
        desk.locator('button[name=action_email_pay_collect_in_installments]').click()
        desk.locator('.modal [name=count] input').fill(str(COUNT))
        desk.locator('.modal [name=count] input').press('Tab')
        rows = desk.locator('.modal [name=preview] tbody tr')
        wait_until(lambda: rows.count() == COUNT)
        journey.screenshot(desk, 'collect', full_page=False)
        desk.locator('.modal button[name=action_collect]').click()
        desk.locator('button[name=action_email_pay_copy_plan_link]').wait_for(timeout=30_000)
        journey.screenshot(desk, 'pending', full_page=False)
    plan = session.call(
        'email.pay.plan', 'search_read', [('move_id', '=', invoice['id'])],
        ['reference', 'amount', 'state'])[0]
    assert plan['state'] == 'pending', plan
    return plan


# -- Paying ---------------------------------------------------------------------------------------

def begin(journey, plan):
    """Follow the text message, and enter the card once; the phone's page."""
    with journey.step('The link comes as a text message'):
        text = journey.wait_for_mail(to=PHONE).get_body(('plain',)).get_content()
        phone = journey.phone_page(locale='pt-BR')
        phone.goto(re.search(r'https?://\S+/pay/\S+', text)[0])
        phone.locator('#ep-pay').wait_for()
        assert phone.locator('.ep-charges-list li').count() == COUNT
        journey.screenshot(phone, 'plan')
    with journey.step('Enter the card on the page of PagoLivre'):
        phone.locator('.ep-button-pay').click()
        pay_by_card(journey, phone, 'pagolivre')
        phone.locator('#ep-status[data-state=paid]').wait_for(timeout=30_000)
        phone.wait_for_timeout(800)  # until the check mark is drawn
        journey.screenshot(phone, 'first-paid')
    return phone


def pay_by_card(journey, page, screenshot):
    enter_card(page)
    journey.screenshot(page, screenshot)
    page.locator('form button').click()


def pay_what_was_refused(journey, phone, session, gateway, plan):
    with journey.step('The fifth is refused, and the customer is told'):
        gateway.refuse(session, plan)
        gateway.pass_month()
        wait_until(lambda: states(session, plan)[4] == 'denied')
        [message] = wait_until(lambda: mails_about(journey, r'\b5 \w+ 6\b'))
        journey.show_mail(message, 'refused-mail')
        link = re.search(
            r'href="([^"]+/pay/[^"]+)"', message.get_body(('html',)).get_content())[1]
    with journey.step('Pay it with the link'):
        phone.goto(link)
        phone.locator('.ep-charge-denied').wait_for()
        journey.screenshot(phone, 'refused')
        phone.locator('.ep-button-pay').click()
        pay_by_card(journey, phone, 'pagolivre-fifth')
        phone.locator('#ep-status[data-state=paid]').wait_for(timeout=30_000)
        wait_until(lambda: states(session, plan)[4] == 'confirmed')
        phone.goto(link)
        phone.locator('.ep-charges-list').wait_for()
        journey.screenshot(phone, 'fifth-paid')


class Gateway:
    """The desk of the sandbox: its clock, its refusals, its silence."""

    def __init__(self, sandbox_url):
        self._control = f'{sandbox_url}/control'

    def pass_month(self):
        self._post('pagolivre/desk/advance', months=1)

    def refuse(self, session, plan):
        self._post(f'pagolivre/transactions/{order_number(session, plan)}/refuse')

    def keep_silent(self):
        self._post('faults', kind='drop', gateway='pagolivre', times=1)

    def charges(self):
        """What was really charged, in reais."""
        ledger = requests.get(f'{self._control}/ledger?gateway=pagolivre', timeout=10).json()
        return [
            float(entry['amount']) for entry in ledger
            if entry['operation'] == 'sale' and entry['success']
        ]

    def _post(self, path, **values):
        answer = requests.post(f'{self._control}/{path}', json=values, timeout=10)
        answer.raise_for_status()


# -- What became of it ----------------------------------------------------------------------------

def find_invoice(session):
    return session.call(
        'account.move', 'search_read',
        [('partner_id.name', '=', NAME), ('move_type', '=', 'out_invoice')],
        ['name', 'state', 'payment_state', 'amount_total', 'amount_residual'], limit=1)[0]


def open_invoice(journey, page, invoice):
    page.goto(f'{journey.odoo_url}/odoo/action-account.action_move_out_invoice_type/{invoice["id"]}')
    page.locator('.o_form_view .o_statusbar_status').wait_for(timeout=60_000)


def installments(session, plan):
    return session.call(
        'email.pay.installment', 'search_read', [('plan_id', '=', plan['id'])],
        ['number', 'amount', 'state', 'payment_id'], order='number')


def states(session, plan):
    return [line['state'] for line in installments(session, plan)]


def order_number(session, plan):
    [transaction] = session.call(
        'payment.transaction', 'search_read', [('reference', '=', plan['reference'])],
        ['provider_reference'])
    return transaction['provider_reference']


def pass_day(journey):
    """What is to be looked at in a day is to be looked at now."""
    database.execute(
        "UPDATE email_pay_plan SET sync_at = sync_at - interval '1 day'", journey.database)


def mails_about(journey, pattern):
    """The mails to the customer whose subject matches."""
    return [
        mail for mail in journey.mails(to=CUSTOMER) if re.search(pattern, str(mail['Subject']))]


def ask_daily(admin):
    cron = admin.call('ir.model.data', 'check_object_reference', *SYNC.split('.'))[1]
    admin.call('ir.cron', 'method_direct_trigger', [cron])


def check_books(journey, session, gateway, plan, invoice):
    with journey.step('The books agree with the gateway, to the cent'):
        paid = find_invoice(session)
        assert paid['payment_state'] in ('paid', 'in_payment'), paid
        assert abs(paid['amount_residual']) < 0.005, paid
        lines = installments(session, plan)
        payments = session.call(
            'account.payment', 'read', [line['payment_id'][0] for line in lines],
            ['amount', 'journal_id', 'currency_id'])
        assert all(payment['journal_id'][1].startswith(JOURNAL) for payment in payments), payments
        assert sorted(payment['amount'] for payment in payments) == sorted(gateway.charges())
        assert round(sum(gateway.charges()), 2) == plan['amount'] == invoice['amount_total']
        wait_until(lambda: len(receipts(journey)) >= COUNT)


def receipts(journey):
    return journey.mails(to=CUSTOMER, subject=RECEIPT)


def report(journey, desk, session, plan):
    with journey.step('The report has them all, by month and status'):
        groups = session.call(
            'email.pay.installment', 'formatted_read_group', [('plan_id', '=', plan['id'])],
            ['due_date:month', 'state'], ['amount:sum'])
        assert len(groups) == COUNT, groups
        assert round(sum(group['amount:sum'] for group in groups), 2) == plan['amount']
        desk.goto(f'{journey.odoo_url}/odoo/action-email_pay.action_email_pay_installments')
        desk.locator('.o_list_view').wait_for(timeout=60_000)
        desk.locator('.o_searchview .o_facet_remove').click()
        desk.locator('.o_data_row').nth(COUNT - 1).wait_for()
        journey.screenshot(desk, 'report', full_page=False)
        desk.locator('.o_switch_view.o_pivot').click()
        desk.locator('.o_pivot table').wait_for()
        journey.screenshot(desk, 'report-totals', full_page=False)
