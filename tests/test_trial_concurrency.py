from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_concurrency import QUIET, ConcurrencyCommon


@tagged('post_install', '-at_install')
class TestTrialConcurrency(ConcurrencyCommon):
    """Two clicks at the same instant."""

    def _make(self, env):
        invoice = self._record(env, 'email.pay.portal')._make_trial(
            self._record(env, 'res.partner'))
        return invoice.id

    def _withdraw(self, journals):
        with self._environment() as env:
            portal = self._record(env, 'email.pay.portal')
            portal._trials().with_context(force_delete=True).unlink()
            (portal._trial_journal() - env['account.journal'].browse(journals)).unlink()

    @mute_logger(*QUIET)
    def test_two_clicks_make_one_trial_invoice(self):
        with self._environment() as env:
            journals = env['account.journal'].search([]).ids
        self.addCleanup(self._withdraw, journals)
        first, second = self._together(self._make)
        self.assertEqual(first, second)
