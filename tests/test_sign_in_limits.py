import math

from odoo.tests import freeze_time, tagged

from ..models.email_pay_sign_in_limit import NETWORK, NUMBER, NUMBER_IN_NETWORK, Limit, network_of
from ..models.locks import begin_autocommit
from .common import EmailPayCommon
from .race_common import RaceCommon
from .sign_in_common import RUT, UNKNOWN_RUT, SignInCommon

FEW = Limit(free=3, refill=60, first=10, longest=100, refuses=True)


@tagged('post_install', '-at_install')
class TestLimit(EmailPayCommon):
    """How a limit counts."""

    def take(self, limit=FEW, subject='somebody', at=0):
        with freeze_time(f'2030-01-01 12:{at // 60:02}:{at % 60:02}'):
            return self.env['email.pay.sign.in.limit'].sudo()._take(limit, subject)

    def test_some_are_free_then_one_waits(self):
        self.assertEqual([self.take().refused for _time in range(5)], [0, 0, 0, 1, 2])
        self.assertEqual(self.take().wait, 10)

    def test_who_is_refused_does_not_wait_longer_for_it(self):
        for _time in range(3):
            self.take()
        waits = [self.take(at=second).wait for second in range(5)]
        self.assertEqual(waits, [10, 9, 8, 7, 6])
        self.assertFalse(self.take(at=10).refused)

    def test_each_wait_is_longer_up_to_the_longest(self):
        clock, waits = 0, []
        for _time in range(3):
            self.take(at=clock)
        for _time in range(12):
            verdict = self.take(at=clock)
            waits.append(verdict.wait)
            clock += math.ceil(verdict.wait)
            self.assertFalse(self.take(at=clock).refused)
        self.assertEqual(waits[0], 10)
        self.assertEqual(waits, sorted(waits))
        self.assertGreater(waits[-1], 40)
        self.assertLessEqual(waits[-1], 100)

    def test_tries_are_forgotten_with_the_time(self):
        for _time in range(3):
            self.take()
        self.assertEqual([self.take(at=180).refused for _time in range(4)], [0, 0, 0, 1])

    def test_each_subject_has_its_own(self):
        for _time in range(5):
            self.take()
        self.assertFalse(self.take(subject='another').refused)

    def test_what_anybody_can_use_up_refuses_nobody(self):
        slow = FEW._replace(refuses=False)
        verdicts = [self.take(slow) for _time in range(100)]
        self.assertFalse(any(verdict.refused for verdict in verdicts))
        self.assertEqual([verdict.wait for verdict in verdicts[:4]], [0, 0, 10, 20])
        self.assertEqual(verdicts[-1].wait, 100)
        self.assertEqual(self.take(slow, at=15 * 60).wait, 0, "soon it is as before")

    def test_a_network_is_what_one_person_can_have(self):
        for address, network in (
            ('192.0.2.7', '192.0.2.7/32'), ('2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'),
            ('2001:db8:1:2::9', '2001:db8:1:2::/64'), ('::ffff:192.0.2.7', '192.0.2.7/32'),
            ('unknown', 'unknown'), ('', ''), (None, ''),
        ):
            self.assertEqual(network_of(address), network)

    def test_nobody_can_read_of_whom_it_is(self):
        self.take(subject='760864285')
        keys = self.env['email.pay.sign.in.limit'].sudo().search([]).mapped('key')
        self.assertFalse([key for key in keys if '760864285' in key])


@tagged('post_install', '-at_install')
class TestLimitsAtOnce(RaceCommon):
    """Many requests at the same instant."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self._forget)

    def _forget(self):
        with self._environment() as env:
            env.cr.execute("DELETE FROM email_pay_sign_in_limit")
            env.cr.execute("DELETE FROM email_pay_sign_in WHERE contact = 'race'")

    def _together(self, work, count):
        def work_as_a_request(env):
            begin_autocommit(env.cr)
            return work(env)

        return super()._together(work_as_a_request, count)

    def test_as_many_are_let_through_as_are_free(self):
        verdicts = self._together(
            lambda env: env['email.pay.sign.in.limit']._take(FEW, 'race'), 12)
        self.assertEqual(sorted(verdict.refused for verdict in verdicts), [0, 0, 0, *range(1, 10)])

    def test_a_try_stays_counted_when_the_request_fails(self):
        def fail(env):
            env['email.pay.sign.in.limit']._take(FEW, 'race')
            env.cr.rollback()
            raise ZeroDivisionError

        self.assertTrue(all(
            isinstance(outcome, ZeroDivisionError) for outcome in self._together(fail, 3)))
        with self._environment() as env:
            self.assertEqual(env['email.pay.sign.in.limit']._take(FEW, 'race').refused, 1)

    def _attempt(self):
        """An attempt that has the code 123456; its id."""
        with self._environment() as env:
            attempt = env['email.pay.sign.in'].create({
                'portal_id': env['email.pay.portal'].search([], limit=1).id, 'contact': 'race',
                'state': 'sent', 'expires_at': '2100-01-01',
            })
            attempt.code_hash = attempt._code_hash('123456')
            return attempt.id

    def test_many_guesses_at_the_same_instant_are_five(self):
        number = self._attempt()
        outcomes = self._together(
            lambda env: env['email.pay.sign.in'].browse(number)._try_code('654321'), 12)
        self.assertEqual(sorted(outcomes), ['expired'] * 7 + ['over'] + ['wrong'] * 4)

    def test_the_code_lets_in_once_at_the_same_instant(self):
        number = self._attempt()
        outcomes = self._together(
            lambda env: env['email.pay.sign.in'].browse(number)._try_code('123456'), 4)
        self.assertEqual(outcomes.count('right'), 1, outcomes)


@tagged('post_install', '-at_install')
class TestSignInLimits(SignInCommon):
    """What a stranger can do to a customer: nothing."""

    def setUp(self):
        super().setUp()
        self.invoice = self.owe(100.0, 5)

    def tries(self, count, **typed):
        """The statuses of so many tries, each in a new browser."""
        found = []
        with self.later(seconds=0):
            for _time in range(count):
                self.new_visitor()
                found.append(self.fill_in(**typed).status_code)
        return found

    def test_one_number_from_one_network_is_slowed_down(self):
        statuses = self.tries(NUMBER_IN_NETWORK.free + 2, email='guess@example.com')
        self.assertEqual(statuses, [303] * NUMBER_IN_NETWORK.free + [429] * 2)
        response = self.fill_in(email='guess@example.com')
        self.assertIn("Please wait a minute and try again", self.refusal(response))
        self.assertGreater(int(response.headers['Retry-After']), 0)

    def test_a_number_is_the_same_in_whatever_way_it_is_typed(self):
        statuses = []
        with self.later(seconds=0):
            for zeros in range(NUMBER_IN_NETWORK.free + 2):
                self.new_visitor()
                typed = f'PA{"0" * zeros}{self.customer.email_pay_tax_key}'
                self.assertIn(self.customer.email_pay_tax_key, self.portal._identity(
                    typed, '', '').keys, "it finds the customer")
                statuses.append(self.fill_in(
                    tax_number=typed, email='guess@example.com').status_code)
        self.assertEqual(statuses, [303] * NUMBER_IN_NETWORK.free + [429] * 2)

    def test_many_numbers_from_one_network_are_slowed_down(self):
        statuses = []
        with self.later(seconds=0):
            for number in range(NETWORK.free + 2):
                self.new_visitor()
                statuses.append(self.fill_in(
                    tax_number=f'A3071{number:07}', email='guess@example.com').status_code)
        self.assertEqual(statuses, [303] * NETWORK.free + [429] * 2)

    def test_the_accountant_reads_of_it_once(self):
        self.tries(NUMBER_IN_NETWORK.free + 4, email='guess@example.com')
        self.assertEqual(self.attempts().mapped('state').count('early'), 1)

    def test_the_same_for_who_is_not_on_file(self):
        texts = set()
        for number in (RUT, UNKNOWN_RUT):
            self.tries(NUMBER_IN_NETWORK.free, tax_number=number, email='guess@example.com')
            self.new_visitor()
            response = self.fill_in(tax_number=number, email='guess@example.com')
            texts.add((response.status_code, self.refusal(response)))
        self.assertEqual(len(texts), 1)

    def test_a_stranger_elsewhere_cannot_keep_the_customer_out(self):
        with self.from_address('203.0.113.9'):
            self.tries(NUMBER_IN_NETWORK.free + 3, email=self.customer.email)
        self.new_visitor()
        self.assertEqual(self.fill_in(email=self.customer.email).status_code, 303)

    def test_nor_can_many_strangers_everywhere(self):
        for network in range(NUMBER.free + 5):
            with self.from_address(f'203.0.113.{network}'):
                self.tries(1, email=self.customer.email)
        self.answer()
        self.new_visitor()
        page = self.ask(email=self.customer.email)
        self.assertFalse(self.answer(), "it takes a little longer")
        with self.later(seconds=61):
            self.assertEqual(self.enter(page, self.sent_codes()[-1]).status_code, 303)

    def test_nor_can_one_in_the_same_network_where_the_customer_was_before(self):
        page = self.sign_in(email=self.customer.email)
        self.sign_out(page)
        customer = self.opener
        self.tries(NUMBER_IN_NETWORK.free + 3, email=self.customer.email)
        self.answer()
        self.opener = customer
        self.assertIn(self.invoice.name, self.text(self.sign_in(email=self.customer.email)))

    def test_a_browser_is_known_for_the_number_it_signed_in_with_only(self):
        other = self.env['res.partner'].create({
            'name': "Other", 'vat': UNKNOWN_RUT, 'email': 'other@example.com',
            'country_id': self.chile.id,
        })
        self.owe(3.0, partner=other)
        page = self.sign_in(tax_number=UNKNOWN_RUT, email='other@example.com')
        self.sign_out(page)
        statuses = [
            self.fill_in(email='guess@example.com').status_code
            for _time in range(NUMBER_IN_NETWORK.free + 1)
        ]
        self.assertEqual(statuses[-1], 429)

    def test_a_known_browser_has_its_own_limit(self):
        page = self.sign_in(email=self.customer.email)
        self.sign_out(page)
        with self.later(minutes=20):  # what the first sign-in took is forgotten
            statuses = [
                self.fill_in(email=self.customer.email).status_code for _time in range(12)]
        self.assertEqual(statuses, [303] * 10 + [429] * 2)

    def test_the_mailed_link_works_whatever_strangers_do(self):
        self.tries(NUMBER_IN_NETWORK.free + 3, email=self.customer.email)
        self.assertIn(self.invoice.name, self.text(self.open_link(self.statement_link())))

    def test_where_strangers_guess_a_code_is_asked_for_though_none_was(self):
        self.portal.sign_in_policy = 'match'
        for network in range(NUMBER.free + 1):
            with self.from_address(f'203.0.113.{network}'):
                self.tries(1, phone='9 8765 4322')
        self.new_visitor()
        response = self.fill_in(email=self.customer.email)
        self.assertTrue(response.headers['Location'].endswith('/code'))
        with self.later(seconds=61):
            page = self.follow(self.enter(self.follow(response), self.sent_code()))
            self.assertIn(self.invoice.name, self.text(page))

    def test_no_number_of_guesses_of_the_code_gets_in(self):
        """Five for each code, and five codes: 25 of a million."""
        guesses = 0
        for _code in range(NUMBER_IN_NETWORK.free + 3):
            self.new_visitor()
            response = self.fill_in(email=self.customer.email)
            if response.status_code != 303:
                continue
            page = self.follow(response)
            for guess in range(8):
                answer = self.enter(page, f'{guess:06}')
                guesses += "not the code" in self.refusal(answer)
        self.assertLessEqual(guesses, 5 * NUMBER_IN_NETWORK.free)
        self.assertNotIn('in', self.attempts().mapped('state'))
