"""A Costa Rican company mails a statement; its customer picks documents and pays in colones."""

import re

from .invoice import show_mail, wait_until

CUSTOMER = 'pagos@sodalaesquina.example.com'
COMPANY = 'cobros@crexample.com'
NAME = 'Soda La Esquina, S.R.L.'
CARD = '4111 1111 1111 1111'


def run(journey):
    accountant = journey.rpc('contadora', 'contadora')
    customer = find_customer(accountant)
    documents = find_documents(accountant, customer)
    with journey.step('Log in as the accountant, in Spanish'):
        desk = log_in(journey)
    with journey.step('Send statement, from the customer'):
        open_customer(journey, desk, customer)
        journey.screenshot(desk, 'customer', full_page=False)
        desk.locator('button[name=action_send_statement]').click()
        desk.locator('.modal-footer .btn-primary').click()
        desk.locator('.o_notification').first.wait_for()
        journey.screenshot(desk, 'statement-sent', full_page=False)
    with journey.step('The mail is there, with the PDF and the buttons'):
        mail = journey.wait_for_mail(to=CUSTOMER, subject='estado de cuenta')
        link = check_mail(mail, documents)
        show_mail(journey, mail)
    with journey.step('Open its link on a phone'):
        phone = journey.phone_page(locale='es-CR')
        phone.goto(link)
        phone.locator('#ep-pay').wait_for()
        assert '/pay/l/' in phone.url, "the token stays in the address"
        journey.screenshot(phone, 'statement')
    with journey.step('Pick what is overdue, and use the credit'):
        total = pick_overdue(phone)
        due = amount_due(documents)
        assert total == due, f'{total} is shown, {due} is due'
        journey.screenshot(phone, 'picked', full_page=False)
    with journey.step('Pay on the page of GreenPay'):
        phone.locator('.ep-button-pay').click()
        pay_by_card(journey, phone)
        phone.locator('.ep-status-paid, [data-state=paid]').first.wait_for(timeout=20_000)
        phone.wait_for_timeout(800)  # until the check mark is drawn
        journey.screenshot(phone, 'paid')
    with journey.step('The documents that were picked are paid, and no other'):
        check_booked(accountant, documents, due)
    with journey.step('The receipt is there, and its copy'):
        show_mail(journey, journey.wait_for_mail(to=CUSTOMER, subject='recib'), 'receipt')
        journey.wait_for_mail(to=COMPANY, subject='recib')
    with journey.step('The statement shows what is left'):
        phone.goto(link)
        phone.locator('#ep-pay').wait_for()
        journey.screenshot(phone, 'statement-rest')
        open_customer(journey, desk, customer)
        journey.screenshot(desk, 'customer-rest', full_page=False)


def find_customer(session):
    return session.call('res.partner', 'search', [('name', '=', NAME)], limit=1)[0]


def find_documents(session, customer):
    """The open documents of the customer, the oldest due first."""
    return session.call(
        'account.move', 'search_read',
        [('partner_id', '=', customer), ('move_type', 'in', ('out_invoice', 'out_refund')),
         ('payment_state', '=', 'not_paid')],
        ['name', 'move_type', 'amount_residual', 'invoice_date_due'], order='invoice_date_due')


def is_overdue(document):
    import datetime
    return document['invoice_date_due'] < str(datetime.date.today())


def amount_due(documents):
    """What the overdue invoices come to, less the credit."""
    return round(sum(
        document['amount_residual'] * (1 if document['move_type'] == 'out_invoice' else -1)
        for document in documents
        if document['move_type'] == 'out_refund' or is_overdue(document)), 2)
