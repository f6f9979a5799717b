from odoo import _, fields, models
from odoo.exceptions import UserError

from ..const import VISIT_HOURS
from .payment_allocation import documents_label


class EmailPayPick(models.TransientModel):  # pylint: disable=no-wizard-in-models  # no dialog
    """What a customer picked of a statement, kept while he fills in Odoo's own payment form: the
    payment begins when he sends it."""

    _name = 'email.pay.pick'
    _description = 'Documents Picked on a Statement'
    _transient_max_hours = VISIT_HOURS
    _transient_max_count = 0

    link_id = fields.Many2one(
        'email.pay.link', required=True, readonly=True, ondelete='cascade', index=True)
    section = fields.Char(required=True, readonly=True)
    document_ids = fields.Json(required=True, readonly=True)
    use_credit = fields.Boolean(readonly=True)
    currency_id = fields.Many2one('res.currency', required=True, readonly=True)
    to_pay = fields.Monetary(readonly=True)

    def _selection(self):
        """What was picked, as it can be paid now.

        :raises UserError: it is not what the customer saw any more; a sentence for the customer.
        """
        self.ensure_one()
        link = self.link_id
        self.env['account.move'].browse(self.document_ids)._email_pay_check_free(link.partner_id)
        section = link._statement().section(self.section)
        selection = section and link._select(section, set(self.document_ids), self.use_credit)
        if not selection or not self._is_same(selection):
            raise UserError(_("Your statement has changed. Please choose again."))
        return selection

    def _is_same(self, selection):
        return (
            selection.section.key == self.section
            and {document.move_id for document in selection.charges} == set(self.document_ids)
            and not self.currency_id.compare_amounts(selection.to_pay, self.to_pay)
        )

    # === AS A LINK TO INVOICES === #

    def _payment_currency(self):
        return self.currency_id

    def _payment_label(self):
        selection = self._selection()
        documents = documents_label(self.env, [doc.name for doc in selection.charges])
        if not selection.credit:
            return documents
        return _(
            "%(documents)s, after your credit of %(credit)s",
            documents=documents, credit=self.currency_id.format(selection.credit),
        )

    def _start_payment(self, amount, provider, method, flow=None):
        """A new transaction of `amount` for exactly what was picked."""
        return self.link_id._start_selection(self._selection(), amount, provider, method, flow)
