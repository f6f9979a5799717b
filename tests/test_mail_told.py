from odoo.tests import tagged

from .mail_common import MailAccountCommon
from .plan_follow_common import PlanFollowCommon


@tagged('post_install', '-at_install')
class TestMailTold(MailAccountCommon, PlanFollowCommon):
    """What becomes of the mails of instalments that leave by an account."""

    def denied(self):
        """An instalment that was refused, and the mail that tells the customer."""
        installment = self.plan('denied', 'awaiting').installment_ids[:1]
        installment._tell_denied()
        return installment, self.outbox('mail_template_denied')

    def test_a_refused_instalment_is_told_by_the_account_for_collections(self):
        _installment, mail = self.denied()
        self.send(mail)
        self.assertEqual(self.arrived(), ['rosa@example.com'])
        self.assertEqual(self.server.mails[0].mail_from, 'collect@canal.example.com')
