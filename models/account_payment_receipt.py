from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.tools import SQL, email_normalize

from .email_pay_receipt import STATES

POSTED = ('in_process', 'paid')
TAKEN_BACK = ('draft', 'canceled', 'rejected')
# The payments whose last mail to the partner is in one of these states.
LAST_STATES = """
    SELECT receipt.payment_id FROM email_pay_receipt receipt
     WHERE receipt.state IN %s AND receipt.role != 'copy' AND NOT EXISTS (
        SELECT FROM email_pay_receipt later
         WHERE later.payment_id = receipt.payment_id AND later.role != 'copy'
           AND later.id > receipt.id
    )
"""


class AccountPayment(models.Model):
    """Who paid, or is paid, is told of it: once when the payment is posted, again on demand."""

    _inherit = 'account.payment'

    email_pay_send_receipt = fields.Boolean(
        string="Send Receipt", copy=False,
        help="The customer gets a receipt, or the supplier a notice, when the payment is posted.",
    )
    email_pay_receipt_ids = fields.One2many(
        'email.pay.receipt', 'payment_id', string="Receipts and Notices", readonly=True,
    )
    email_pay_receipt_state = fields.Selection(
        [('none', "None"), *STATES], string="Receipt", compute='_compute_email_pay_receipt_state',
        search='_search_email_pay_receipt_state', compute_sudo=True,
    )
    email_pay_obstacle = fields.Char(
        string="Why No Receipt", compute='_compute_email_pay_obstacle', compute_sudo=True,
    )

    @api.depends('email_pay_receipt_ids.state')
    def _compute_email_pay_receipt_state(self):
        for payment in self:
            payment.email_pay_receipt_state = payment._email_pay_last_receipt().state or 'none'

    @api.model
    def _search_email_pay_receipt_state(self, operator, value):
        if operator != 'in':
            return NotImplemented
        found = fields.Domain.FALSE
        if states := tuple(state for state in value if state != 'none'):
            self.env['email.pay.receipt'].flush_model(['payment_id', 'role', 'state'])
            found |= fields.Domain('id', 'in', SQL(LAST_STATES, states))
        if 'none' in value:
            found |= fields.Domain('email_pay_receipt_ids', '=', False)
        return found

    @api.depends('partner_id.email_normalized', 'invoice_ids', 'payment_transaction_id')
    def _compute_email_pay_obstacle(self):
        for payment in self:
            address = payment._email_pay_receipt_address()
            payment.email_pay_obstacle = not address and payment._email_pay_no_address()

    # === CHOSEN, AND POSTED === #

    @api.onchange('company_id', 'partner_type')
    def _onchange_email_pay_send_receipt(self):
        """On the form, propose what was chosen last. What programs make tells nobody."""
        if not self._origin:
            self.email_pay_send_receipt = self.company_id._email_pay_receipt_choice(
                self.partner_type)

    @api.model_create_multi
    def create(self, vals_list):
        chosen = ['email_pay_send_receipt' in values for values in vals_list]
        payments = super().create(vals_list)
        for payment, is_chosen in zip(payments, chosen, strict=True):
            if is_chosen:
                payment._email_pay_remember_choice()
        return payments

    def write(self, vals):
        res = super().write(vals)
        if 'email_pay_send_receipt' in vals:
            for payment in self:
                payment._email_pay_remember_choice()
        if vals.get('state') in POSTED:
            self.filtered(
                lambda payment: payment.email_pay_send_receipt and payment._email_pay_is_posted()
            )._email_pay_plan_receipt()
        if vals.get('state') in TAKEN_BACK:
            self.sudo().email_pay_receipt_ids._take_back()
        return res

    def _email_pay_remember_choice(self):
        self.company_id._email_pay_remember_choice(self.partner_type, self.email_pay_send_receipt)

    def _email_pay_is_posted(self):
        return self.state in POSTED and self.move_id.state in (False, 'posted')

    def _email_pay_plan_receipt(self):
        """Queue the mail of those that never had one; it is sent when this is committed."""
        receipts = self.env['email.pay.receipt'].sudo()
        receipts._queue(self - self._email_pay_told(), 'first')

    def _email_pay_told(self):
        """Those that had their receipt, or are about to."""
        return self.env['email.pay.receipt'].sudo().search([
            ('payment_id', 'in', self.ids), ('role', '=', 'first'),
        ]).payment_id.sudo(False)

    # === THE MAIL === #

    def _email_pay_last_receipt(self):
        told = self.email_pay_receipt_ids.filtered(lambda receipt: receipt.role != 'copy')
        return told.sorted('id')[-1:]

    def _email_pay_receipt_kind(self):
        if self.payment_type == 'inbound':
            return 'receipt'
        return 'notice' if self.partner_type == 'supplier' else 'refund'

    def _email_pay_purpose(self):
        """Which mail account of the company tells of this payment."""
        return 'supplier' if self.partner_type == 'supplier' else 'collection'

    def _email_pay_receipt_address(self):
        """Where the receipt goes: to who paid online, while that address works, else to the contact
        of the documents, else to the partner's address for invoices."""
        transaction = self.payment_transaction_id.sudo()
        payer = transaction and transaction._email_pay_receipt_address()
        if payer and not self._email_pay_came_back(payer):
            return payer
        contact = self.invoice_ids.partner_id
        contact = contact if len(contact) == 1 else self.partner_id
        return contact.email_normalized or (contact and contact._email_pay_address()) or payer

    def _email_pay_came_back(self, address):
        """Whether the last mail about this payment to `address` did not get there."""
        sent = self.sudo().email_pay_receipt_ids.filtered(
            lambda receipt: receipt.role != 'copy'
            and email_normalize(receipt.email) == email_normalize(address))
        return sent.sorted('id')[-1:].state in ('bounced', 'failed')

    def _email_pay_no_address(self):
        if not self.partner_id:
            return _("The payment names nobody.")
        return _("%s has no valid e-mail address.", self.partner_id.display_name)

    def _email_pay_mail_refused(self, addresses, reason, left=False):
        """No mail server would take the receipt."""
        self.env['email.pay.portal']._speak(self)._email_pay_report_refused(addresses, reason)

    def _email_pay_report_refused(self, address, reason):
        self.env['email.pay.attention']._ask_attention(
            self.company_id, self, _("A receipt was not sent"),
            _("The mail about %(payment)s to %(address)s was not sent. Correct the address, and"
              " press “Resend”. %(reason)s", payment=self.name, address=address, reason=reason),
        )

    def _email_pay_mails_refused(self, reason):
        """The default server took none of their receipts: one payment tells of all."""
        for company, payments in self.grouped('company_id').items():
            first = self.env['email.pay.portal']._speak(payments[0])
            self.env['email.pay.attention']._ask_attention(
                company, first, first.env._("Receipts were not sent"),
                first.env._(
                    "The mails about %(count)s payments were not sent. In the list of payments,"
                    " choose the filter “Receipt not sent or came back”, select all, and press"
                    " “Send receipts and notices”. %(reason)s",
                    count=len(payments), reason=reason),
            )

    def _email_pay_sender(self):
        return self.env['email.pay.portal']._sender(self.company_id)

    def _email_pay_receipt_name(self):
        """The name of the PDF's file."""
        name = {
            'receipt': _("Receipt %s", self.name),
            'refund': _("Refund %s", self.name),
            'notice': _("Payment %s", self.name),
        }[self._email_pay_receipt_kind()]
        return name.replace('/', '-')

    def _email_pay_method(self):
        """How it was paid, in words that mean something to the partner."""
        if transaction := self.payment_transaction_id.sudo():
            return transaction.payment_method_id.name
        if self.payment_method_code == 'manual':
            return self.journal_id.name
        return self.payment_method_line_id.name

    def _email_pay_masked_account(self):
        """The account to which a supplier is paid; its last digits only."""
        number = self.partner_bank_id.sanitized_acc_number or ''
        return f'•••• {number[-4:]}' if len(number) > 6 else ''

    # === THE BUTTONS === #

    def action_email_pay_send_receipt(self):
        """Send the receipt, or send it again. One: say what is missing; many: tell of all."""
        self.check_access('write')
        skipped, accepted = defaultdict(list), self.browse()
        for payment in self:
            if reason := payment._email_pay_unsendable():
                skipped[reason].append(payment.display_name)
            else:
                accepted |= payment
        if len(self) == 1 and skipped:
            raise self._email_pay_cannot_send(next(iter(skipped)))
        accepted._email_pay_send_now()
        sharing = self.env['email.pay.sharing']
        if len(self) == 1:
            return sharing._email_pay_notify(
                _("The mail to %s is on its way.", self._email_pay_receipt_address()), 'success')
        return sharing._email_pay_tell_queued(
            len(accepted), skipped, _("%s receipts and notices are on their way."))

    def _email_pay_send_now(self):
        told = self._email_pay_told()
        receipts = self.env['email.pay.receipt'].sudo()
        receipts._queue(self - told, 'first')
        receipts._queue(told, 'again')

    def _email_pay_unsendable(self):
        """Why no receipt can be sent now, as a sentence; '' when it can."""
        if not self._email_pay_is_posted():
            return _("The payment is not posted.")
        if 'due' in self.sudo().email_pay_receipt_ids.mapped('state'):
            return _("It is on its way already.")
        return self.email_pay_obstacle or ''

    def _email_pay_cannot_send(self, reason):
        if reason == self.email_pay_obstacle and self.partner_id:
            return RedirectWarning(reason, self._email_pay_contact_action(), _("Open the contact"))
        return UserError(reason)

    def action_email_pay_open_contact(self):
        return self._email_pay_contact_action()

    def _email_pay_contact_action(self):
        return self.partner_id._email_pay_form_action()
