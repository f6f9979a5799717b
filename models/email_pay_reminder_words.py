from urllib.parse import urlencode

from odoo import api, models
from odoo.tools import format_date

from .email_pay_link_sharing import plain_amount
from .payment_allocation import documents_label
from .statement_values import overdue_label


class EmailPayReminderNotice(models.Model):
    """What the templates of a reminder say, in the customer's language."""

    _inherit = 'email.pay.reminder.notice'

    def _email_from(self):
        return self.link_id._email_from()

    def _url(self, **chosen):
        """The address of the customer's statement, with what this is about picked."""
        return f'{self.link_id._url()}?{urlencode({**chosen, "reminder": self.id})}'

    def _documents(self, most=3):
        """What it is about, in few words."""
        return documents_label(self.env, self.item_ids.move_id.mapped('name'), most)

    def _totals(self):
        """What is due of it, in each currency, in one line."""
        return ', '.join(currency.format(amount) for currency, amount in self._due())

    def _plain_totals(self):
        """The same, in words that do not make a text message longer."""
        return ', '.join(plain_amount(currency, amount) for currency, amount in self._due())

    def _due(self):
        return [
            (currency, sum(items.mapped('amount')))
            for currency, items in self.item_ids.grouped('currency_id').items()
        ]

    @api.model
    def _moves_of(self, link, value):
        """The ids of the invoices that a reminder with `link` is about; none for another value."""
        if not value:
            return set()
        notices = self.sudo().search([('link_id', '=', link.id)])
        return set(notices.filtered(lambda notice: str(notice.id) == value).item_ids.move_id.ids)

    def _documents_table(self):
        """The documents with a button for each currency, for the mail."""
        return self.env['ir.qweb']._render('email_pay.reminder_documents', {
            'notice': self,
            'sections': [
                self._section(key, items)
                for key, items in self.item_ids.grouped('section').items()
            ],
            'brand': self.company_id.email_secondary_color or '#1f4e79',
            'on_brand': self.company_id.email_primary_color or '#ffffff',
        })

    def _section(self, key, items):
        return {
            'due': items.currency_id.format(sum(items.mapped('amount'))),
            'url': self._url(section=key),
            'rows': [item._row() for item in items],
        }


class EmailPayReminderItem(models.Model):
    _inherit = 'email.pay.reminder.item'

    def _row(self):
        """What the mail shows of it."""
        days = (self.notice_id.day - self.due_date).days
        return {
            'name': self.move_id.name,
            'due_date': format_date(self.env, self.due_date),
            'overdue': overdue_label(self.env, days) if days > 0 else '',
            'due': self.currency_id.format(self.amount),
        }
