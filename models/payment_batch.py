import json
import logging
from collections import Counter

from odoo import api, models
from odoo.tools import SQL

from .locks import CONFLICTS, locked_ids

_logger = logging.getLogger(__name__)

# The modules whose part of the booking leaves alone what is booked here: they look at what was not
# paid yet, at orders, or act on the booked payment.
KNOWN_MODULES = {
    'account_payment', 'delivery', 'email_pay', 'payment', 'pos_online_payment', 'sale',
    'website_payment', 'website_sale_collect',
}
BOOKING_METHODS = ('_create_payment', '_post_process')
# What a transaction pays in other modules, which book it in their own way.
ORDER_FIELDS = ('sale_order_ids', 'pos_order_id')
PLAIN_OPERATIONS = ('online_redirect', 'online_direct', 'online_token', 'offline')


class Collected(Exception):
    """Odoo is about to create a payment with these values."""

    def __init__(self, values):
        super().__init__()
        self.values = values


class PaymentTransaction(models.Model):
    """Many payments at once: what Odoo books one by one, created, posted and matched together."""

    _inherit = 'payment.transaction'

    def _email_pay_create_payments(self):
        """Create the payments that Odoo would create for these transactions, which must not share
        documents. What is not plain is left to Odoo's own `_post_process`."""
        if self._email_pay_foreign_booking():
            return
        plain = self.filtered(lambda tx: tx._email_pay_is_plain())
        for company, transactions in plain.grouped('company_id').items():
            transactions.with_company(company)._email_pay_create_company_payments()

    def _email_pay_create_company_payments(self):
        # The state of the invoices follows when all is posted, instead of after each step.
        state = self.env['account.move']._fields['payment_state']
        with self.env.protecting([state], self.invoice_ids):
            values_list = [tx._email_pay_payment_values() for tx in self]
            write_offs = [values.pop('write_off_line_vals') for values in values_list]
            pairs = Pairs()
            payments = self.env['account.payment'].with_context(
                email_pay_pairs=pairs).create(values_list)
            pairs.complete()
            payments._email_pay_post(write_offs)
        self.env.add_to_compute(state, self.invoice_ids)
        for tx, payment in zip(self, payments, strict=True):
            tx.payment_id = payment
        # What is posted needs no further items.
        payments.env['account.move.line'].with_context(skip_invoice_sync=True)._reconcile_plan(
            [tx._email_pay_lines() for tx in self]
        )

    @api.model
    def _email_pay_foreign_booking(self):
        """Whether another module has its own way to book, which only one by one would respect."""
        return any(
            vars(cls).get('_module') not in (None, *KNOWN_MODULES)
            for cls in type(self).mro()
            if any(name in vars(cls) for name in BOOKING_METHODS)
        )

    def _email_pay_is_plain(self):
        """Whether this is money for posted invoices and nothing else."""
        self.ensure_one()
        return (
            self.state == 'done'
            and self.operation in PLAIN_OPERATIONS
            and not self.payment_id
            and not self.source_transaction_id
            and not self.child_transaction_ids
            and not any(self[name] for name in ORDER_FIELDS if name in self._fields)
            and (self.invoice_ids or self.email_pay_allocation_ids)
            and not self._email_pay_credits_used()  # their own payments change with them
            and all(invoice.state == 'posted' for invoice in self.invoice_ids)
        )

    def _email_pay_payment_values(self):
        """The values with which Odoo itself would create the payment."""
        values = {}
        try:
            self.with_context(email_pay_collect=True)._create_payment()
        except Collected as collected:
            values = collected.values
        if self.email_pay_allocation_ids:
            values |= self._email_pay_allocated_values()
        return values

    def _email_pay_lines(self):
        """The journal items that belong together: of the payment and of its documents."""
        if self.email_pay_allocation_ids:
            documents = self._email_pay_allocated_lines()
        else:
            documents = self.invoice_ids.line_ids
        return (self.payment_id.move_id.line_ids + documents).filtered(
            lambda line: line.account_id == self.payment_id.destination_account_id
            and not line.reconciled
        )


class Pairs:
    """Which payments, invoices and entries belong together, while payments are posted and matched.

    Whenever a payment changes, Odoo looks for its entry, its invoices, and the payments of these,
    dozens of times. A booking matches payments with their own invoices, so that the answer stays.
    """

    def __init__(self):
        self._complete = False
        self._known = {}

    def complete(self):
        """From here on the payments have their invoices, so that none stays none."""
        self._complete = True
        self._known = {key: found for key, found in self._known.items() if found}

    def reconciled(self, records, domain, field):
        """The records that `domain` means when it asks who has some ids in `field`; else None."""
        if not (ids := self._asked(domain, field)):
            return None
        asked = [(records._name, id_) for id_ in ids]
        if not all(self._is_known(key) for key in asked):
            pairs = records._email_pay_reconciled(ids)
            for key in asked:
                self._known[key] = [found for found, id_ in pairs if id_ == key[1]]
        return records.browse(sorted({found for key in asked for found in self._known[key]}))

    def entries(self, records, domain, field, search):
        """The same for what is found once an entry is made, and then stays; from `search` first."""
        if not (ids := self._asked(domain, field)):
            return None
        key = (records._name, field, *ids)
        if not self._known.get(key):
            self._known[key] = list(search(domain, order='id').get_result_ids())
        return records.browse(self._known[key])

    def _is_known(self, key):
        return key in self._known and (self._complete or self._known[key])

    def _asked(self, domain, field):
        terms = list(domain)
        if len(terms) == 1 and tuple(terms[0][:2]) == (field, 'in'):
            return list(terms[0][2])
        return None


RECONCILED = """
    SELECT payment_id, invoice_id AS move_id FROM account_move__account_payment
     UNION ALL
    SELECT payment.id, other.move_id
      FROM account_payment payment
      JOIN account_move_line own ON own.move_id = payment.move_id
      JOIN account_account account ON account.id = own.account_id
           AND account.account_type IN ('asset_receivable', 'liability_payable')
      JOIN account_partial_reconcile part
           ON own.id = part.debit_move_id OR own.id = part.credit_move_id
      JOIN account_move_line other
           ON (other.id = part.debit_move_id OR other.id = part.credit_move_id)
           AND other.id != own.id
"""


class AccountMove(models.Model):
    _inherit = 'account.move'

    def _search(self, domain, *args, **kwargs):
        """Override of `base`: see `Pairs`."""
        found = None
        if pairs := self.env.context.get('email_pay_pairs'):
            found = pairs.reconciled(self.browse(), domain, 'reconciled_payment_ids')
            if found is None:
                found = pairs.entries(
                    self.browse(), domain, 'origin_payment_id', super()._search
                )
        return super()._search(domain, *args, **kwargs) if found is None else found._as_query()

    def _email_pay_reconciled(self, payment_ids):
        """The pairs (invoice id, payment id) of which Odoo's `reconciled_payment_ids` speaks."""
        self.env['account.payment'].flush_model(['move_id'])
        return self.env.execute_query(SQL(
            "SELECT pair.move_id, pair.payment_id FROM (%s) pair"
            " JOIN account_move move ON move.id = pair.move_id"
            " WHERE pair.payment_id IN %s AND move.move_type IN %s",
            SQL(RECONCILED), tuple(payment_ids), tuple(self.get_sale_types(True)),
        ))


class AccountMoveLine(models.Model):
    _inherit = 'account.move.line'

    def _search(self, domain, *args, **kwargs):
        """Override of `base`: see `Pairs`."""
        found = None
        if pairs := self.env.context.get('email_pay_pairs'):
            found = pairs.entries(self.browse(), domain, 'payment_id', super()._search)
        return super()._search(domain, *args, **kwargs) if found is None else found._as_query()


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    def _email_pay_post(self, write_offs):
        """Make the entries together, each with its own write-offs, and post them. Only where there
        are some, or taxes, need Odoo look for more items to add."""
        write_offs = dict(zip(self.ids, write_offs, strict=True))
        simple = self.filtered(
            lambda payment: not write_offs[payment.id]
            and not (payment.outstanding_account_id | payment.destination_account_id).tax_ids
        )
        for payments in filter(None, (simple, self - simple)):
            payments.with_context(
                email_pay_write_offs=write_offs, skip_invoice_sync=payments == simple,
            ).action_post()

    def _generate_move_vals(self, write_off_line_vals=None, force_balance=None, line_ids=None):
        """Override of `account`, which makes entries with write-offs only one at a time."""
        write_offs = self.env.context.get('email_pay_write_offs', {})
        return super()._generate_move_vals(
            write_offs.get(self.id) or write_off_line_vals, force_balance, line_ids
        )

    def _search(self, domain, *args, **kwargs):
        """Override of `base`: see `Pairs`."""
        found = None
        if pairs := self.env.context.get('email_pay_pairs'):
            found = pairs.reconciled(self.browse(), domain, 'reconciled_invoice_ids')
        return super()._search(domain, *args, **kwargs) if found is None else found._as_query()

    def _email_pay_reconciled(self, move_ids):
        """The pairs (payment id, invoice id) of which Odoo's `reconciled_invoice_ids` speaks."""
        self.env['account.payment'].flush_model(['move_id'])
        return self.env.execute_query(SQL(
            "SELECT payment_id, move_id FROM (%s) pair WHERE move_id IN %s",
            SQL(RECONCILED), tuple(move_ids),
        ))

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.context.get('email_pay_collect'):
            raise Collected(*vals_list)
        return super().create(vals_list)


class ResPartner(models.Model):
    _inherit = 'res.partner'

    def _increase_rank(self, field, n=1):
        """Override of `account`: after the commit Odoo raises the rank of one customer at a time,
        in many queries. Of all customers of a booking: in one."""
        if not self.env.context.get('email_pay_pairs'):
            return super()._increase_rank(field, n)
        ranked = self.sudo().filtered(field)
        super(ResPartner, self - ranked)._increase_rank(field, n)
        postcommit = self.env.cr.postcommit
        if ranked and not (waiting := postcommit.data.setdefault(f'email_pay.{field}', Counter())):
            postcommit.add(lambda: self._email_pay_add_ranks(field, waiting))
        if ranked:
            waiting.update(dict.fromkeys(ranked.ids, n))
        return None

    def _email_pay_add_ranks(self, field, waiting):
        """Add to the ranks, which only sort customers: whoever else changes one goes first."""
        try:
            with self.env.registry.cursor() as cr:
                locked_ids(cr, SQL(
                    "UPDATE res_partner"
                    " SET %(rank)s = %(rank)s + (%(ranks)s::jsonb ->> id::text)::int"
                    " WHERE id IN (SELECT id FROM res_partner WHERE id IN %(ids)s ORDER BY id"
                    "              FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
                    rank=SQL.identifier(field), ranks=json.dumps(waiting), ids=tuple(waiting),
                ))
        except CONFLICTS:
            _logger.debug("The ranks of customers %s were not raised", list(waiting))
