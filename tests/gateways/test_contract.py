import unittest

from tests.contract import GatewayContract


class Begun(GatewayContract):
    """A gateway that is still being written."""

    to_do = True

    def works(self):
        with self.subTest(1):
            self.assertTrue(self.to_do)

    def is_wrong(self):
        self.assertEqual('one', 'another')

    def has_no_hook(self):
        raise NotImplementedError("what a query answers")

    def is_wrong_in_part(self):
        for number in (1, 2):
            with self.subTest(number):
                self.assertEqual(number, 1)

    def ends_inside_its_loop(self):
        for _verb, _act in self.each_verb():
            raise NotImplementedError("how a card is charged")

    def money_verbs(self):
        return ('charge',)

    def has_no_window(self):
        self.skipTest("It has no card window.")


class TestToDo(unittest.TestCase):
    """What works of a gateway that is still to do passes, all else is skipped and says why."""

    def told(self, name, **attributes):
        case = type('Case', (Begun, unittest.TestCase), attributes)(name)
        result = unittest.TestResult()
        self.assertIs(case.run(result), result)
        self.assertEqual(result.testsRun, 1)
        self.assertEqual([test for test, _reason in result.skipped], [case] * len(result.skipped))
        return [reason for _test, reason in result.skipped], len(result.errors + result.failures)

    def test_what_works_passes(self):
        self.assertEqual(self.told('works'), ([], 0))

    def test_what_does_not_work_is_still_to_do(self):
        for name, reason in {
            'is_wrong': "AssertionError: 'one' != 'another'",
            'is_wrong_in_part': "AssertionError: 2 != 1",
            'has_no_hook': "NotImplementedError: what a query answers",
            'ends_inside_its_loop': "NotImplementedError: how a card is charged",
        }.items():
            with self.subTest(name):
                self.assertEqual(self.told(name), ([f'Still to do: {reason}'], 0))

    def test_what_it_does_not_have_is_skipped_as_ever(self):
        self.assertEqual(self.told('has_no_window'), (["It has no card window."], 0))

    def test_a_gateway_that_is_done_fails(self):
        for name in ('is_wrong', 'is_wrong_in_part', 'has_no_hook', 'ends_inside_its_loop'):
            with self.subTest(name):
                skipped, failed = self.told(name, to_do=False)
                self.assertEqual(skipped, [])
                self.assertTrue(failed)
