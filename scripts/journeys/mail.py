"""A receipt to a customer and a notice to a supplier leave by two mail accounts of one company."""

from runtime.journeys import wait_until

CUSTOMER, SUPPLIER = 'pagos@cafeboquete.example.com', 'cobros@papelesdelistmo.example.com'
# By purpose, who signs in and sends.
ACCOUNTS = {'collection': 'cobros@paexample.com', 'supplier': 'pagos@paexample.com'}
RECEIPT, NOTICE = 'Molino', 'F-00017'


def run(journey):
    admin, accountant = journey.rpc(), journey.rpc('accountant', 'accountant')
    accounts = create_accounts(journey, admin, accountant)
    bill = create_bill(admin, accountant)
    invoice = find_invoice(accountant)
    with journey.step('Log in as the accountant'):
        desk = journey.log_in('accountant')
    with journey.step('Register a payment, and send the receipt'):
        collected = register(journey, desk, invoice, 'customer')
    with journey.step('The receipt left by the account for collections, with the PDF'):
        receipt = journey.wait_for_mail(to=CUSTOMER)
        check_mail(receipt, 'collection', invoice['name'])
        journey.show_mail(receipt, 'receipt')
    with journey.step('Pay a bill, and send the notice'):
        paid = register(journey, desk, bill, 'supplier')
    with journey.step('The notice left by the account for suppliers, with the PDF'):
        notice = journey.wait_for_mail(to=SUPPLIER)
        check_mail(notice, 'supplier', NOTICE)
        journey.show_mail(notice, 'notice')
    with journey.step('The mailbox shows who signed in'):
        show_mailbox(journey)
    with journey.step('The payments know what became of their mails'):
        for payment, purpose in ((collected, 'collection'), (paid, 'supplier')):
            check_history(accountant, payment, accounts[purpose], 1)
    with journey.step('Resend'):
        resend(journey, desk, paid)
        journey.wait_for_mail(to=SUPPLIER)
        check_history(accountant, paid, accounts['supplier'], 2)
        open_payment(journey, desk, paid)
        desk.get_by_role('tab', name='Receipts and Notices').click()
        journey.screenshot(desk, 'history', full_page=False)
    assert len(journey.mails(to=CUSTOMER)) == 1, "one receipt a payment"
    assert len(journey.mails(to=SUPPLIER)) == 2, "the notice, and once more"


def create_accounts(journey, admin, accountant):
    """The names of a mail account for each purpose."""
    [user] = accountant.call('res.users', 'read', [accountant.user_id], ['company_id'])
    ids = admin.call('ir.mail_server', 'create', [
        {
            'name': address, 'email_pay_purpose': purpose,
            'email_pay_company_id': user['company_id'][0],
            'email_pay_sender': address, 'smtp_host': '127.0.0.1', 'smtp_port': journey.smtp_port,
            'smtp_encryption': 'none', 'smtp_authentication': 'login', 'smtp_user': address,
            'smtp_pass': 'secret',
        }
        for purpose, address in ACCOUNTS.items()
    ])
    names = [account['name'] for account in admin.call('ir.mail_server', 'read', ids, ['name'])]
    return dict(zip(ACCOUNTS, names, strict=True))


def create_bill(admin, session):
    supplier = admin.call('res.partner', 'create', [{
        'name': 'Papeles del Istmo, S.A.', 'email': SUPPLIER, 'is_company': True}])[0]
    ids = session.call('account.move', 'create', [{
        'move_type': 'in_invoice', 'partner_id': supplier, 'ref': NOTICE,
        'invoice_date': '2026-01-15',
        'invoice_line_ids': [(0, 0, {'name': 'Papel', 'price_unit': 240.0, 'tax_ids': []})],
    }])
    session.call('account.move', 'action_post', ids)
    return read(session, ids)


def find_invoice(session):
    return read(session, session.call(
        'account.move', 'search',
        [('partner_id.email', '=', CUSTOMER), ('payment_state', '=', 'not_paid'),
         ('invoice_line_ids.name', 'like', RECEIPT)], limit=1))


def read(session, ids):
    return session.call('account.move', 'read', ids, ['name', 'amount_residual'])[0]


def register(journey, page, move, side):
    """Press *Pay* on a document and tell the other side; the id of the payment."""
    page.goto(f'{journey.odoo_url}/odoo/account.move/{move["id"]}')
    page.locator('button[name=action_register_payment]:visible').first.click(timeout=60_000)
    dialog = page.locator('.modal-dialog')
    dialog.locator('[name=email_pay_send_receipt] input').check()
    if side == 'supplier':
        dialog.locator('[name=email_pay_bank_reference] input').fill('TRX-778899')
    journey.screenshot(page, f'pay-{side}', full_page=False)
    dialog.locator('button[name=action_create_payments]:visible').click()
    dialog.wait_for(state='detached')
    session = journey.rpc('accountant', 'accountant')
    return wait_until(lambda: session.call(
        'account.payment', 'search', [('invoice_ids', 'in', move['id'])], limit=1))[0]


def check_mail(mail, purpose, document):
    html = mail.get_body(('html',)).get_content()
    plain = mail.get_body(('plain',)).get_content()
    assert mail['X-Login'] == ACCOUNTS[purpose], mail['X-Login']
    assert ACCOUNTS[purpose] in mail['From'], mail['From']
    assert document in html and document in plain, document
    kinds = [part.get_content_type() for part in mail.iter_attachments()]
    assert kinds == ['application/pdf'], kinds


def show_mailbox(journey):
    page = journey.desktop_page()
    page.goto(f'{journey.sandbox_url}/mailbox')
    for address in ACCOUNTS.values():
        page.get_by_text(f'signed in as {address}').first.wait_for()
    journey.screenshot(page, 'mailbox', full_page=False)
    page.close()


def check_history(session, payment, account, times):
    """Odoo keeps which account sent each mail, and what its server answered."""
    def sent():
        return session.call(
            'email.pay.receipt', 'search_read',
            [('payment_id', '=', payment), ('role', '!=', 'copy'), ('state', '=', 'sent')],
            ['server', 'answer'])

    receipts = wait_until(lambda: len(sent()) == times and sent())
    for receipt in receipts:
        assert receipt['server'] == account, receipt
        assert receipt['answer'] == '250 Kept in the sandbox', receipt


def open_payment(journey, page, payment):
    page.goto(f'{journey.odoo_url}/odoo/account.payment/{payment}')
    page.locator('.o_form_view .o_statusbar_status').wait_for(timeout=60_000)


def resend(journey, page, payment):
    open_payment(journey, page, payment)
    page.get_by_role('button', name='Resend').click()
    page.locator('.modal-footer .btn-primary').click()
    page.locator('.o_notification').first.wait_for()
    journey.screenshot(page, 'resend', full_page=False)
