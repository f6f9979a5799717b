from odoo.fields import Command
from odoo.tests import tagged

from .card_page_common import CardPageCommon
from .plan_follow_common import PlanFollowCommon
from .sign_in_common import SignInCommon
from .statement_common import StatementCommon


class RefusedCommon(StatementCommon, PlanFollowCommon):
    """Rosa's second instalment was refused, and the third is still to be charged."""

    def setUp(self):
        super().setUp()
        self.plan_ = self.plan('confirmed', 'denied', 'awaiting', method=self.on_card)
        self.line = self.plan_.installment_ids.sorted('number')[1]
        self.page_of_plan = self.plan_._live_link()._path()

    def ways(self, page):
        """Where the buttons lead that pay what was refused."""
        return self.tree(page).xpath('//*[@id="ep-refused"]//a/@href')

    def buttons(self, page):
        return [' '.join(button.text_content().split())
                for button in self.tree(page).xpath('//form[@id="ep-pay"]//button')]


@tagged('post_install', '-at_install')
class TestRefusedOnStatement(RefusedCommon, CardPageCommon):
    """What was refused is paid from the statement, though the rest of it is still to be charged."""

    def setUp(self):
        super().setUp()
        self.link = self.statement_link()

    def test_it_is_paid_on_the_page_of_its_plan(self):
        page = self.open_link(self.link)
        for text in (self.plan_.move_id.name, "Payment 2 of 3", self.line.reason,
                     f"Pay {self.money(30.0)}"):
            self.assertIn(text, self.text(page))
        [way] = self.ways(page)
        page = self.follow(self.url_open(way, allow_redirects=False))
        self.assertEqual(self.buttons(page), [f"Pay {self.money(30.0)}"])
        card_page = self.follow(self.submit(page, self.page_of_plan))
        self.enter_card(card_page)
        self.assertEqual(self.line.state, 'confirmed')
        self.assertEqual(self.ways(self.open_link(self.link)), [])
        back = self.url_open(way, allow_redirects=False)
        self.assertTrue(back.headers['Location'].endswith(self.link._path()))

    def test_of_a_plan_the_first_is_paid_first(self):
        self.plan_.installment_ids.sorted('number')[0].state = 'denied'
        page = self.open_link(self.link)
        self.assertEqual(len(self.ways(page)), 1)
        self.assertIn("Payment 2 of 3", self.text(page))

    def test_what_can_be_picked_is_offered_once(self):
        last = self.plan('confirmed', 'denied', invoice=self.owe(60.0))
        page = self.open_link(self.link)
        boxes = self.tree(page).xpath('//input[@name="document"]/@value')
        self.assertEqual(boxes, [str(last.move_id.id)])
        self.assertEqual(len(self.ways(page)), 1)

    def test_a_reminder_of_it_picks_nothing_else(self):
        other = self.owe(50.0)
        notice = self.env['email.pay.reminder.notice'].sudo().create({
            'company_id': self.company.id, 'partner_id': self.customer.id,
            'day': self.line.due_date, 'link_id': self.link.id, 'item_ids': [Command.create({
                'move_id': self.plan_.move_id.id, 'due_date': self.line.due_date, 'delay': 7,
                'currency_id': self.company_currency.id,
            })],
        })
        boxes = '//input[@name="document"][@checked]/@value'
        page = self.open_link(self.link)
        self.assertEqual(self.tree(page).xpath(boxes), [str(other.id)])
        page = self.url_open(self.link._path(f'?reminder={notice.id}'))
        self.assertEqual(self.tree(page).xpath(boxes), [])

    def test_nobody_comes_in_without_the_statement(self):
        [way] = self.ways(self.open_link(self.link))
        self.new_visitor()
        for path in (way, self.page_of_plan):
            self.assertEqual(self.url_open(path).status_code, 404)

    def test_a_statement_that_was_withdrawn_lets_nobody_in(self):
        [way] = self.ways(self.open_link(self.link))
        self.link.action_revoke()
        self.assertEqual(self.url_open(way).status_code, 404)

    def test_it_leads_to_no_plan_of_another_customer(self):
        other = self.plan('denied', 'awaiting', invoice=self.create_invoice(
            60.0, partner=self.env['res.partner'].create({'name': "Another"})))
        self.assertEqual(len(self.ways(self.open_link(self.link))), 1)
        answer = self.url_open(self.link._path(f'/plan/{other.id}'), allow_redirects=False)
        self.assertTrue(answer.headers['Location'].endswith(self.link._path()))
        self.assertEqual(self.url_open(other._live_link()._path()).status_code, 404)

    def test_the_link_of_an_invoice_leads_to_no_plan(self):
        link = self.create_link(self.owe(20.0))
        self.open_link(link)
        answer = self.url_open(link._path(f'/plan/{self.plan_.id}'), allow_redirects=False)
        self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.url_open(self.page_of_plan).status_code, 404)


@tagged('post_install', '-at_install')
class TestRefusedForWhoSignedIn(RefusedCommon, SignInCommon, CardPageCommon):
    """The same for who signed in at the payment address: as long as signed in, and no longer."""

    def setUp(self):
        super().setUp()
        self.plan_.token_id = self._create_token(
            provider_id=self.credicorp.id, payment_method_id=self.card.id,
            partner_id=self.customer.id)

    def test_it_is_paid(self):
        page = self.sign_in(email=self.customer.email)
        [way] = self.ways(page)
        page = self.follow(self.url_open(way, allow_redirects=False))
        self.assertIn(self.plan_.move_id.name, self.text(page))
        self.assertTrue(self.tree(page).xpath(f'//a[@href="{self.statement_link()._path()}"]'))
        self.enter_card(self.follow(self.submit(page, self.page_of_plan)))
        self.assertEqual(self.line.state, 'confirmed')

    def test_signing_out_closes_it(self):
        self.sign_in(email=self.customer.email)
        page = self.url_open(self.page_of_plan)
        self.assertEqual(page.status_code, 200)
        self.sign_out(page)
        self.assertEqual(self.url_open(self.page_of_plan).status_code, 404)

    def test_after_a_while_it_is_closed(self):
        [way] = self.ways(self.sign_in(email=self.customer.email))
        self.url_open(way)
        with self.later(minutes=31):
            self.assertEqual(self.url_open(self.page_of_plan).status_code, 403)

    def test_without_a_code_nothing_else_is_told_or_changed(self):
        self.portal.sign_in_policy = 'match'
        statement = self.follow(self.fill_in(email=self.customer.email))
        [way] = self.ways(statement)
        page = self.follow(self.url_open(way, allow_redirects=False))
        for shown in (statement, page):
            self.assertNotIn(self.line.reason, self.text(shown))
        self.assertEqual(self.buttons(page), [f"Pay {self.money(30.0)}"])
        self.assertNotIn("Work", self.text(page))
        self.assertNotIn("Change card", self.text(page))
        answer = self.submit(page, self.page_of_plan, do='card')
        self.assertEqual(answer.status_code, 400)
        self.assertIn("from one of our e-mails", self.refusal(answer))
        for tail in ('/pdf', '/qr'):
            self.assertEqual(self.url_open(self.page_of_plan + tail).status_code, 404)
        answer = self.submit(page, self.page_of_plan)
        self.assertEqual(answer.status_code, 303)

    def test_it_opens_no_plan_of_another_customer(self):
        other = self.plan('denied', 'awaiting', invoice=self.create_invoice(
            60.0, partner=self.env['res.partner'].create({'name': "Another"})))
        self.sign_in(email=self.customer.email)
        self.assertEqual(self.url_open(other._live_link()._path()).status_code, 404)
