import re
from dataclasses import astuple

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import config, consteq, hmac

from ..gateways import REGISTRY
from .notification import RELOAD, notification
from .public_address import is_public_https

# How gateways mark their test keys: sk_test_…, rzp_test_…, test_…, TEST-….
TEST_KEY = re.compile(r'(^|_)test[_-]', re.IGNORECASE)
PROOF_SCOPE = 'email_pay.connection.proof'


class PaymentProvider(models.Model):
    """From test mode to real money: everything that is missing is said at once."""

    _inherit = 'payment.provider'

    email_pay_connection_proof = fields.Char(
        readonly=True, copy=False, groups='base.group_system',
        help="That “Test connection” accepted the credentials which are entered now.",
    )
    email_pay_mode_since = fields.Datetime(
        string="In This Mode Since", readonly=True, copy=False,
    )

    def write(self, vals):
        """Override: what arrived in another mode says nothing about this one."""
        if 'state' in vals:
            changed = self.filtered(lambda provider: provider.state != vals['state'])
            changed.email_pay_mode_since = fields.Datetime.now()
        return super().write(vals)

    # === WHETHER THE KEYS WORK === #

    def action_email_pay_test_connection(self):
        """Override: note that these very credentials work."""
        answer = super().action_email_pay_test_connection()
        self.email_pay_connection_proof = self._email_pay_prove_connection()
        return answer

    def _email_pay_prove_connection(self):
        """What only this database can say of credentials, which it says when they were accepted."""
        credentials = self._email_pay_credentials()
        return hmac(self.sudo().env, PROOF_SCOPE, repr(astuple(credentials)))

    def _email_pay_is_tested(self):
        """Whether the credentials that are entered now were accepted; for Odoo's own providers,
        which have no such test, the trial payment tells."""
        self.ensure_one()
        return self.code not in REGISTRY or consteq(
            self.sudo().email_pay_connection_proof or '', self._email_pay_prove_connection())

    # === GOING LIVE === #

    def action_email_pay_go_live(self):
        """Collect real money from now on; or say all that is missing for it."""
        self.ensure_one()
        self.check_access('write')
        if obstacles := self._email_pay_obstacles_to_live():
            raise UserError(self._email_pay_cannot_go_live(obstacles))
        self.write({'state': 'enabled', 'is_published': True})
        return notification(
            'success',
            _("From now on your customers pay with real money. Enter the webhook URL"
              " in the merchant account for real payments too, if that is another"
              " one."),
            title=_("%s is live", self.name), sticky=True, next=RELOAD)

    @api.onchange('state')
    def _onchange_state_warn_before_going_live(self):
        """Who enables it without *Go live* reads what is missing too."""
        if self.state != 'enabled' or self._origin.state == 'enabled' or self.code not in REGISTRY:
            return None
        obstacles = self._email_pay_obstacles_to_live()
        return obstacles and {'warning': {
            'title': _("Something is missing"),
            'message': self._email_pay_cannot_go_live(obstacles),
        }}

    def _email_pay_cannot_go_live(self, obstacles):
        return _("%s cannot go live yet:", self.name) + "\n- " + "\n- ".join(obstacles)

    def _email_pay_obstacles_to_live(self):
        """All that has to be done before this app collects real money, as sentences."""
        self.ensure_one()
        return [
            *self._email_pay_key_obstacles(),
            *self._email_pay_unready('enabled'),
            *self._email_pay_journal_obstacles(),
            *self._email_pay_address_obstacles(),
            *self._email_pay_webhook_obstacles(),
            *self.company_id.sudo()._email_pay_mail_obstacles(),
            *self._email_pay_offer_obstacles(),
        ]

    def _email_pay_key_obstacles(self):
        if empty := self._email_pay_empty_fields():
            return [_("Fill in what the gateway gave you: %s.", ', '.join(empty))]
        obstacles = [
            self.env._("“%s” is a test key. Enter the one for real payments.", label)
            for label in self._email_pay_test_keys()
        ] + [
            self.env._("“%s” leads to a test system. Enter the address for real payments.", label)
            for label in self._email_pay_test_addresses()
        ]
        if not self._email_pay_is_tested():
            obstacles.append(_(
                "Press “Test connection”: these keys were not tried since they were entered."))
        return obstacles

    def _email_pay_required_fields(self):
        """The fields that this app needs to work."""
        return [
            field for field in self._fields.values()
            if getattr(field, 'required_if_provider', None) == self._get_code()
        ]

    def _email_pay_empty_fields(self):
        return [
            field._description_string(self.env) for field in self._email_pay_required_fields()
            if not self.sudo()[field.name]
        ]

    def _email_pay_test_keys(self):
        return [
            field._description_string(self.env) for field in self._email_pay_required_fields()
            if field.type == 'char' and TEST_KEY.search(self.sudo()[field.name] or '')
        ]

    def _email_pay_test_addresses(self):
        """Those of the gateway's test system, and of stand-ins on a private network."""
        if self.code not in REGISTRY:
            return []
        gateway = self._email_pay_gateway()
        addresses = {
            name: getattr(gateway.credentials, name)
            for name in gateway.credential_names() if name.endswith('_url')
        }
        known = gateway.sandbox_names()
        return [
            self._fields[f'{self.code}_{name}']._description_string(self.env)
            for name, address in addresses.items()
            if name in known or (address and not is_public_https(address))
        ]

    def _email_pay_journal_obstacles(self):
        journal = self.sudo().journal_id
        if not journal:
            return [_("Choose the collection journal of %s.", self.name)]
        if not journal.active:
            return [_("The collection journal %s is archived. Choose another.", journal.name)]
        lines = journal.inbound_payment_method_line_ids
        if self._origin not in lines.payment_provider_id:
            return [_(
                "The journal %(journal)s has no payment method for %(app)s. Add it under its"
                " “Incoming Payments”.", journal=journal.name, app=self.name,
            )]
        return []

    def _email_pay_address_obstacles(self):
        address = self._origin.get_base_url()
        return [] if is_public_https(address) else [_(
            "Odoo's own address is %s. Customers and the gateway need a public one that begins with"
            " https://. Enter it in the system parameter “web.base.url”.", address,
        )]

    def _email_pay_webhook_obstacles(self):
        if self.code not in REGISTRY:
            return self._email_pay_secret_obstacles()
        arrived = self.env['email.pay.event'].sudo().search_count([
            ('provider_id', '=', self._origin.id), ('source', '=', 'webhook'),
            ('create_date', '>=', self._origin.email_pay_mode_since or '1970-01-01'),
        ], limit=1)
        return [] if arrived else [_(
            "No notification of %s has arrived since it is in test mode. Enter its webhook URL in"
            " the merchant account of the gateway, then pay an invoice with a test card.",
            self.name,
        )]

    def _email_pay_secret_obstacles(self):
        """Of Odoo's own providers, where its name is the usual one (see `payment_unsigned`)."""
        secret = self._fields.get(f'{self.code}_webhook_secret')
        return [] if not secret or self.sudo()[secret.name] else [_(
            "Fill in “%s”: without it no notification is believed.",
            secret._description_string(self.env),
        )]

    def _email_pay_offer_obstacles(self):
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        obstacles = []
        if self._origin not in portal._providers():
            obstacles.append(_(
                "Add %s to the payment methods in the settings of Email Pay.", self.name))
        if not portal.enabled:
            obstacles.append(_("Switch “Enabled” on in the settings of Email Pay."))
        return obstacles


class ResCompany(models.Model):
    _inherit = 'res.company'

    def _email_pay_mail_obstacles(self):
        """Why mails to customers of this company do not leave, as far as one can know."""
        account = self._email_pay_mail_account('collection')
        if account.email_pay_status == 'failing':
            return [_("The mail account %s does not work. Correct it, and press “Test”.",
                      account.email_pay_sender)]
        if account.email_pay_status == 'untested':
            return [_("The mail account %s was never tested. Open it, and press “Test”.",
                      account.email_pay_sender)]
        servers = self.env['ir.mail_server'].sudo()
        # The name is that of the server which Odoo tries when nobody told it any.
        if account or config['smtp_server'] not in ('', 'localhost', False) or (
            servers.search_count(servers._find_mail_server_allowed_domain(), limit=1)
        ):
            return []
        return [_("Odoo has no server for outgoing mails. Create a mail account of Email Pay, or an"
                  " outgoing mail server.")]
