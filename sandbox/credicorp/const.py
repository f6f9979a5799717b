"""The words of the protocol: see "Credicorp Bank: NMI dialect" in the documentation of gateways."""

APPROVED, DECLINED, ERROR = '1', '2', '3'

OK_CODE = '100'
REJECTED_CODE = '300'
UNKNOWN_CODE = '421'

TEXTS = {
    '100': 'SUCCESS',
    '200': 'DECLINE',
    '201': 'Do not honor',
    '202': 'Insufficient funds',
    '203': 'Over limit',
    '204': 'Transaction not allowed',
    '220': 'Incorrect payment information',
    '221': 'No such card issuer',
    '223': 'Expired card',
    '224': 'Invalid expiration date',
    '225': 'Invalid card security code',
    '240': 'Call issuer for further information',
    '250': 'Pick up card',
    '251': 'Lost card',
    '252': 'Stolen card',
    '253': 'Fraudulent card',
    '260': 'Declined with further instructions available',
    '261': 'Declined, stop all recurring payments',
    '262': 'Declined, stop this recurring program',
    '263': 'Declined, update cardholder data available',
    '264': 'Declined, retry in a few days',
    '300': 'Transaction was rejected by gateway',
    '421': 'Communication error with issuer',
}

INVALID_KEY = 'Invalid Security Key'
NOT_VOIDABLE = 'Only transactions pending settlement can be voided'

PENDING = 'pending'
PENDING_SETTLEMENT = 'pendingsettlement'
COMPLETE = 'complete'
FAILED = 'failed'
CANCELED = 'canceled'

# What a transaction becomes when an operation of this type is approved.
CONDITIONS = {
    'sale': PENDING_SETTLEMENT,
    'auth': PENDING,
    'capture': PENDING_SETTLEMENT,
    'void': CANCELED,
    'refund': PENDING_SETTLEMENT,
    'credit': PENDING_SETTLEMENT,
    'validate': COMPLETE,
    'settle': COMPLETE,
}


def response_of(code: str) -> str:
    """The `response` that goes with a `response_code`."""
    if code == OK_CODE:
        return APPROVED
    return DECLINED if code.startswith('2') else ERROR
