"""The test cards. Any other valid number approves, as the ones under APPROVED do.

The last group of a number that declines begins with its result code: 4000 0000 0000 2024 is 202.
"""

from .. import cards

APPROVED = {
    '4111111111111111': 'visa',
    '5431111111111111': 'mastercard',
    '341111111111111': 'amex',
    '6011601160116611': 'discover',
}

DECLINED = {
    '4000000000002008': '200',
    '4000000000002016': '201',
    '4000000000002024': '202',
    '4000000000002032': '203',
    '4000000000002040': '204',
    '4000000000002206': '220',
    '4000000000002214': '221',
    '4000000000002230': '223',
    '4000000000002248': '224',
    '4000000000002255': '225',
    '4000000000002404': '240',
    '4000000000002503': '250',
    '4000000000002511': '251',
    '4000000000002529': '252',
    '4000000000002537': '253',
    '4000000000002602': '260',
    '4000000000002610': '261',
    '4000000000002628': '262',
    '4000000000002636': '263',
    '4000000000002644': '264',
    '4000000000003006': '300',
    '4000000000004210': '421',
}

# Answers 421 too, but the bank did charge: only a query or the notification tells.
CHARGED_UNKNOWN = '4000000000014219'


class Card(cards.Card):
    @property
    def code(self) -> str:
        """The bank's result code for this card."""
        return DECLINED.get(self.number, '100')
