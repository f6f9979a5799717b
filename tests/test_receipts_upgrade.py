import importlib.util

from odoo import fields
from odoo.tests import tagged
from odoo.tools.misc import file_path

from .common import EmailPayCommon

FOLDER = 'email_pay/migrations/19.0.1.1.0'


@tagged('post_install', '-at_install')
class TestReceiptsUpgrade(EmailPayCommon):
    """A database whose receipts were mails about transactions goes on where it was."""

    def migrate(self, name):
        spec = importlib.util.spec_from_file_location(name, file_path(f'{FOLDER}/{name}.py'))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.env.flush_all()
        module.migrate(self.cr, '19.0.1.0.0')
        self.env.invalidate_all()

    def _add_old_columns(self):
        self.cr.execute(
            "ALTER TABLE payment_transaction ADD email_pay_receipt_due boolean,"
            " ADD email_pay_receipt_at timestamp")

    def test_what_was_sent_is_history_and_what_was_due_is_sent(self):
        sent = self.pay_by_card(self.create_link(self.create_invoice()))
        due = self.pay_by_card(self.create_link(self.create_invoice()))
        none = self.pay_by_card(self.create_link(self.create_invoice()))
        (sent | due | none).payment_id.email_pay_receipt_ids.sudo().unlink()
        self._add_old_columns()
        self.cr.execute(
            "UPDATE payment_transaction SET email_pay_receipt_at = '2026-01-02 03:04:05'"
            " WHERE id = %s", [sent.id])
        self.cr.execute(
            "UPDATE payment_transaction SET email_pay_receipt_due = TRUE WHERE id = %s", [due.id])
        self.migrate('post-receipts')
        receipt = sent._email_pay_receipt()
        self.assertEqual((receipt.state, receipt.email), ('sent', 'rosa@example.com'))
        self.assertEqual(receipt.sent_at, fields.Datetime.to_datetime('2026-01-02 03:04:05'))
        self.assertEqual(receipt.company_id, self.company)
        self.assertFalse(none._email_pay_receipt())
        [mail] = self.receipts()
        self.assertEqual(mail.res_id, due.payment_id.id)
        job = self.env.ref('email_pay.ir_cron_send_receipts')
        self.assertEqual((job.model_name, job.code), ('email.pay.receipt', "model._cron_send()"))

    def test_the_old_templates_step_aside(self):
        old = self.env.ref('email_pay.mail_template_payment_receipt').copy({
            'name': "Our receipt", 'body_html': "<p>As we like it</p>"})
        self.env['ir.model.data'].search([
            ('module', '=', 'email_pay'), ('name', '=', 'mail_template_receipt')]).unlink()
        self.env['ir.model.data'].create({
            'module': 'email_pay', 'name': 'mail_template_receipt', 'model': old._name,
            'res_id': old.id, 'noupdate': True,
        })
        self._add_old_columns()
        self.migrate('post-receipts')
        self.assertEqual((old.active, old.name), (False, "Our receipt (before 19.0.1.1)"))
        self.assertIn("As we like it", old.body_html)
        self.assertTrue(self.env.ref('email_pay.mail_template_payment_receipt').active)
