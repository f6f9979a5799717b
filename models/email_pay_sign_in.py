import secrets
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import consteq, hash_sign, hmac

from ..const import (
    CODE_DIGITS,
    CODE_MINUTES,
    LONG_CODE_DIGITS,
    SELECTOR_LENGTH,
    SIGN_IN_HOURS,
    SIGN_IN_MINUTES,
    VERIFIER_BYTES,
)
from . import tax_number
from .email_pay_sign_in_limit import (
    BROWSER,
    NETWORK,
    NUMBER,
    NUMBER_IN_NETWORK,
    NUMBER_IN_SITE,
    PORTAL,
    SITE,
    SITE_BITS,
    network_of,
)
from .masked import masked_email, masked_phone
from .signed import read_signed

TOKEN_SCOPE = 'email_pay.sign_in.token'
BROWSER_SCOPE = 'email_pay.sign_in.browser'
# For so long a browser with which somebody signed in is not held up by what strangers do.
BROWSER_DAYS = 180
KEPT_DAYS = 90
# Between two notes that a session is in use.
SEEN_SECONDS = 60
# Several accounts may have the same tax number and the same address: so many can be chosen from.
MOST_CUSTOMERS = 20
TYPED = ('asked_keys', 'asked_email', 'asked_phone')


class Taken(NamedTuple):
    """What all limits together say of one try."""

    # In how many seconds it may be repeated, and how many were refused since the last that was not.
    wait: float = 0
    refused: int = 0
    # In how many seconds its code is sent.
    delay: float = 0
    # Whether the customer signed in with this browser before.
    known: bool = False


class EmailPaySignIn(models.Model):
    """Somebody at the payment address of a company: who tried, how it went, and the session."""

    _name = 'email.pay.sign.in'
    _description = 'Sign-in Attempt'
    _order = 'id desc'
    _rec_name = 'tax_number'

    portal_id = fields.Many2one(
        'email.pay.portal', required=True, readonly=True, index=True, ondelete='cascade')
    company_id = fields.Many2one(related='portal_id.company_id')
    tax_number = fields.Char(readonly=True, help="The last characters of what was entered.")
    contact = fields.Char(
        string="E-mail or Phone", readonly=True,
        help="The e-mail address or phone that was entered, mostly hidden.")
    address = fields.Char(
        string="Internet Address", readonly=True, help="From where it was tried.")
    state = fields.Selection(
        [
            ('asked', "Being looked up"),
            ('sent', "Code sent"),
            ('in', "Signed in"),
            ('out', "Signed out"),
            ('unknown', "Not on file"),
            ('wrong', "Too many wrong codes"),
            ('early', "Too many tries"),
            ('failed', "Code could not be sent"),
        ],
        string="Outcome", required=True, readonly=True, default='asked',
    )
    partner_ids = fields.Many2many(
        'res.partner', 'email_pay_sign_in_partner_rel', 'sign_in_id', 'partner_id',
        string="Customers", readonly=True)
    signed_in_at = fields.Datetime(string="Signed in on", readonly=True)
    seen_at = fields.Datetime(string="Last Seen on", readonly=True)
    with_code = fields.Boolean(
        readonly=True, help="Whether who signed in has the e-mail or phone that is on file.")

    # What only the machine reads.
    selector = fields.Char(readonly=True, copy=False, groups='base.group_system')
    token_hash = fields.Char(readonly=True, copy=False, groups='base.group_system')
    browser_subject = fields.Char(readonly=True, copy=False, groups='base.group_system')
    asked_keys = fields.Json(readonly=True, copy=False, groups='base.group_system')
    asked_email = fields.Char(readonly=True, copy=False, groups='base.group_system')
    asked_phone = fields.Char(readonly=True, copy=False, groups='base.group_system')
    lang = fields.Char(readonly=True, copy=False, groups='base.group_system')
    answer_at = fields.Datetime(readonly=True, copy=False, groups='base.group_system')
    expires_at = fields.Datetime(readonly=True, copy=False, groups='base.group_system')
    code_hash = fields.Char(readonly=True, copy=False, groups='base.group_system')
    code_digits = fields.Integer(
        readonly=True, copy=False, required=True, default=CODE_DIGITS, groups='base.group_system')
    known_browser = fields.Boolean(readonly=True, copy=False, groups='base.group_system')
    tries = fields.Integer(
        readonly=True, copy=False, required=True, default=0, groups='base.group_system')
    link_ids = fields.Many2many(
        'email.pay.link', 'email_pay_sign_in_link_rel', 'sign_in_id', 'link_id', readonly=True,
        copy=False, groups='base.group_system')

    _selector_unique = models.UniqueIndex('(selector)', "A sign-in is unique.")
    _to_answer = models.Index("(answer_at) WHERE state = 'asked'")

    # === LIMITS === #

    @api.model
    def _take_limits(self, portal, identity, address, proof):
        """Count a try.

        :param str proof: the cookie of a browser that the customer signed in with before.
        :rtype: Taken
        """
        limits = self.env['email.pay.sign.in.limit']
        # Under all that it may be kept: one of them is the same in whatever way it is typed.
        numbers = [(portal.id, key) for key in identity.keys]
        if browser := self._known_browser(numbers[0], proof):
            verdict = limits._take(BROWSER, browser)
            return Taken(verdict.wait, verdict.refused, known=True)
        for limit, *subject in self._limits_of_networks(numbers, address):
            verdict = limits._take(limit, *subject)
            if verdict.refused:
                return Taken(verdict.wait, verdict.refused)
        everybodys = [*((NUMBER, *each) for each in numbers), (PORTAL, portal.id)]
        waits = [limits._take(limit, *subject).wait for limit, *subject in everybodys]
        return Taken(delay=max(waits))

    @api.model
    def _limits_of_networks(self, numbers, address):
        network, site = network_of(address), network_of(address, SITE_BITS)
        found = [(NETWORK, network), *((NUMBER_IN_NETWORK, *each, network) for each in numbers)]
        if site != network:
            found += [(SITE, site), *((NUMBER_IN_SITE, *each, site) for each in numbers)]
        return found

    @api.model
    def _known_browser(self, number, proof):
        """The name of a browser that somebody with this tax number signed in with, else ''."""
        values = read_signed(self.env, BROWSER_SCOPE, proof)
        return values[1] if values and values[0] == self._number_subject(number) else ''

    @api.model
    def _number_subject(self, number):
        return hmac(self.sudo().env, BROWSER_SCOPE, repr(tuple(number)))

    def _browser_proof(self):
        """What the browser keeps, to be known the next time."""
        self.ensure_one()
        return hash_sign(
            self.sudo().env, BROWSER_SCOPE, [self.browser_subject, secrets.token_urlsafe(9)],
            expiration_hours=24 * BROWSER_DAYS,
        )

    # === ASKING === #

    @api.model
    def _note(self, portal, identity, typed, address, **values):
        """Keep that somebody tried.

        :param dict typed: what was typed, as the page's fields are called.
        """
        return self.sudo().create({
            'portal_id': portal.id, 'address': address,
            'tax_number': tax_number.masked(typed['tax_number']),
            'contact': ', '.join(filter(None, (
                masked_email(identity.email), masked_phone(identity.phone)))),
            **values,
        })

    @api.model
    def _ask(self, portal, identity, typed, address, taken):
        """Let the job look somebody up and send the code; (attempt, token of the browser).

        Nothing is looked up here: it takes the same time for customers and for others. Where
        strangers try, on file or not, the code is too long to be guessed in any number of tries.

        :param Taken taken: what the limits say.
        """
        answer_at = fields.Datetime.now() + timedelta(seconds=taken.delay)
        token, token_values = self._new_token()
        attempt = self._note(
            portal, identity, typed, address, **token_values,
            browser_subject=self._number_subject((portal.id, identity.keys[0])),
            asked_keys=identity.keys, asked_email=identity.email, asked_phone=identity.phone,
            lang=self.env.context.get('lang'), answer_at=answer_at, known_browser=taken.known,
            code_digits=LONG_CODE_DIGITS if taken.delay else CODE_DIGITS,
            expires_at=answer_at + timedelta(minutes=CODE_MINUTES),
        )
        self.env.ref('email_pay.ir_cron_sign_in').sudo()._trigger(at=answer_at)
        return attempt, token

    @api.model
    def _match(self, portal, identity, typed, address):
        """Look somebody up at once; (attempt, token of the browser, '' when not on file)."""
        found = portal._matching_contacts(identity)
        attempt = self._note(
            portal, identity, typed, address, state='unknown',
            browser_subject=self._number_subject((portal.id, identity.keys[0])),
        )
        if not found.contacts:
            return attempt, ''
        attempt._remember_customers(found)
        return attempt, attempt._open(with_code=False)

    def _remember_customers(self, found):
        self.partner_ids = found.contacts.commercial_partner_id[:MOST_CUSTOMERS]

    # === THE TOKEN: IN A COOKIE OF THE BROWSER === #

    @api.model
    def _new_token(self):
        selector = self.env['email.pay.link']._new_selector()
        token = selector + secrets.token_urlsafe(VERIFIER_BYTES)
        return token, {'selector': selector, 'token_hash': self._token_hash(token)}

    @api.model
    def _token_hash(self, token):
        return hmac(self.sudo().env, TOKEN_SCOPE, token)

    @api.model
    def _from_token(self, token):
        """The attempt (sudo) of the browser that has `token`, in whatever state; empty when there
        is none."""
        token = token or ''
        attempt = self.sudo().browse()
        if token.isascii() and token.isprintable():
            attempt = attempt.search_fetch([('selector', '=', token[:SELECTOR_LENGTH])], limit=1)
        matches = consteq(attempt.token_hash or self._token_hash(''), self._token_hash(token))
        return attempt if attempt and matches else attempt.browse()

    # === THE SESSION === #

    @api.model
    def _session(self, token):
        """The sign-in (sudo) that `token` is in now; empty when it ended."""
        attempt = self._from_token(token)
        return attempt if attempt._is_open() else attempt.browse()

    def _is_open(self):
        if self.state != 'in':
            return False
        now = fields.Datetime.now()
        return (
            self.seen_at > now - timedelta(minutes=SIGN_IN_MINUTES)
            and self.signed_in_at > now - timedelta(hours=SIGN_IN_HOURS)
        )

    def _open(self, with_code):
        """Begin the session; the token of the browser, which is a new one."""
        self.ensure_one()
        token, token_values = self._new_token()
        now = fields.Datetime.now()
        self.write({
            **token_values, 'state': 'in', 'signed_in_at': now, 'seen_at': now,
            'with_code': with_code, 'link_ids': [Command.set(self._statement_links().ids)],
        })
        return token

    def _statement_links(self):
        """The statements that there is something to see on: of each customer, in each company with
        something due, or paid lately where that is shown; of the first customer when there is
        none."""
        links = self.env['email.pay.link']
        for company in self.portal_id._served_companies():
            statements = self.env['email.pay.statement'].with_company(company)._all(
                company, self.partner_ids)
            owing = self.partner_ids.filtered(
                lambda partner, found=statements: partner in found and found[partner].anything_due)
            shown = self.partner_ids & (owing | self._with_history(company))
            links = links.union(*links._for_customers(shown, company).values())
        return links or links._for_customer(self.partner_ids[:1], self.portal_id.company_id)

    def _with_history(self, company):
        """The customers who paid something lately that is shown."""
        customers = self.env['res.partner']
        if self.portal_id.shown_documents != 'history':
            return customers
        paid = self.env['email.pay.link']._paid_domain(self.partner_ids, company)
        groups = self.env['account.move'].sudo()._read_group(paid, ['commercial_partner_id'])
        return customers.union(*(customer for (customer,) in groups))

    def _live_links(self):
        """The statements by links that work: one that ended or was revoked meanwhile is replaced,
        as signing in again would do."""
        ended = self.link_ids.filtered(lambda link: link.state != 'active')
        for link in ended:
            self.link_ids |= link._successor()
        return self.link_ids - ended

    def _statement_for(self, link):
        """The statement of who signed in with which `link` is shown: itself, or that of the
        customer whose plan it is; empty when there is none."""
        plan = link.plan_id
        return self.link_ids.filtered(lambda statement: statement == link or (
            plan and statement.company_id == plan.company_id
            and statement.partner_id == plan.partner_id.commercial_partner_id
        ))

    def _touch(self):
        """The visitor is still there."""
        now = fields.Datetime.now()
        if self.seen_at < now - timedelta(seconds=SEEN_SECONDS):
            self.seen_at = now

    def _close(self):
        self.filtered(lambda attempt: attempt.state == 'in').state = 'out'

    # === HOUSEKEEPING === #

    @api.autovacuum
    def _gc_old(self):
        self.env.cr.execute(
            "DELETE FROM email_pay_sign_in WHERE create_date < %s",
            [fields.Datetime.now() - timedelta(days=KEPT_DAYS)])
