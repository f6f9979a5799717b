"""A company of Chile shows a QR code; its customer signs in and pays two of three documents."""

import re

import requests
import zxingcpp
from PIL import Image
from runtime.journeys import card_window, enter_card, wait_until

LOGIN = 'contador'
COMPANY = 'cobranzas@clexample.com'
NAME = 'Viña Los Almendros SpA'
CUSTOMER = 'pagos@losalmendros.example.com'
PHONE = '+56987654321'
# As people write them, which is not as they are on file.
TYPED_TAX_NUMBER = '76.543.210-3'
TYPED_PHONE = '9 8765 4321'
METHOD = 'Tarjeta de crédito'
RECEIPT = 'recibimos su pago'


def run(journey):
    accountant = journey.rpc(LOGIN, LOGIN)
    documents = find_documents(accountant)
    assert len(documents) == 3, documents
    picked, left = documents[:2], documents[2:]
    due = round(sum(document['amount_residual'] for document in picked))
    with journey.step('Log in as the accountant, in Spanish'):
        desk = journey.log_in(LOGIN, locale='es-CL')
    with journey.step('Download the QR code of the payment address'):
        picture = download_qr_code(journey, desk)
    with journey.step('Scan it with a phone'):
        address = read_qr_code(picture)
        assert address.startswith(f'{journey.odoo_url}/pay/to/'), address
        phone = journey.phone_page(locale='es-CL')
        phone.goto(address)
        phone.locator('#ep-tax-number').wait_for()
        journey.screenshot(phone, 'payment-address')
    with journey.step('Say who one is, with RUT and phone'):
        phone.fill('#ep-tax-number', TYPED_TAX_NUMBER)
        phone.fill('#ep-phone', TYPED_PHONE)
        journey.screenshot(phone, 'who')
        phone.locator('main button[type=submit]').click()
        phone.locator('#ep-code').wait_for()
        journey.screenshot(phone, 'code')
    with journey.step('The code comes as a text message'):
        text = journey.wait_for_mail(to=PHONE).get_body(('plain',)).get_content()
        phone.fill('#ep-code', re.search(r'\b\d{6}\b', text)[0])
        phone.locator('main button[type=submit]').click()
        phone.locator('#ep-pay').wait_for()
        assert re.fullmatch(r'.*/pay/l/\w+', phone.url), phone.url
        assert shown_documents(phone) == [document['name'] for document in documents]
        journey.screenshot(phone, 'statement')
    with journey.step('Pick two of three documents, and the second way to pay'):
        phone.locator('.ep-charges label', has_text=left[0]['name']).tap()
        phone.get_by_role('radio', name=METHOD).check()
        assert shown_amount(phone.locator('[data-total]')) == due
        journey.screenshot(phone, 'picked')
    with journey.step('Pay in the window of the gateway, in pesos'):
        phone.locator('.ep-button-pay').click()
        pay_by_card(journey, phone, due)
        phone.locator('#ep-status[data-state=paid]').wait_for(timeout=20_000)
        phone.wait_for_timeout(800)  # until the check mark is drawn
        journey.screenshot(phone, 'paid')
    with journey.step('The two are paid, the third is open'):
        wait_until(lambda: find_documents(accountant) == left)
        check_payment(journey, accountant, picked, due)
        phone.goto(address)
        phone.locator('#ep-pay').wait_for()
        assert shown_documents(phone) == [left[0]['name']]
        journey.screenshot(phone, 'third-is-open')
    with journey.step('The receipt is there, and its copy'):
        receipt = journey.wait_for_mail(to=CUSTOMER, subject=RECEIPT)
        html = receipt.get_body(('html',)).get_content()
        assert all(document['name'] in html for document in picked), "a document is missing"
        assert left[0]['name'] not in html
        journey.show_mail(receipt, 'receipt')
        journey.wait_for_mail(to=COMPANY, subject=RECEIPT)
    with journey.step('Sign out: the page of the statement is closed'):
        statement = phone.url
        phone.locator('form[action$="/out"] button').click()
        phone.locator('form[action$="/out"]').wait_for(state='detached')
        phone.wait_for_timeout(800)  # until the check mark is drawn
        journey.screenshot(phone, 'signed-out')
        assert phone.goto(statement).status in (403, 404)
        journey.screenshot(phone, 'closed')
    with journey.step('The accountant sees who signed in'):
        [attempt] = accountant.call(
            'email.pay.sign.in', 'search_read', [], ['state', 'partner_ids', 'with_code'])
        assert attempt['state'] == 'out' and attempt['with_code'], attempt
        desk.goto(f'{journey.odoo_url}/odoo/action-email_pay.action_email_pay_sign_ins')
        desk.locator('.o_data_row').wait_for(timeout=60_000)
        journey.screenshot(desk, 'sign-ins', full_page=False)
    assert len(journey.mails(to=CUSTOMER, subject=RECEIPT)) == 1, "one receipt a payment"


def find_documents(session):
    """What the customer has open, the oldest due first."""
    return session.call(
        'account.move', 'search_read',
        [('partner_id.name', '=', NAME), ('move_type', '=', 'out_invoice'),
         ('payment_state', '=', 'not_paid')],
        ['name', 'amount_residual'], order='invoice_date_due, id')


def download_qr_code(journey, page):
    """Press the button of the portal's card; where the picture is."""
    page.goto(f'{journey.odoo_url}/odoo/action-email_pay.action_email_pay_portals')
    button = page.locator('.o_kanban_record a.btn[href*="/qr.png"]').first
    button.wait_for(timeout=60_000)
    page.locator('.o_kanban_record img[src*="/qr."]').first.evaluate('image => image.decode()')
    journey.screenshot(page, 'portal-card', full_page=False)
    with page.expect_download() as download:
        button.click()
    return download.value.path()


def read_qr_code(picture):
    with Image.open(picture) as image:
        [code] = zxingcpp.read_barcodes(image.convert('L'))
    return code.text


def shown_documents(page):
    """The numbers of the open documents, as the page lists them."""
    return page.locator('.ep-charges tbody label span:last-child').all_inner_texts()


def shown_amount(place):
    """An amount in pesos: it has no decimals."""
    text = place.inner_text()
    assert re.fullmatch(r'\D*\d{1,3}(\.\d{3})*\D*', text), text
    return int(re.sub(r'\D', '', text))


def pay_by_card(journey, page, due):
    window = card_window(page)
    enter_card(window)
    assert shown_amount(window.locator('#pay')) == due
    journey.screenshot(page, 'card-window', full_page=False)
    window.locator('#pay').click()


def check_payment(journey, session, picked, due):
    """One payment of both, in pesos, in the journal of the collections, and one charge."""
    [payment] = session.call(
        'account.payment', 'search_read',
        [('partner_id.name', '=', NAME), ('payment_transaction_id', '!=', False)],
        ['amount', 'journal_id', 'currency_id', 'reconciled_invoice_ids'])
    assert payment['amount'] == due, payment
    assert payment['currency_id'][1] == 'CLP', payment
    assert payment['journal_id'][1].startswith('Recaudación en línea'), payment
    assert sorted(payment['reconciled_invoice_ids']) == [doc['id'] for doc in picked], payment
    ledger = requests.get(f'{journey.sandbox_url}/control/ledger', timeout=10).json()
    charges = [
        entry for entry in ledger if entry['operation'] == 'sale' and entry['currency'] == 'CLP']
    assert [float(entry['amount']) for entry in charges] == [due], charges
