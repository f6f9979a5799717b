"""A gateway that is still being written."""

import traceback
import unittest


class Tried(unittest.TestResult):
    """What one test came to, sub-tests included, before it is told to anybody."""

    def __init__(self):
        super().__init__()
        self.problems = []

    def addError(self, test, err):
        self.problems.append(err[1])

    def addFailure(self, test, err):
        self.problems.append(err[1])

    def addSubTest(self, test, subtest, err):
        if err:
            self.problems.append(err[1])

    def tell(self, test, result):
        """Report it to `result`; a problem is something to do."""
        # A generator that a test leaves by an exception reports its own end first.
        for problem in sorted(self.problems, key=lambda one: isinstance(one, GeneratorExit))[:1]:
            told = traceback.format_exception_only(problem)[0].split('\n')[0]
            result.addSkip(test, f'Still to do: {told}')
        for _test, reason in self.skipped:
            result.addSkip(test, reason)
        if not self.problems and not self.skipped:
            result.addSuccess(test)


class ToDo:
    """
    :cvar to_do: whether the gateway is still being written: what fails is skipped, as still to do.
    """

    to_do = False

    def run(self, result=None):
        """As any test runs, except while the gateway is `to_do`."""
        if not self.to_do:
            return super().run(result)
        result = self.defaultTestResult() if result is None else result
        result.startTest(self)
        tried = Tried()
        super().run(tried)
        tried.tell(self, result)
        result.stopTest(self)
        return result
