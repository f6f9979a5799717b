from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_concurrency import QUIET, ConcurrencyCommon


@tagged('post_install', '-at_install')
class TestRemindersConcurrency(ConcurrencyCommon):
    """Several workers remind a customer once."""

    def setUp(self):
        super().setUp()
        with self._environment() as env:
            portal = self._record(env, 'email.pay.portal')
            portal.with_context(tracking_disable=True).write(
                {'reminders_scheduled': True, 'reminder_hour': 0})
            portal.reminder_ids.since = '2024-01-01'
            portal.reminded_on = portal._statement_today()
        self.addCleanup(self._forget)

    def _forget(self):
        with self._environment() as env:
            notices = env['email.pay.reminder.notice'].search([
                ('company_id', '=', env.ref('base.main_company').id)])
            notices.item_ids.unlink()
            env['mail.mail'].search([
                ('model', '=', notices._name), ('res_id', 'in', notices.ids)]).unlink()
            notices.unlink()
            portal = self._record(env, 'email.pay.portal')
            portal.with_context(tracking_disable=True).write({
                'reminders_scheduled': False, 'reminder_hour': 9, 'reminded_on': False,
                'reminder_ids': [(5, 0, 0)],
            })

    def _notices(self, env):
        return env['email.pay.reminder.notice'].search([
            ('partner_id', '=', self.ids['res.partner']),
        ])

    @mute_logger(*QUIET)
    def test_four_workers_mail_a_queued_reminder_once(self):
        with self._environment() as env:
            portal = self._record(env, 'email.pay.portal')
            env['email.pay.reminder.notice'].create({
                'company_id': portal.company_id.id, 'partner_id': self.ids['res.partner'],
                'day': portal._statement_today(),
            })
        outcomes = self._together(
            lambda env: env['email.pay.reminder.notice']._send_queued(), count=4)
        self.assertEqual(outcomes, [None] * 4)
        with self._environment() as env:
            notice = self._notices(env)
            self.assertEqual((notice.state, len(notice.item_ids)), ('sent', 1))
            self.assertEqual(env['mail.mail'].search_count([
                ('model', '=', notice._name), ('res_id', '=', notice.id)]), 1)

    @mute_logger(*QUIET)
    def test_four_workers_queue_a_customer_once(self):
        with self._environment() as env:
            self._record(env, 'email.pay.portal').reminded_on = False
        self._together(lambda env: self._record(env, 'email.pay.portal')._queue_reminders(), 4)
        with self._environment() as env:
            self.assertEqual(self._notices(env).state, 'queued')
            portal = self._record(env, 'email.pay.portal')
            self.assertEqual(portal.reminded_on, portal._statement_today())
