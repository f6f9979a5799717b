from odoo.tests import new_test_user, tagged

from .page_common import OdooFormCommon, PageCommon
from .plan_follow_common import PlanFollowCommon


@tagged('post_install', '-at_install')
class TestPlanPage(PlanFollowCommon, PageCommon):
    """What the customer of a plan sees and does, without a script."""

    def open_plan(self, plan):
        return self.open_link(plan._live_link())

    def charges(self, response):
        """The charges that the page lists: number, amount and what became of it."""
        return [
            tuple(' '.join(row.xpath(f'string(.//*[contains(@class, "{name}")])').split())
                  for name in ('ep-charge-number', 'ep-charge-amount', 'ep-badge'))
            for row in self.tree(response).xpath('//ol/li')
        ]

    def step(self, response):
        """The button that the page offers, if any."""
        return ' '.join(self.tree(response).xpath(
            'string(//form[@id="ep-pay"]//button[@type="submit"])').split())

    # --- what it shows ----------------------------------------------------------------------------

    def test_before_the_first_charge_all_of_them_are_told(self):
        plan = self.plan('awaiting', 'awaiting', 'awaiting', plan_state='pending',
                         method=self.on_card)
        page = self.open_plan(plan)
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.money(90.0), self.headline(page))
        self.assertEqual(self.charges(page), [
            (f'Payment {number} of 3', self.money(30.0), 'To come') for number in (1, 2, 3)])
        self.assertIn("your card is saved", self.text(page))
        self.assertEqual(self.step(page), "Continue")

    def test_after_it_each_says_what_became_of_it(self):
        plan = self.plan('confirmed', 'denied', 'awaiting', 'cancelled')
        page = self.open_plan(plan)
        self.assertIn(self.money(60.0), self.headline(page))
        self.assertEqual([row[2] for row in self.charges(page)],
                         ['Paid', 'Declined', 'To come', 'Cancelled'])
        self.assertIn("The bank declined the card.", self.text(page))

    def test_nothing_is_to_be_done_while_all_goes_well(self):
        for states in (('confirmed', 'awaiting'), ('confirmed', 'confirmed')):
            with self.subTest(states):
                plan_state = 'done' if 'awaiting' not in states else 'active'
                page = self.open_plan(self.plan(*states, plan_state=plan_state))
                self.assertEqual((page.status_code, self.step(page)), (200, ''))

    def test_a_draft_has_no_number_and_no_pdf(self):
        plan = self.plan('awaiting', 'awaiting', plan_state='pending', method=self.on_card,
                         invoice=self.create_invoice(60.0, post=False))
        page = self.open_plan(plan)
        self.assertIn("Work", self.text(page))
        self.assertNotIn("PDF", self.text(page))

    def test_it_speaks_the_language_of_the_customer(self):
        self.speak_spanish()
        page = self.open_plan(self.plan('confirmed', 'awaiting'))
        self.assertEqual(self.tree(page).get('lang'), 'es-PA')

    # --- who sees it ------------------------------------------------------------------------------

    def test_only_who_has_the_link_sees_it(self):
        plan = self.plan('confirmed', 'awaiting')
        path = plan._live_link()._path()
        self.assertEqual(self.open_plan(plan).status_code, 200)
        self.assertEqual(self.url_open(path).status_code, 200)
        self.new_visitor()
        self.assertEqual(self.url_open(path).status_code, 404)

    def test_no_browser_keeps_it_and_no_other_site_frames_it(self):
        page = self.open_plan(self.plan('confirmed', 'denied'))
        self.assertEqual(page.headers['Cache-Control'], 'no-store')
        self.assertEqual(page.headers['Referrer-Policy'], 'no-referrer')
        self.assertIn("default-src 'none'", page.headers['Content-Security-Policy'])
        self.assertNotIn('session_id', page.headers.get('Set-Cookie', ''))

    def test_only_who_signed_in_reads_which_card_is_charged(self):
        plan = self.plan('confirmed', 'awaiting', method=self.on_card)
        plan.token_id = self._create_token(
            provider_id=self.credicorp.id, payment_method_id=self.card.id,
            partner_id=self.customer.id, payment_details='4711')
        card = f"{plan.token_id.display_name} is charged"
        self.assertIn('4711', card)
        for login, parent in (('stranger', False), ('contact', self.customer.id)):
            new_test_user(self.env, login, 'base.group_portal').partner_id.parent_id = parent
        for login, named in (('', False), ('stranger', False), ('contact', True)):
            with self.subTest(login):
                self.authenticate(login or None, login or None)
                page = self.text(self.open_plan(plan))
                self.assertEqual('4711' in page, named)
                self.assertIn(card if named else "Your saved card is charged", page)

    def test_contacts_of_the_customer_see_its_plans_when_they_sign_in(self):
        self.customer.is_company = True
        contact = new_test_user(
            self.env, 'contact', 'base.group_portal', email='c@example.com')
        contact.partner_id.parent_id = self.customer
        plan = self.plan('confirmed', 'awaiting')
        other = self.plan('confirmed', 'awaiting', invoice=self.create_invoice(
            60.0, partner=self.env['res.partner'].create({'name': "Another"})))
        self.authenticate('contact', 'contact')
        page = self.url_open('/my/instalments')
        self.assertIn(plan.move_id.name, self.text(page))
        self.assertNotIn(other.move_id.name, self.text(page))
        self.assertIn("1 of 2 payments made", self.text(page))
        [link] = self.tree(page).xpath('//main//section//a/@href')
        self.assertEqual(len(self.charges(self.url_open(link))), 2)
        self.assertEqual(self.url_open(other._live_link()._path()).status_code, 404)

    def test_my_account_counts_them(self):
        contact = new_test_user(self.env, 'contact', 'base.group_portal', email='c@example.com')
        self.plan('confirmed', 'awaiting', invoice=self.create_invoice(
            60.0, partner=contact.partner_id))
        self.authenticate('contact', 'contact')
        counted = self.url_open('/my/counters', json=self.build_rpc_payload({
            'counters': ['email_pay_plans']})).json()['result']
        self.assertEqual(counted, {'email_pay_plans': 1})
        self.assertIn('/my/instalments', self.url_open('/my').text)

    # --- paying what was declined -----------------------------------------------------------------

    def test_a_declined_payment_is_paid_on_the_page(self):
        plan = self.plan('confirmed', 'denied', 'awaiting')
        page = self.open_plan(plan)
        self.assertEqual(self.step(page), f'Pay {self.money(30.0)}')
        card_page = self.follow(self.submit(page, plan._live_link().selector))
        status = self.follow(self.enter_card(card_page))
        self.assertEqual(self.headline(status), "Payment received")
        self.assertNotIn("Pay the rest", self.text(status))
        line = plan.installment_ids.sorted('number')[1]
        self.assertEqual(line.state, 'confirmed')
        self.assertEqual((line.payment_id.amount, plan.move_id.amount_residual), (30.0, 60.0))
        self.assertEqual(self.step(self.open_plan(plan)), '')

    def test_a_first_payment_that_a_person_denied_is_paid_on_the_page(self):
        plan = self.plan('awaiting', 'awaiting', plan_state='pending')
        plan._installments('awaiting')[:1]._deny_by_hand("It did not arrive.", tell=True)
        page = self.open_plan(plan)
        self.assertEqual(self.step(page), f'Pay {self.money(30.0)}')
        card_page = self.follow(self.submit(page, plan._live_link().selector))
        self.assertEqual(self.headline(self.follow(self.enter_card(card_page))),
                         "Payment received")
        self.assertEqual((plan.state, plan.progress), ('active', '1/2'))
        self.assertEqual(plan.move_id.amount_residual, 30.0)

    def test_two_tabs_pay_it_once(self):
        plan = self.plan('confirmed', 'denied', 'awaiting')
        tabs = [self.open_plan(plan) for _tab in range(2)]
        cards = [self.follow(self.submit(tab, plan._live_link().selector)) for tab in tabs[:1]]
        self.follow(self.enter_card(cards[0]))
        late = self.submit(tabs[1], plan._live_link().selector)
        self.assertEqual(late.status_code, 400)
        self.assertIn("made already", self.refusal(late))
        self.assertEqual(len(self.sandbox.ledger.entries(operation='sale', success=True)), 1)

    def test_what_was_not_declined_cannot_be_paid(self):
        plan = self.plan('confirmed', 'awaiting')
        page = self.open_plan(self.plan('confirmed', 'denied'))
        link = plan._live_link()
        self.open_link(link)
        forged = self.post(link._path(), form_token=self.form_token(page), do='installment')
        self.assertEqual(forged.status_code, 404)
        self.assertFalse(self.transactions(link))

    # --- beginning --------------------------------------------------------------------------------

    def begin(self, plan):
        return self.follow(self.submit(self.open_plan(plan), plan._live_link().selector))

    def test_continue_charges_the_first_and_saves_the_card(self):
        plan = self.plan('awaiting', 'awaiting', plan_state='pending', method=self.on_card)
        card_page = self.begin(plan)
        self.assertEqual(self.headline(card_page), f"You pay {self.money(30.0)}")
        status = self.follow(self.enter_card(card_page))
        self.assertEqual(self.headline(status), "Payment received")
        self.assertEqual((plan.state, plan.progress), ('active', '1/2'))
        self.assertIn("Your saved card is charged", self.text(self.open_plan(plan)))

    def test_a_plan_that_is_over_is_not_begun(self):
        plan = self.plan('awaiting', 'awaiting', plan_state='pending', method=self.on_card)
        page = self.open_plan(plan)
        plan.state = 'active'
        refused = self.submit(page, plan._live_link().selector)
        self.assertEqual(refused.status_code, 400)
        self.assertFalse(self.transactions(plan._live_link()))

    def test_a_cancelled_plan_says_so(self):
        plan = self.plan('awaiting', 'awaiting', plan_state='pending', method=self.on_card)
        plan.state = 'cancelled'
        self.assertEqual(self.headline(self.open_plan(plan)), "These payments were cancelled")

    def test_another_card_is_charged_from_then_on(self):
        plan = self.plan('awaiting', 'awaiting', plan_state='pending', method=self.on_card)
        self.follow(self.enter_card(self.begin(plan)))
        before = plan.token_id
        card_page = self.follow(self.submit(self.open_plan(plan), plan._live_link().selector))
        self.assertIn("nothing is charged now", self.headline(card_page))
        status = self.follow(self.enter_card(card_page, '5555555555554444'))
        self.assertEqual(self.headline(status), "Your card is saved")
        self.assertNotEqual(plan.token_id, before)
        self.assertEqual(len(self.sandbox.ledger.entries(operation='sale', success=True)), 1)

    def test_the_card_that_pays_a_declined_instalment_is_charged_from_then_on(self):
        plan = self.plan('confirmed', 'denied', 'awaiting', method=self.on_card)
        page = self.open_plan(plan)
        self.assertIn("charged for the next payments too", self.text(page))
        self.follow(self.enter_card(self.follow(self.submit(page, plan._live_link().selector))))
        self.assertEqual(plan.installment_ids.sorted('number')[1].state, 'confirmed')
        self.assertTrue(plan.token_id)


@tagged('post_install', '-at_install')
class TestPlanInline(PlanFollowCommon, OdooFormCommon):
    """A provider of Odoo with a form of its own begins a plan as well."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.form_provider = cls._prepare_provider('demo', update_values={
            'journal_id': cls.collections.id, 'allow_tokenization': True,
        })
        cls.in_form = cls.by_hand.copy({
            'provider_id': cls.form_provider.id, 'recurring_mode': 'token', 'name': "Card",
        })

    def test_its_form_begins_with_the_card_saved(self):
        plan = self.plan('awaiting', 'awaiting', plan_state='pending', method=self.in_form)
        page = self.open_link(plan._live_link())
        form = self.follow(self.submit(page, plan._live_link().selector))
        self.assertEqual(self.headline(form), f"You pay {self.money(30.0)}")
        reference = self.start(form)['result']['reference']
        [attempt] = self.transactions(plan._live_link()).sudo()
        self.assertEqual((attempt.reference, attempt.amount), (reference, 30.0))
        self.assertTrue(attempt.tokenize)
        attempt._process('demo', {
            'reference': reference, 'simulated_state': 'done', 'payment_details': '1234',
        })
        self.assertEqual((plan.state, plan.progress), ('active', '1/2'))
        self.assertTrue(plan.token_id)
