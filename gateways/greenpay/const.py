"""The words of GreenPay v1 (support.greenpay.me: knowledge base, and the public plugins)."""

from ..values import Status
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

MERCHANT_URL = 'https://merchant.greenpay.me'
FORM_URL = 'https://checkout-form.greenpay.me'
SANDBOX_MERCHANT_URL = 'https://sandbox-merchant.greenpay.me'
SANDBOX_FORM_URL = 'https://sandbox-checkoutform.greenpay.me'

ORDER_PATH = '/'
QUERY_PATH = '/transactions/get'
VOID_PATH = '/transactions/void'
REFUND_PATH = '/transactions/refund'
SAVE_CARD_PATH = '/tokenize'
SAVED_CARD_PATH = '/tokenPayment'

# Behind the callback address, when the customer gave up.
CANCEL_TAIL = 'cancel'

SIGNATURE_FIELD = '_signature'

# An order that is opened to try the credentials and that nobody is sent to pay.
TEST_ORDER = 'email-pay-connection-test'
MAX_TAIL = 16_000

# Orders, error texts without their apostrophes.
REFUSED_CREDENTIALS = {
    'bank entity doesnt exist': "GreenPay does not know the terminal of this currency.",
    'merchant doesnt exist': "GreenPay does not know the merchant id, or the secret is not its.",
}
# Void and query, error text of an order that GreenPay does not know. For queries it is inferred.
NOT_FOUND = 'not found'
# Void, error text after the three hours.
TOO_LATE = 'not ready for reversion'

# Answers and notifications, `status`. 504 is the outcome that nobody knows.
STATUSES = {
    200: Status.DONE,
    500: Status.DECLINED,
    504: Status.PENDING,
}

# Query, `state`. Only `approved` was seen; the others are inferred.
STATES = {
    'approved': Status.DONE,
    'refunded': Status.DONE,
    'denied': Status.DECLINED,
    'declined': Status.DECLINED,
    'rejected': Status.DECLINED,
    'failed': Status.DECLINED,
    'pending': Status.PENDING,
    'voided': Status.CANCELED,
    'reversed': Status.CANCELED,
    'cancelled': Status.CANCELED,
    'canceled': Status.CANCELED,
}
VOIDED = ('voided', 'reversed')
REFUNDED = 'refunded'

REVERSED = _lt("The bank took too long. What it may have charged is given back. Please try again.")
SUSPICIOUS = _lt("The payment did not pass the fraud check. Use another card or contact us.")

# `result.resp_code`. Two digits are the bank's (ISO 8583), a leading 2 marks those of BAC and BNCR,
# 899 and 996 are GreenPay's own.
CODES = {
    '00': ACCEPTED,
    '01': DECLINED_BY_BANK,
    '03': NO_SERVICE,
    '04': DECLINED_BY_BANK,
    '05': DECLINED_BY_BANK,
    '12': NOT_ALLOWED,
    '13': NOT_ALLOWED,
    '14': CHECK_CARD,
    '19': LOST,
    '30': NO_SERVICE,
    '31': NOT_ALLOWED,
    '41': DECLINED_BY_BANK,
    '43': DECLINED_BY_BANK,
    '51': NO_FUNDS,
    '54': EXPIRED,
    '55': CHECK_CARD,
    '58': NOT_ALLOWED,
    '62': DECLINED_BY_BANK,
    '63': DECLINED_BY_BANK,
    '65': DECLINED_BY_BANK,
    '78': DECLINED_BY_BANK,
    '89': NO_SERVICE,
    '91': LOST,
    '96': NO_SERVICE,
    '201': DECLINED_BY_BANK,
    '203': NO_SERVICE,
    '205': DECLINED_BY_BANK,
    '212': NOT_ALLOWED,
    '241': DECLINED_BY_BANK,
    '251': NO_FUNDS,
    '255': CHECK_CARD,
    '262': DECLINED_BY_BANK,
    '278': DECLINED_BY_BANK,
    '899': REVERSED,
    '996': SUSPICIOUS,
}

# The card is no more, or its bank forbids to charge it again (ISO 8583).
FINAL_CODES = frozenset({'04', '14', '41', '43', '54', '62', '241', '262', '996'})
