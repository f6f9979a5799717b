from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import tagged

from .overview_common import OverviewCommon


@tagged('post_install', '-at_install')
class TestOverview(OverviewCommon):
    """Sent, opened, paid, how long it took; what was collected, and what is outstanding."""

    def stages(self, block):
        return [figure['count'] for figure in block['funnel']]

    # --- sent, opened, paid -------------------------------------------------------------------

    def test_the_funnel_counts_links_sent_opened_and_paid(self):
        waiting, opened = self.sent(), self.sent(opened=True)
        paid = self.sent(opened=True, paid_after=0.5)
        self.create_link(self.create_invoice())  # copied by hand, or not sent yet
        sent_figure, opened_figure, paid_figure = self.block()['funnel']
        report = self.env['email.pay.link.report']
        self.assertLeadsTo(sent_figure, report.browse((waiting | opened | paid).ids))
        self.assertLeadsTo(opened_figure, report.browse((opened | paid).ids))
        self.assertLeadsTo(paid_figure, report.browse(paid.ids))
        self.assertEqual(
            [figure['share'] for figure in (sent_figure, opened_figure, paid_figure)],
            [1, 2 / 3, 1 / 3])

    def test_what_is_paid_was_opened(self):
        """Who signs in at the payment address follows no link."""
        self.sent(paid_after=0.5)
        self.assertEqual(self.stages(self.block()), [1, 1, 1])

    def test_a_link_that_is_sent_again_is_still_of_the_day_on_which_it_went_out_first(self):
        link = self.sent(days=40)
        first = link.first_sent_at
        link._send()
        self.assertEqual(link.first_sent_at, first)
        self.assertGreater(link.sent_at, first)
        self.assertEqual(self.stages(self.block()), [0, 0, 0])

    def test_all_ways_of_sending_count(self):
        link = self.create_link(self.create_invoice())
        self.assertFalse(link.first_sent_at)
        link._whatsapp_action("Hello", '+50761234567')
        self.assertEqual(link.first_sent_at, link.sent_at)
        self.assertEqual(self.stages(self.block()), [1, 0, 0])

    def test_a_click_opens_the_link(self):
        link = self.sent()
        [row] = self.records(self.block()['funnel'][0])
        action = row.action_open_link()
        self.assertEqual((action['res_model'], action['res_id']), ('email.pay.link', link.id))

    # --- from mail to money -------------------------------------------------------------------

    def test_time_runs_from_the_first_mail_to_the_first_money(self):
        links = [self.sent(days=20, paid_after=days) for days in (0.25, 2, 2.5, 7.5)]
        self.sent(days=20)
        block = self.block()
        self.assertAlmostEqual(block['median'], 2.25)
        report = self.env['email.pay.link.report']
        for figure, paid in zip(block['within'], (links[:1], links[:3], links[:3]), strict=True):
            self.assertLeadsTo(figure, report.browse([link.id for link in reversed(paid)]).sorted(
                lambda row: (row.sent_at, row.id), reverse=True))
        self.assertEqual([figure['share'] for figure in block['within']], [0.25, 0.75, 0.75])

    def test_a_second_payment_does_not_count_again(self):
        link = self.sent(days=9, amount=30.0)
        for days in (1, 8):
            self.paid(link, days, 15.0)
        block = self.block()
        self.assertEqual((self.stages(block), block['median']), ([1, 1, 1], 1))

    def test_nothing_paid_has_no_time(self):
        self.sent()
        self.assertIsNone(self.block()['median'])

    # --- collected ----------------------------------------------------------------------------

    def paid_on(self, day, amount=100.0, **kwargs):
        """A payment by card, booked on that day."""
        payment = self.pay_by_card(self.create_link(self.create_invoice(amount))).payment_id
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_payment SET date = %s WHERE id = %s", [day, payment.id])
        self.env.invalidate_all()
        return payment

    def test_collected_is_what_is_booked_by_day_and_by_method(self):
        today = fields.Date.today()
        payments = self.paid_on(today, 100.0) | self.paid_on(today, 20.0) \
            | self.paid_on(today - timedelta(days=29), 3.0)
        self.paid_on(today - timedelta(days=30), 400.0)
        self.receive(50.0)  # not online
        block = self.block()
        self.assertLeadsTo(block['collected'], payments.sorted(
            lambda payment: (payment.date, payment.name), reverse=True))
        self.assertEqual(block['collected']['amount'], 123.0)
        [method] = block['methods']
        self.assertEqual(method['label'], payments.payment_method_line_id.name)
        self.assertEqual((method['count'], method['amount']), (3, 123.0))
        self.assertEqual(len(block['buckets']), 30)
        self.assertEqual((method['amounts'][0], method['amounts'][-1]), (3.0, 120.0))
        self.assertEqual(sum(method['amounts']), 123.0)

    def test_each_method_has_its_own_number(self):
        by_card = self.paid_on(fields.Date.today(), 10.0)
        other = self.paid_on(fields.Date.today(), 7.0)
        line = self.collections.inbound_payment_method_line_ids - other.payment_method_line_id
        line[0].name = "Another app"
        self.env.cr.execute(
            "UPDATE account_payment SET payment_method_line_id = %s WHERE id = %s",
            [line[0].id, other.id])
        self.env.invalidate_all()
        methods = self.block()['methods']
        self.assertLeadsTo(self.named(methods, by_card.payment_method_line_id.name), by_card)
        self.assertLeadsTo(self.named(methods, "Another app"), other)

    def test_what_went_back_is_apart(self):
        link = self.create_link(self.create_invoice(100.0))
        transaction = self.pay_by_card(link)
        refund = self.refund(transaction, 40.0)
        self.advance(refund)
        block = self.block()
        self.assertEqual(block['collected']['amount'], 100.0)
        self.assertEqual(block['paid_back']['amount'], -40.0)
        self.assertLeadsTo(block['paid_back'], refund.payment_id)

    def test_a_payment_that_is_taken_back_is_not_collected(self):
        payment = self.paid_on(fields.Date.today())
        payment.action_cancel()
        self.assertEqual(self.block()['collected']['count'], 0)

    def test_other_currencies_count_as_the_books_have_them(self):
        self.env['res.currency.rate'].create({
            'currency_id': self.currency_euro.id, 'company_id': self.company.id,
            'name': fields.Date.today(), 'rate': 0.5,
        })
        self.pay_by_card(self.create_link(self.owe_euros(10.0)))
        self.assertEqual(self.block()['collected']['amount'], 20.0)

    def test_long_periods_are_shown_by_month(self):
        self.paid_on(date(2025, 2, 3), 5.0)
        block = self.block('free', '2025-01-15', '2025-12-31')
        self.assertEqual(len(block['buckets']), 12)
        self.assertEqual(block['methods'][0]['amounts'][1], 5.0)
        self.assertEqual(block['buckets'][1]['last'], '2025-02-28')

    # --- outstanding --------------------------------------------------------------------------

    def test_outstanding_is_that_of_the_statements(self):
        for days, amount in {-5: 1.0, 10: 2.0, 40: 4.0, 70: 8.0, 100: 16.0}.items():
            self.owe(amount, days)
        self.credit_note(0.5)
        block = self.block()
        [section] = self.statement().sections
        self.assertEqual([figure['amount'] for figure in block['ages']], section.ages)
        self.assertEqual(block['outstanding']['amount'], section.due)
        self.assertEqual(block['overdue']['amount'], section.overdue)
        self.assertEqual(block['credits']['amount'], -section.credit)
        self.assertEqual([figure['count'] for figure in block['ages']], [1] * 5)
        self.assertAlmostEqual(sum(figure['share'] for figure in block['ages']), 1)
        self.assertEachLeadsToWhatItCounts(block)

    # --- every number -------------------------------------------------------------------------

    def test_each_number_leads_to_exactly_what_it_counts(self):
        self.sent(opened=True, paid_after=2)
        self.sent(days=35, opened=True)
        self.paid_on(fields.Date.today(), 5.0)
        self.owe(5.0, 40)
        for period in (('days',), ('month',), ('quarter',), ('free', '2020-01-01', '2030-01-01')):
            with self.subTest(period):
                self.assertEachLeadsToWhatItCounts(self.block(*period))

    # --- the period ---------------------------------------------------------------------------

    @freeze_time('2026-08-17 12:00:00')
    def test_periods(self):
        for asked, expected in {
            ('days',): ('days', '2026-07-19', '2026-08-17'),
            ('month',): ('month', '2026-08-01', '2026-08-31'),
            ('quarter',): ('quarter', '2026-07-01', '2026-09-30'),
            ('free', '2026-02-03', '2026-03-04'): ('free', '2026-02-03', '2026-03-04'),
            ('free', '2026-03-04', '2026-02-03'): ('free', '2026-02-03', '2026-03-04'),
            ('free', False, False): ('days', '2026-07-19', '2026-08-17'),
            ('century',): ('days', '2026-07-19', '2026-08-17'),
        }.items():
            with self.subTest(asked):
                period = self.overview(*asked)['period']
                self.assertEqual(tuple(period[key] for key in ('name', 'first', 'last')), expected)

    def test_days_are_those_of_whoever_looks(self):
        link = self.sent()
        link.first_sent_at = datetime(2026, 3, 1, 3, 0)  # still February in Panama
        february = ('free', '2026-02-01', '2026-02-28')
        for zone, count in {'America/Panama': 1, 'UTC': 0}.items():
            self.assertEqual(self.stages(self.block(*february, tz=zone))[0], count)

    # --- what to do first ---------------------------------------------------------------------

    def test_before_anything_was_sent_it_says_what_to_do(self):
        start = self.block()['start']
        self.assertEqual((start['enabled'], start['missing']), (True, []))
        self.sent(days=400)
        self.assertFalse(self.block()['start'])

    def test_what_is_missing_is_listed(self):
        self.portal.enabled = False
        self.portal.method_ids = [Command.clear()]
        start = self.block()['start']
        self.assertEqual(
            start, {'enabled': False, 'missing': ["Add a payment method."],
                    'portal_id': self.portal.id})
