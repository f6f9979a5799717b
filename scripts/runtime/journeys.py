"""Journeys: what a person does with a running demo, step by step, in a real browser.

A journey is a module `scripts/journeys/NAME.py` with a function `run(journey)`:

    def run(journey):
        admin = journey.rpc('admin', 'admin')
        with journey.step('Send the payment email'):
            admin.call('account.move', 'action_send_payment_email', [invoice_id])
        with journey.step('Open its link on a phone'):
            mail = journey.wait_for_mail(to='customer@example.com', subject='INV/')
            page = journey.phone_page(locale='es-PA')
            page.goto(link_in(mail))
            journey.screenshot(page, 'invoice')

See `Journey` for all that it is given. Any exception fails the journey; use `assert`.
"""

import email
import email.policy
import importlib
import os
import sys
import time
import traceback
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from .home import CHECKOUT, Failure

FOLDER = CHECKOUT / 'scripts' / 'journeys'
CHROMIUM = '/usr/bin/chromium'
APP = 'account.menu_finance'
CARD = '4111 1111 1111 1111'
FLAGS = ('--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking')
DESKTOP = {'viewport': {'width': 1280, 'height': 800}}
PHONE = {
    'viewport': {'width': 390, 'height': 844},
    'device_scale_factor': 2, 'is_mobile': True, 'has_touch': True,
}


class Journey:
    """
    :ivar odoo_url: Odoo's address, without a slash at its end; `sandbox_url`, the gateways'.
    :ivar database: the name of Odoo's database.
    :ivar mailbox: the folder with one .eml file for each mail received, the newest one last;
        `smtp_port`, where its server listens on 127.0.0.1.
    :ivar browser: Playwright's Chromium, headless.
    """

    def __init__(self, name, demo, browser, screens):
        self.name = name
        self.odoo_url = demo.odoo_url
        self.sandbox_url = demo.sandbox_url
        self.database = demo.database
        self.mailbox = demo.mailbox
        self.smtp_port = demo.smtp_port
        self.browser = browser
        self.screens = screens
        self._demo = demo
        self._taken = {path.name for path in self._files()}

    @contextmanager
    def step(self, title):
        """Print one line about what happens inside: `  ok  1.23 s  title`."""
        started = time.monotonic()
        verdict = 'FAIL'
        try:
            yield
            verdict = 'ok'
        finally:
            seconds = time.monotonic() - started
            print(f'  {verdict:<4}{seconds:>6.2f} s  {title}', flush=True)

    def rpc(self, login='admin', password='admin'):
        """Return a session of that user: `session.call(model, method, *args, **kwargs)`."""
        return self._demo.rpc(login, password)

    # -- Pages ------------------------------------------------------------------------------

    def desktop_page(self, locale='en-US', **options):
        """Open a page with cookies of its own, 1280 by 800."""
        return self._page({**DESKTOP, 'locale': locale, **options})

    def phone_page(self, locale='en-US', **options):
        """Open a page with cookies of its own on a phone, 390 by 844 at two dots a pixel."""
        return self._page({**PHONE, 'locale': locale, **options})

    def log_in(self, login, locale='en-US'):
        """Open a page on which that user, whose password is the login, is signed in. What is opened
        next is opened in *Invoicing*."""
        page = self.desktop_page(locale=locale)
        page.goto(f'{self.odoo_url}/web/login')
        page.fill('#login', login)
        page.fill('#password', login)
        page.click('.oe_login_form button[type=submit]')
        page.locator('.o_main_navbar').wait_for(timeout=60_000)
        _model, app = self.rpc().call('ir.model.data', 'check_object_reference', *APP.split('.'))
        page.evaluate('(app) => sessionStorage.setItem("menu_id", app)', app)
        return page

    def _page(self, options):
        return self.browser.new_context(**options).new_page()

    def screenshot(self, page, name, full_page=True):
        """Keep a picture of the page, numbered in the order of the journey; return its path."""
        self.screens.mkdir(parents=True, exist_ok=True)
        path = self.screens / f'{len(list(self.screens.iterdir())) + 1:02}-{name}.png'
        page.screenshot(path=path, full_page=full_page)
        return path

    # -- Mail -------------------------------------------------------------------------------

    def mails(self, to='', subject=''):
        """Return the messages received so far whose recipient and subject contain the words."""
        return [message for _, message in self._matching(to, subject)]

    def wait_for_mail(self, to='', subject='', timeout=30):
        """Return the first such message that no earlier call has returned.

        :return: an `email.message.EmailMessage`; `.get_body(('html',)).get_content()` is its page.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for path, message in self._matching(to, subject):
                if path.name not in self._taken:
                    self._taken.add(path.name)
                    return message
            time.sleep(0.2)
        raise AssertionError(f'No mail to {to or "anybody"} about {subject or "anything"}.')

    def show_mail(self, mail, name='mail'):
        """Keep a picture of a message as a phone shows it."""
        page = self.phone_page()
        page.set_content(mail.get_body(('html',)).get_content())
        page.wait_for_load_state('networkidle')
        self.screenshot(page, name)
        page.close()

    def _matching(self, to, subject):
        for path in self._files():
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if to in str(message['To']) and subject in str(message['Subject']):
                yield path, message

    def _files(self):
        return sorted(self.mailbox.glob('*.eml'))


def card_window(page):
    """The window of Credicorp's sandbox over a page."""
    return page.frame_locator('#CollectJSIframe')


def enter_card(form):
    """Type a card that is approved, and lasts longer than any plan, where a gateway asks for it."""
    form.locator('#number').fill(CARD)
    form.locator('#exp').fill('12 / 35')
    form.locator('#cvv').fill('123')


def wait_until(condition, timeout=30):
    """Return what `condition()` gives, as soon as it is true."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.3)
    raise AssertionError("It did not happen in time.")


def run_all(demo, names, screens):
    """Run journeys, all of them without names; tell whether each one passed."""
    known = sorted(path.stem for path in FOLDER.glob('[!_]*.py'))
    if unknown := set(names) - set(known):
        raise Failure(f'There is no journey {unknown.pop()}; there are: {", ".join(known)}.')
    if not known:
        raise Failure(f'There is no journey in {FOLDER}.')
    with sync_playwright() as playwright:
        results = [_run(playwright, name, demo, screens / name) for name in names or known]
    return all(results)


def launch(playwright):
    """Start the browser."""
    return playwright.chromium.launch(
        executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0, args=FLAGS)


def _run(playwright, name, demo, screens):
    """Run one journey in a browser of its own; tell whether it passed."""
    browser = launch(playwright)
    journey = Journey(name, demo, browser, screens)
    print(name, flush=True)
    started = time.monotonic()
    try:
        importlib.import_module(f'{FOLDER.name}.{name}').run(journey)
    except Exception:
        traceback.print_exc(limit=-3, file=sys.stdout)
        _show_open_pages(journey)
        verdict = 'FAIL'
    else:
        verdict = 'PASS'
    finally:
        browser.close()
    if screens.exists():
        print(f'  screens: {screens}')
    print(f'{verdict} {name}, {time.monotonic() - started:.1f} s', flush=True)
    return verdict == 'PASS'


def _show_open_pages(journey):
    """Keep a picture of every page that is open at a failure."""
    for context in journey.browser.contexts:
        for page in context.pages:
            print(f'  open page: {page.url}')
            journey.screenshot(page, 'failure')
