"""A company of Costa Rica mails a statement; its customer picks documents and pays in colones."""

import datetime
import re

from runtime.journeys import enter_card, wait_until

LOGIN = 'contadora'
CUSTOMER = 'pagos@sodalaesquina.example.com'
COMPANY = 'cobros@crexample.com'
NAME = 'Soda La Esquina, S.R.L.'
RECEIPT = 'recibimos su pago'


def run(journey):
    accountant = journey.rpc(LOGIN, LOGIN)
    customer = find_customer(accountant)
    documents = find_documents(accountant, customer)
    picked = [document for document in documents if is_picked(document)]
    due = amount_due(picked)
    with journey.step('Log in as the accountant, in Spanish'):
        desk = journey.log_in(LOGIN, locale='es-CR')
    link = send(journey, desk, customer, documents)
    with journey.step('Open its link on a phone'):
        phone = open_statement(journey.phone_page(locale='es-CR'), link)
        assert '/pay/l/' in phone.url, "the token stays in the address"
        journey.screenshot(phone, 'statement')
    with journey.step('Pick what is overdue, and use the credit'):
        phone.locator('button[value=overdue]').click()
        phone.locator('input[name=credit]').check()
        wait_until(lambda: shown_total(phone) == due)
        journey.screenshot(phone, 'picked', full_page=False)
    with journey.step('Pay on the page of GreenPay'):
        phone.locator('.ep-button-pay').click()
        pay_by_card(journey, phone)
        phone.locator('#ep-status[data-state=paid]').wait_for(timeout=20_000)
        phone.wait_for_timeout(800)  # until the check mark is drawn
        journey.screenshot(phone, 'paid')
    with journey.step('What was picked is paid, and no other'):
        wait_until(lambda: find_documents(accountant, customer) == [
            document for document in documents if document not in picked])
        check_payment(accountant, customer, due)
    with journey.step('The receipt is there, and its copy'):
        journey.show_mail(journey.wait_for_mail(to=CUSTOMER, subject=RECEIPT), 'receipt')
        journey.wait_for_mail(to=COMPANY, subject=RECEIPT)
    with journey.step('The statement shows what is left'):
        journey.screenshot(open_statement(phone, link), 'statement-rest')
    assert len(journey.mails(to=CUSTOMER, subject=RECEIPT)) == 1, "one receipt a payment"


def send(journey, desk, customer, documents):
    """Mail the statement; return the address behind the button of the mail."""
    with journey.step('Send statement, from the customer'):
        open_customer(journey, desk, customer)
        journey.screenshot(desk, 'customer', full_page=False)
        desk.locator('button[name=action_send_statement]').click()
        desk.locator('.modal-footer .btn-primary').click()
        desk.locator('.o_notification').first.wait_for()
        journey.screenshot(desk, 'statement-sent', full_page=False)
    with journey.step('The mail is there, with the PDF and the button of GreenPay'):
        mail = journey.wait_for_mail(to=CUSTOMER, subject='estado de cuenta')
        link = check_mail(mail, documents)
        journey.show_mail(mail, 'mail')
    return link


def find_customer(session):
    return session.call('res.partner', 'search', [('name', '=', NAME)], limit=1)[0]


def find_documents(session, customer):
    """What the customer has open, the oldest due first."""
    return session.call(
        'account.move', 'search_read',
        [('partner_id', '=', customer), ('move_type', 'in', ('out_invoice', 'out_refund')),
         ('payment_state', '=', 'not_paid')],
        ['name', 'move_type', 'amount_residual', 'invoice_date_due'], order='invoice_date_due, id')


def is_picked(document):
    """Whether it is a credit, or overdue."""
    today = str(datetime.date.today())
    return document['move_type'] == 'out_refund' or document['invoice_date_due'] < today


def amount_due(documents):
    signs = {'out_invoice': 1, 'out_refund': -1}
    return round(sum(doc['amount_residual'] * signs[doc['move_type']] for doc in documents), 2)


def open_customer(journey, page, customer):
    page.goto(f'{journey.odoo_url}/odoo/res.partner/{customer}')
    page.locator('button[name=action_send_statement]').wait_for(timeout=60_000)


def check_mail(mail, documents):
    """Every open document and the PDF are in the mail; return the address of its button."""
    html = mail.get_body(('html',)).get_content()
    for document in documents:
        assert document['name'] in html, document['name']
    kinds = [part.get_content_type() for part in mail.iter_attachments()]
    assert kinds == ['application/pdf'], kinds
    return re.search(r'href="([^"]+/pay/[^"]+method=[^"]+)"', html)[1].replace('&amp;', '&')


def open_statement(page, link):
    page.goto(link)
    page.locator('#ep-pay').wait_for()
    return page


def shown_total(page):
    """The running total: its last two digits are céntimos."""
    return int(re.sub(r'\D', '', page.locator('[data-total]').inner_text())) / 100


def pay_by_card(journey, page):
    enter_card(page)
    journey.screenshot(page, 'greenpay')
    page.locator('form button').click()


def check_payment(session, customer, due):
    """One payment, of what was due, in the journal of the collections."""
    [payment] = session.call(
        'account.payment', 'search_read',
        [('partner_id', '=', customer), ('payment_transaction_id', '!=', False)],
        ['amount', 'journal_id', 'currency_id'])
    assert payment['amount'] == due, payment
    assert payment['currency_id'][1] == 'CRC', payment
    assert payment['journal_id'][1].startswith('Cobros en línea'), payment
