from odoo import Command
from odoo.tests import new_test_user
from odoo.tools import html2plaintext

from .statement_common import StatementCommon


class ShareCommon(StatementCommon):
    """Rosa, in Panama, with a mobile phone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref('base.pa')
        cls.customer.write({'phone': '6123-4567', 'country_id': cls.env.ref('base.pa').id})
        cls.accountant = new_test_user(
            cls.env, 'collector', 'base.group_user,account.group_account_invoice',
            company_id=cls.company.id, company_ids=[Command.set(cls.company.ids)])

    def share(self, record, action='action_share_payment_link'):
        """The dialog that a button opens for the accountant."""
        action = getattr(record.with_user(self.accountant), action)()
        return self.env['email.pay.share'].with_user(self.accountant).browse(action['res_id'])

    def texts(self):
        """The text messages that this test put in Odoo's queue, oldest first."""
        return self.env['sms.sms'].sudo().search([
            ('state', '=', 'outgoing'),
            ('mail_message_id.record_company_id', '=', self.company.id),
        ], order='id')

    def work_off_texts(self):
        """What Odoo's job does, with its queue."""
        with self.own_cursor() as env:
            env['sms.sms']._process_queue()

    def last_note(self, record):
        self.env.invalidate_all()
        return html2plaintext(record.message_ids[:1].body)
