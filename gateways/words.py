"""Sentences for customers. `_lt` is the mark that Odoo's translation export looks for; the Odoo
layer translates where it shows them."""


def _lt(sentence: str) -> str:
    """`sentence`, unchanged and marked for translation."""
    return sentence


# What several gateways have a code for.
ACCEPTED = _lt("The payment was accepted.")
DECLINED_BY_BANK = _lt("The bank declined the card. Please use another card or call your bank.")
NO_FUNDS = _lt("The card does not have enough funds. Please use another card.")
NOT_ALLOWED = _lt("The bank does not allow this payment with this card. Please use another card.")
CHECK_CARD = _lt("The card details are not right. Please check them and try again.")
EXPIRED = _lt("The card has expired. Please use another card.")
NO_SERVICE = _lt("Card payments are not working now. Nothing was charged. Please contact us.")
LOST = _lt("The bank did not answer and nothing was charged. Please try again.")
# For a code that we do not know.
NO_REASON = _lt("The bank gave no reason that we know. Please contact us before you pay again.")
