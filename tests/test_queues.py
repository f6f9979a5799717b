import logging

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..models.queues import MOST_IN_VAIN, work_off

QUEUES = 'odoo.addons.email_pay.models.queues'


@tagged('post_install', '-at_install')
class TestQueues(TransactionCase):
    """What waits is worked off, whatever becomes of one of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env['res.partner'].create([
            {'name': "Waits", 'ref': 'waits'} for _number in range(3)])
        cls.bad = cls.partners[0]

    def work_off(self, work, **options):
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            model = api.Environment(cr, SUPERUSER_ID, {})['res.partner']
            work_off(
                model, [('id', 'in', self.partners.ids), ('ref', '=', 'waits')], work, **options)
        self.env.invalidate_all()

    def stumble(self, partners):
        partners.ref = 'done'
        if self.bad in partners:
            raise ValueError("Out of order")

    def fail(self, partners, error):
        partners.ref = type(error).__name__

    def check(self, bad, **options):
        with self.assertLogs(QUEUES, logging.ERROR):
            self.work_off(self.stumble, **options)
        self.assertEqual(self.partners.mapped('ref'), [bad, 'done', 'done'])

    def test_an_error_is_of_its_record_alone(self):
        self.check('ValueError', failed=self.fail)

    def test_without_an_end_it_waits_for_the_next_run(self):
        self.check('waits')

    def test_an_end_that_fails_too_stops_no_other(self):
        self.check('waits', failed=lambda partners, _error: self.stumble(partners))

    def test_of_a_batch_the_others_are_done(self):
        self.check('ValueError', failed=self.fail, limit=2)

    def test_a_sentence_for_people_is_no_error_of_ours(self):
        def refuse(_partner):
            raise UserError("Nothing is due.")

        with self.assertNoLogs(QUEUES, logging.WARNING):
            self.work_off(refuse, failed=self.fail)
        self.assertEqual(set(self.partners.mapped('ref')), {'UserError'})

    @mute_logger('odoo.sql_db')
    def test_a_database_that_does_not_work_ends_it(self):
        tried = []

        def conflict(partner):
            tried.append(partner.id)
            raise psycopg2.OperationalError("No space left on device")

        with self.assertRaises(psycopg2.OperationalError):
            self.work_off(conflict)
        self.assertEqual(tried, [self.bad.id] * MOST_IN_VAIN)

    def test_somebody_who_was_faster_ends_nothing(self):
        tried = []

        def conflict(partner):
            tried.append(partner.id)
            if len(tried) < MOST_IN_VAIN:
                raise psycopg2.OperationalError("could not serialize access")
            partner.ref = 'done'

        self.work_off(conflict)
        self.assertEqual(self.partners.mapped('ref'), ['done'] * 3)
