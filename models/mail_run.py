from ..smtp import Kind

# What may be the server's fault or that of one mail; after so many in a row, the others wait too.
BREAKS = {Kind.DROPPED, Kind.SLOW}
BROKEN_IN_A_ROW = 3


class Run:
    """Mails that are handed over to a mail account in one go, in one session while it lasts.

    :ivar tried: those of which it is known what became of them.
    :ivar stranded: those that the default server is to send instead.
    :ivar left: whether the server took any.
    """

    def __init__(self, mails, account):
        self.account = account
        self.tried = self.stranded = mails.browse()
        self.left = False
        self._session = self._doubt = None
        self._in_a_row = 0

    def session(self, smtp_from):
        """:raises Problem: the account does not work."""
        if not self._session or not self._session.sock:
            self._session = self.account._email_pay_open(smtp_from)
        return self._session

    def quit(self):
        if self._session:
            self._session.quit()

    # --- the last mail ----------------------------------------------------------------------------

    @property
    def failure(self):
        return self._session.problem

    @property
    def refused(self):
        return self._session.refused

    @property
    def delivered(self):
        return self._session.delivered

    @property
    def gone(self):
        """The addresses that the server will never take, each with its answer."""
        return {
            address: str(problem) for address, problem in self.refused.items() if problem.for_good
        }

    def check(self, mail):
        """Take note of what became of a mail.

        :raises Problem: the account does not work. What it says of a recipient may be of that one
            only, and the others are tried.
        """
        if self.failure and self.failure.of_account:
            if not self.refused:
                raise self.failure
            if not self.works_beside(mail):
                self._doubt = self.failure
        self.left = self.left or bool(self.delivered)
        self.tried |= mail

    def works_beside(self, mail):
        """Whether the account took other mails since this one was written."""
        account = self.account
        worked = (
            not account.email_pay_failing_since and account.email_pay_tested_at
            and account.email_pay_tested_at > mail.create_date
        )
        return self.left or bool(self.delivered) or worked

    def go_on(self):
        """:raises Problem: it makes no sense to try more of them now."""
        failure = self.failure
        unsure = failure and (failure.kind in BREAKS or (failure.of_account and not self.left))
        self._in_a_row = self._in_a_row + 1 if unsure else 0
        if self._in_a_row == BROKEN_IN_A_ROW:
            raise failure

    # --- the account ------------------------------------------------------------------------------

    def note(self, problem):
        """Note whether the account works; `problem` ended the run."""
        if failure := problem or (not self.left and self._doubt):
            self.account._email_pay_note_failure(failure)
        elif self.left:
            self.account._email_pay_note_success()
