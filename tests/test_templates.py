from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .statement_common import StatementCommon


@tagged('post_install', '-at_install')
class TestTemplates(StatementCommon):
    """Whoever words the mails anew is only refused what cannot be sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.create_link(cls.owe(10.0))
        cls.env['email.pay.link']._for_customer(cls.customer, cls.company)  # the first one found
        cls.templates = cls.env['mail.template'].browse(cls.env['ir.model.data'].search([
            ('module', '=', 'email_pay'), ('model', '=', 'mail.template')]).mapped('res_id'))

    def test_each_can_be_saved_whatever_there_is(self):
        self.receive(5.0)
        self.assertGreater(len(self.templates), 8)
        for template in self.templates:
            with self.subTest(template.name):
                template.write({
                    'subject': f'{template.subject}!', 'body_html': template.body_html})

    def test_one_that_fails_for_what_it_is_for_is_refused(self):
        for name in ('mail_template_payment', 'mail_template_statement'):
            with self.subTest(name), self.assertRaisesRegex(ValidationError, "no_such_field"):
                self.env.ref(f'email_pay.{name}').subject = '{{ object.no_such_field }}'
