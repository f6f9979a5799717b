"""The words of PagoLivre.

Still to do: the page that they are from, above each map.

A fact is verified (V) when the gateway's documentation or a recorded answer says it, and inferred
(I) when only plugins, relatives or experience do: that is to be confirmed with the gateway.
"""

from ..values import Status
from ..words import _lt

# I: still to do.
PRODUCTION_URL = 'https://pagolivre.example.com'
SANDBOX_URL = 'https://sandbox.pagolivre.example.com'

# I: still to do.
QUERY_PATH = '/query'

# An order number that no transaction of ours has: those always end in a sequence of their own.
NO_ORDER = 'email-pay-connection-test'

MAX_ANSWER_BYTES = 1_000_000

ACCEPTED = _lt("The payment was accepted.")
DECLINED_BY_BANK = _lt("The bank declined the card. Please use another card or call your bank.")
NO_REASON = _lt("The bank gave no reason that we know. Please contact us before you pay again.")

# I: still to do. A word that is not here leaves a payment pending.
STATUSES = {
    'approved': Status.DONE,
    'declined': Status.DECLINED,
}

# I: still to do. What each result code tells a customer, without the gateway's jargon.
CODES = {
    'approved': ACCEPTED,
    'declined': DECLINED_BY_BANK,
}
