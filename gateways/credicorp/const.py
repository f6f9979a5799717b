"""The words of the NMI dialect (docs.nmi.com: Direct Post, Query, Webhooks)."""

from ..values import Operation, Status
from ..words import (
    ACCEPTED,
    CHECK_CARD,
    DECLINED_BY_BANK,
    EXPIRED,
    LOST,
    NO_FUNDS,
    NO_SERVICE,
    NOT_ALLOWED,
    _lt,
)

PRODUCTION_URL = 'https://secure.nmi.com'
SANDBOX_URL = 'https://sandbox.nmi.com'

SCRIPT_PATH = '/token/Collect.js'
TRANSACT_PATH = '/api/transact.php'
QUERY_PATH = '/api/query.php'

SIGNATURE_HEADER = 'Webhook-Signature'

# An order number that no transaction of ours has: those always end in a sequence of their own.
NO_ORDER = 'email-pay-connection-test'

MAX_REPORT_BYTES = 2_000_000
# Query, `start_date` and `end_date`, and the `date` of an action.
DATE = '%Y%m%d%H%M%S'
# Query, `result_limit` and `page_number`.
REPORT_PAGE = 200
MAX_REPORT_PAGES = 500
MAX_KEY_LENGTH = 128

# Direct Post, `response`.
APPROVED = '1'
DECLINED = '2'
ERROR = '3'

RESPONSES = {
    APPROVED: Status.DONE,
    DECLINED: Status.DECLINED,
    ERROR: Status.DECLINED,
}

LOST_CODE = 'lost'

# What a bad key is called in `responsetext`. Inferred from replies seen in public; no list exists.
REFUSED_KEY_TEXTS = (
    'security key',
    'api key',
    'authentication failed',
    'invalid username',
)

OVER_LIMIT = _lt("The payment is above the card's limit. Use another card or call your bank.")
CHECK_EXPIRY = _lt("The expiry date is not right. Please check it and try again.")
CHECK_CODE = _lt("The security code is not right. Please check it and try again.")
CALL_BANK = _lt("The bank asks you to call it before it accepts this payment.")
LATER = _lt("The bank cannot accept the payment now. Please try again in a few days.")
NEW_DETAILS = _lt("The bank has issued a new card. Please pay with its details.")
STOPPED = _lt("The bank has stopped automatic payments with this card. Please use another card.")
REJECTED = _lt("The payment was rejected and nothing was charged. Please check the card details.")
BUSY = _lt("Too many payments arrive now. Nothing was charged. Please try again in some minutes.")
CARD_TYPE = _lt("This type of card is not accepted. Please use another card.")
CHECKING = _lt("The bank has not confirmed the payment yet. Do not pay again: we are checking it.")

# Direct Post, `response_code`. PENDING: the outcome is unknown.
CODES = {
    '100': (Status.DONE, ACCEPTED),
    '200': (Status.DECLINED, DECLINED_BY_BANK),
    '201': (Status.DECLINED, DECLINED_BY_BANK),
    '202': (Status.DECLINED, NO_FUNDS),
    '203': (Status.DECLINED, OVER_LIMIT),
    '204': (Status.DECLINED, NOT_ALLOWED),
    '220': (Status.DECLINED, CHECK_CARD),
    '221': (Status.DECLINED, CHECK_CARD),
    '223': (Status.DECLINED, EXPIRED),
    '224': (Status.DECLINED, CHECK_EXPIRY),
    '225': (Status.DECLINED, CHECK_CODE),
    '240': (Status.DECLINED, CALL_BANK),
    '250': (Status.DECLINED, DECLINED_BY_BANK),
    '251': (Status.DECLINED, DECLINED_BY_BANK),
    '252': (Status.DECLINED, DECLINED_BY_BANK),
    '253': (Status.DECLINED, DECLINED_BY_BANK),
    '260': (Status.DECLINED, CALL_BANK),
    '261': (Status.DECLINED, STOPPED),
    '262': (Status.DECLINED, STOPPED),
    '263': (Status.DECLINED, NEW_DETAILS),
    '264': (Status.DECLINED, LATER),
    '300': (Status.DECLINED, REJECTED),
    '301': (Status.DECLINED, BUSY),
    '400': (Status.DECLINED, REJECTED),
    '410': (Status.DECLINED, NO_SERVICE),
    '411': (Status.DECLINED, NO_SERVICE),
    '420': (Status.PENDING, CHECKING),
    '421': (Status.PENDING, CHECKING),
    '430': (Status.PENDING, CHECKING),
    '440': (Status.DECLINED, NO_SERVICE),
    '441': (Status.DECLINED, REJECTED),
    '460': (Status.DECLINED, NO_SERVICE),
    '461': (Status.DECLINED, CARD_TYPE),
    # Ours: the bank's answer was lost, and the gateway's report says that the payment failed.
    LOST_CODE: (Status.DECLINED, LOST),
}

SENTENCES = {code: sentence for code, (_status, sentence) in CODES.items()}

# Direct Post, `response_code`: the card is no more, or its bank forbids to charge it again.
FINAL_CODES = frozenset({
    '204', '220', '221', '223', '224', '225', '250', '251', '252', '253', '261', '262', '263',
    '461',
})

# Query, `action_type`.
ACTIONS = {
    'sale': Operation.PAYMENT,
    'auth': Operation.PAYMENT,
    'capture': Operation.PAYMENT,
    'refund': Operation.REFUND,
    'credit': Operation.REFUND,
    'void': Operation.VOID,
    'settle': Operation.OTHER,
    'validate': Operation.OTHER,
}

# Query, `condition`: where the whole transaction stands.
CONDITIONS = {
    'pending': Status.PENDING,
    'pendingsettlement': Status.DONE,
    'complete': Status.DONE,
    'failed': Status.DECLINED,
    'canceled': Status.CANCELED,
}

# Webhooks, `event_type`.
EVENTS = {
    'transaction.sale.success': (Operation.PAYMENT, Status.DONE),
    'transaction.sale.failure': (Operation.PAYMENT, Status.DECLINED),
    'transaction.sale.unknown': (Operation.PAYMENT, Status.PENDING),
    'transaction.auth.success': (Operation.PAYMENT, Status.AUTHORIZED),
    'transaction.auth.failure': (Operation.PAYMENT, Status.DECLINED),
    'transaction.auth.unknown': (Operation.PAYMENT, Status.PENDING),
    'transaction.capture.success': (Operation.PAYMENT, Status.DONE),
    'transaction.capture.failure': (Operation.PAYMENT, Status.DECLINED),
    'transaction.capture.unknown': (Operation.PAYMENT, Status.PENDING),
    'transaction.refund.success': (Operation.REFUND, Status.DONE),
    'transaction.refund.failure': (Operation.REFUND, Status.DECLINED),
    'transaction.refund.unknown': (Operation.REFUND, Status.PENDING),
    'transaction.credit.success': (Operation.REFUND, Status.DONE),
    'transaction.credit.failure': (Operation.REFUND, Status.DECLINED),
    'transaction.credit.unknown': (Operation.REFUND, Status.PENDING),
    'transaction.void.success': (Operation.VOID, Status.DONE),
    'transaction.void.failure': (Operation.VOID, Status.DECLINED),
    'transaction.void.unknown': (Operation.VOID, Status.PENDING),
    'transaction.validate.success': (Operation.OTHER, Status.DONE),
    'transaction.validate.failure': (Operation.OTHER, Status.DECLINED),
    'transaction.validate.unknown': (Operation.OTHER, Status.PENDING),
    'recurring.subscription.add': (Operation.OTHER, Status.DONE),
    'recurring.subscription.update': (Operation.OTHER, Status.DONE),
    'recurring.subscription.delete': (Operation.OTHER, Status.DONE),
    'settlement.batch.complete': (Operation.OTHER, Status.DONE),
    'settlement.batch.failure': (Operation.OTHER, Status.DECLINED),
    'chargeback.batch.complete': (Operation.CHARGEBACK, Status.DONE),
}

# Direct Post, credential on file: the first payment stores the card, the later ones are ours.
STORES_CARD = {
    'customer_vault': 'add_customer',
    'initiated_by': 'customer',
    'stored_credential_indicator': 'stored',
}
USES_STORED_CARD = {
    'initiated_by': 'merchant',
    'stored_credential_indicator': 'used',
    'billing_method': 'installment',
}
