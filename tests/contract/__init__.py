"""What every gateway must hold to: one suite, run for each by a subclass with its fixtures.

A subclass says what it needs in `case` (`settings`, `sign`, `answers`, …); its notifications are
really signed and nothing of the gateway under test is ever replaced.
"""

from .fuzz import FUZZ
from .itself import OwnContract
from .money import MoneyContract
from .notifications import NotificationContract
from .questions import QuestionContract
from .to_do import ToDo


class GatewayContract(
    ToDo, NotificationContract, MoneyContract, QuestionContract, OwnContract,
):
    """The suite. Mix it into a `TestCase` and fill in what `ContractCase` asks for."""
