"""An invoice is e-mailed, paid in two parts in the gateway's window, booked and receipted."""

import re

from runtime.journeys import card_window, enter_card, wait_until

CUSTOMER = 'billing@harborsupplies.example.com'
COMPANY = 'cobros@paexample.com'


def run(journey):
    accountant = journey.rpc('accountant', 'accountant')
    invoice = find_invoice(accountant)
    total = invoice['amount_residual']
    with journey.step('Log in as the accountant'):
        desk = journey.log_in('accountant')
    link = send(journey, desk, invoice)
    phone = pay_a_part(journey, link)
    with journey.step('The notification arrives and is processed'):
        wait_until(lambda: accountant.call(
            'email.pay.event', 'search_count',
            [('reference', 'like', invoice['name']), ('state', 'in', ('done', 'ignored'))]))
    with journey.step('The collection is booked and reconciled'):
        check_booked(accountant, invoice, total - 100, 'partial')
        open_invoice(journey, desk, invoice)
        journey.screenshot(desk, 'invoice-partially-paid', full_page=False)
    with journey.step('The receipt is there, and its copy'):
        receipt = journey.wait_for_mail(to=CUSTOMER, subject='payment received')
        journey.show_mail(receipt, 'receipt')
        journey.wait_for_mail(to=COMPANY, subject='payment received')
    pay_the_rest(journey, phone)
    with journey.step('The invoice is paid'):
        check_booked(accountant, invoice, 0, ('paid', 'in_payment'))
        journey.wait_for_mail(to=CUSTOMER, subject='payment received')
        open_invoice(journey, desk, invoice)
        journey.screenshot(desk, 'invoice-paid', full_page=False)
        phone.goto(link)
        journey.screenshot(phone, 'nothing-left-to-pay')
    assert len(journey.mails(to=CUSTOMER, subject='payment received')) == 2, "one receipt a payment"


def send(journey, desk, invoice):
    """Mail the invoice; return the address behind the button of the mail."""
    with journey.step('Open a posted invoice'):
        open_invoice(journey, desk, invoice)
        journey.screenshot(desk, 'invoice', full_page=False)
    with journey.step('Send payment email'):
        desk.get_by_role('button', name='Send payment email').click()
        desk.get_by_text(f'Payment email sent to {CUSTOMER}').first.wait_for()
        journey.screenshot(desk, 'invoice-sent', full_page=False)
    with journey.step('The mail is there, with the PDF and the button'):
        mail = journey.wait_for_mail(to=CUSTOMER, subject=invoice['name'])
        link = check_mail(mail)
        journey.show_mail(mail, 'mail')
    return link


def pay_a_part(journey, link):
    """Pay 100 from a phone; return its page."""
    with journey.step('Open its link on a phone'):
        phone = journey.phone_page()
        phone.goto(link)
        phone.get_by_role('button', name=re.compile('^Pay')).wait_for()
        assert link not in phone.url, "the token stays in the address"
        journey.screenshot(phone, 'payment-page', full_page=False)
    with journey.step('Pay a part in the gateway\'s window'):
        phone.get_by_text('Another amount').click()
        phone.get_by_label('Amount to pay').fill('100')
        journey.screenshot(phone, 'another-amount')
        phone.get_by_role('button', name=re.compile('^Pay')).click()
        pay_by_card(journey, phone, 'card-window')
        phone.get_by_role('heading', name='Payment received').wait_for(timeout=20_000)
        phone.get_by_role('link', name='Pay the rest').wait_for(timeout=20_000)
        phone.wait_for_timeout(800)  # until the check mark is drawn
        journey.screenshot(phone, 'paid-in-part')
    return phone


def pay_the_rest(journey, phone):
    with journey.step('Pay the rest'):
        phone.get_by_role('link', name='Pay the rest').click()
        phone.get_by_role('button', name=re.compile('^Pay')).wait_for()
        journey.screenshot(phone, 'payment-page-rest')
        phone.get_by_role('button', name=re.compile('^Pay')).click()
        pay_by_card(journey, phone)
        phone.get_by_role('heading', name='Payment received').wait_for(timeout=20_000)
        phone.wait_for_timeout(800)  # until the check mark is drawn
        journey.screenshot(phone, 'paid')


def find_invoice(session):
    domain = [('partner_id.name', '=', 'Harbor Supplies Inc.'), ('move_type', '=', 'out_invoice')]
    fields = ['name', 'amount_residual', 'display_name']
    return session.call('account.move', 'search_read', domain, fields, limit=1)[0]


def open_invoice(journey, page, invoice):
    page.goto(f'{journey.odoo_url}/odoo/action-account.action_move_out_invoice_type/{invoice["id"]}')
    page.locator('.o_form_view .o_statusbar_status').wait_for(timeout=60_000)
    page.get_by_text(invoice['name']).first.wait_for()


def check_mail(mail):
    """The mail has an HTML and a plain body and the PDF; return the address of its button."""
    html = mail.get_body(('html',)).get_content()
    plain = mail.get_body(('plain',)).get_content()
    link = re.search(r'href="([^"]+/pay/[^"]+)"', html)[1]
    assert link in plain, "the plain text has no link"
    kinds = [part.get_content_type() for part in mail.iter_attachments()]
    assert kinds == ['application/pdf'], kinds
    return link


def pay_by_card(journey, page, screenshot=None):
    window = card_window(page)
    enter_card(window)
    if screenshot:
        journey.screenshot(page, screenshot, full_page=False)
    window.locator('#pay').click()


def check_booked(session, invoice, residual, states):
    states = (states,) if isinstance(states, str) else states
    move = wait_until(lambda: next(iter(session.call(
        'account.move', 'search_read',
        [('id', '=', invoice['id']), ('payment_state', 'in', states)],
        ['amount_residual', 'payment_state'])), None))
    assert abs(move['amount_residual'] - residual) < 0.005, move
    payments = session.call(
        'account.payment', 'search_read',
        [('payment_transaction_id.reference', 'like', invoice['name'])], ['journal_id', 'amount'])
    assert all(payment['journal_id'][1].startswith('Online Collections') for payment in payments)
