"""A new administrator, in Spanish, from the choice of a gateway to the first paid invoice."""

import re
import time

import requests
from runtime.journeys import card_window, enter_card, wait_until

LOGIN = 'nueva'
ADDRESS = 'nueva@ferreteria.example.com'
COMPANY = 'Ferretería El Roble, S.A.'
LANGUAGE, LOCALE = 'es_PA', 'es-PA'
GATEWAY = 'Credicorp Bank'
GROUPS = (('base', 'group_system'), ('account', 'group_account_manager'))
MINUTES = 5


def run(journey):
    admin = journey.rpc()
    company = create_company(admin)
    merchant = open_account(journey)
    started = time.monotonic()
    with journey.step('Log in as the new administrator, in Spanish'):
        desk = journey.log_in(LOGIN, locale=LOCALE)
    with journey.step('Find the steps in the menu'):
        open_from_menu(desk)
        assert states(desk) == ['not_done'] * 5, states(desk)
        journey.screenshot(desk, 'steps', full_page=False)
    with journey.step('Choose the gateway'):
        choose(journey, desk)
    with journey.step('Enter keys and journal'):
        enter_keys(journey, desk, merchant)
    with journey.step('Test the connection'):
        press(desk, 'test')
        wait_for_state(desk, 'test')
        journey.screenshot(desk, 'tested', full_page=False)
    with journey.step('Send oneself an invoice'):
        link = send_invoice(journey, desk)
    with journey.step('Pay it on a phone, with a test card'):
        pay(journey, link)
    with journey.step('The step sees the payment by itself'):
        # As a window does to which one comes back.
        desk.evaluate('window.dispatchEvent(new Event("focus"))')
        wait_for_state(desk, 'trial')
        journey.screenshot(desk, 'paid', full_page=False)
    with journey.step('Going live lists what is missing'):
        list_what_is_missing(journey, desk)
    seconds = time.monotonic() - started
    print(f'        {seconds:.0f} s from the login to the list', flush=True)
    assert seconds < MINUTES * 60, seconds
    with journey.step('The notification arrived, and the money is booked'):
        check_books(admin, company)
    with journey.step('Undo the trial'):
        undo(journey, desk)
        check_undone(admin, company)
    with journey.step('Close the panel, and find it again'):
        close_and_find_again(desk)
    with journey.step('On a phone'):
        show_on_a_phone(journey, desk)


# -- Before one begins --------------------------------------------------------------------------

def create_company(admin):
    """A company of Panama with a chart of accounts, and nothing else; its id."""
    country = admin.call('res.country', 'search', [('code', '=', 'PA')])[0]
    company = admin.call('res.company', 'create', [{'name': COMPANY, 'country_id': country}])[0]
    admin.call('res.users', 'write', [admin.user_id], {'company_ids': [(4, company)]})
    admin.call('account.chart.template', 'try_loading', [], 'pa', company)
    groups = [
        admin.call('ir.model.data', 'search_read',
                   [('module', '=', module), ('name', '=', name)], ['res_id'])[0]['res_id']
        for module, name in GROUPS
    ]
    admin.call('res.users', 'create', [{
        'name': 'Nueva Administradora', 'login': LOGIN, 'password': LOGIN, 'email': ADDRESS,
        'lang': LANGUAGE, 'tz': 'America/Panama', 'company_id': company,
        'company_ids': [(6, 0, [company])], 'group_ids': [(6, 0, groups)],
    }])
    return company


def open_account(journey):
    """A merchant account at the gateway, with its keys."""
    answer = requests.post(
        f'{journey.sandbox_url}/control/credicorp/merchants', json={}, timeout=10)
    answer.raise_for_status()
    return answer.json()


# -- The steps ----------------------------------------------------------------------------------

def open_from_menu(desk):
    desk.locator('.o_navbar_apps_menu button').click()
    pick(desk, 'account.menu_finance')
    desk.locator('.o_main_navbar .o_menu_brand[data-menu-xmlid="account.menu_finance"]').wait_for()
    desk.locator('[data-menu-xmlid="account.menu_finance_configuration"]').click()
    pick(desk, 'email_pay.menu_email_pay_set_up')
    desk.locator('.o_email_pay_onboarding').wait_for()


def pick(desk, menu):
    desk.locator(f'.o-dropdown--menu [data-menu-xmlid="{menu}"]').click()


def step_of(desk, name):
    return desk.locator(f'[data-step=action_email_pay_{name}]')


def press(desk, name):
    step_of(desk, name).get_by_role('button').first.click()


def states(desk):
    steps = desk.locator('.o_email_pay_onboarding .o_onboarding_step')
    return [steps.nth(number).get_attribute('data-step-state') for number in range(steps.count())]


def wait_for_state(desk, name):
    wait_until(lambda: (step_of(desk, name).get_attribute('data-step-state') or '').endswith('done')
               and step_of(desk, name).get_attribute('data-step-state') != 'not_done')


def choose(journey, desk):
    press(desk, 'choose')
    card = desk.locator('.modal .o_kanban_record', has_text=GATEWAY)
    card.first.wait_for()
    journey.screenshot(desk, 'choice', full_page=False)
    card.locator('button[name=action_choose]').click()
    wait_for_state(desk, 'choose')


def enter_keys(journey, desk, merchant):
    """Fill the form in, and enter the webhook URL at the gateway."""
    press(desk, 'keys')
    form = desk.locator('.o_form_view')
    for field, value in (
        ('credicorp_api_key', merchant['security_key']),
        ('credicorp_tokenization_key', merchant['tokenization_key']),
        ('credicorp_webhook_key', merchant['signing_key']),
        ('credicorp_base_url', journey.sandbox_url),
    ):
        form.locator(f'[name={field}] input').fill(value)
    form.locator('[name=journal_id] input').first.click()
    bank = desk.locator('.o-autocomplete--dropdown-item', has_text=re.compile('^Ban(co|k)'))
    bank.first.click()
    bank.first.wait_for(state='detached')
    webhook = form.locator('[name=email_pay_webhook_url]').inner_text().strip()
    requests.post(f'{journey.sandbox_url}/control/credicorp', timeout=10, json={
        'merchant': merchant['id'], 'webhook_url': webhook.split()[0],
    }).raise_for_status()
    journey.screenshot(desk, 'keys', full_page=False)
    with desk.expect_response('**/web_save*'):
        desk.locator('.o_form_button_save').click()
    desk.locator('.o_breadcrumb a, .o_back_button').first.click()
    desk.locator('.o_email_pay_onboarding').wait_for()
    wait_for_state(desk, 'keys')


def send_invoice(journey, desk):
    """The link in the mail that comes."""
    press(desk, 'trial')
    send = desk.locator('.modal button[name=action_send]:visible')
    send.wait_for()
    journey.screenshot(desk, 'trial', full_page=False)
    send.click()
    mail = journey.wait_for_mail(to=ADDRESS, subject='TRIAL/', timeout=90)
    journey.show_mail(mail, 'mail')
    return re.search(r'href="([^"]+/pay/[^"]+)"', mail.get_body(('html',)).get_content())[1]


def pay(journey, link):
    phone = journey.phone_page(locale=LOCALE)
    phone.goto(link)
    journey.screenshot(phone, 'payment-page')
    phone.locator('#ep-pay button[type=submit]').click()
    window = card_window(phone)
    enter_card(window)
    window.locator('#pay').click()
    phone.locator('#ep-status[data-state=paid]').wait_for(timeout=20_000)
    journey.screenshot(phone, 'payment-received')
    phone.close()


def list_what_is_missing(journey, desk):
    press(desk, 'live')
    dialog = desk.locator('.modal .modal-body')
    dialog.wait_for()
    lines = dialog.inner_text().split('\n- ')[1:]
    assert len(lines) == 2, lines
    journey.screenshot(desk, 'missing', full_page=False)
    desk.locator('.modal-footer .btn-primary').click()


# -- What came of it ----------------------------------------------------------------------------

def check_books(admin, company):
    context = {'allowed_company_ids': [company]}
    wait_until(lambda: admin.call(
        'email.pay.event', 'search_count',
        [('company_id', '=', company), ('source', '=', 'webhook')], context=context))
    [invoice] = admin.call(
        'account.move', 'search_read', [('email_pay_is_trial', '=', True)],
        ['payment_state', 'amount_total', 'name'], context=context)
    assert invoice['payment_state'] in ('paid', 'in_payment'), invoice
    assert invoice['amount_total'] == 1 and invoice['name'].startswith('TRIAL/'), invoice


def undo(journey, desk):
    press(desk, 'trial')
    dialog = desk.locator('.modal')
    dialog.locator('.alert-success:visible').wait_for()
    journey.screenshot(desk, 'trial-paid', full_page=False)
    dialog.locator('button[name=action_open_invoice]').click()
    button = desk.locator('button[name=action_email_pay_undo_trial]')
    button.wait_for()
    journey.screenshot(desk, 'trial-invoice', full_page=False)
    button.click()
    button.wait_for(state='hidden')
    open_from_menu(desk)


def check_undone(admin, company):
    context = {'allowed_company_ids': [company]}
    for model, domain, state in (
        ('account.move', [('email_pay_is_trial', '=', True)], 'cancel'),
        ('account.payment', [('company_id', '=', company)], 'canceled'),
    ):
        [record] = admin.call(model, 'search_read', domain, ['state'], context=context)
        assert record['state'] == state, record


def close_and_find_again(desk):
    desk.locator('.o_onboarding_btn_close').click()
    desk.locator('.o_email_pay_onboarding').wait_for(state='detached')
    open_from_menu(desk)


def show_on_a_phone(journey, desk):
    phone = journey.phone_page(locale=LOCALE, storage_state=desk.context.storage_state())
    phone.goto(f'{journey.odoo_url}/odoo/action-email_pay.action_email_pay_providers')
    phone.locator('.o_email_pay_onboarding').wait_for(timeout=60_000)
    journey.screenshot(phone, 'steps-phone')
    too_wide = phone.evaluate('document.documentElement.scrollWidth - innerWidth')
    assert too_wide <= 0, too_wide
