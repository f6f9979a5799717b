"""The words of PagoLivre, API v2.

V: verified; the source is the order API as documented (developers.pagolivre.com.br), read and tried
on its sandbox by a public integration in September 2026 (github.com/Crossoften/genecode-ws).
I: inferred; to be confirmed with PagoLivre. All that is only inferred and may differ for an account
stands in WORDS, which the administrator edits on the app.
"""

from datetime import timedelta

from ..values import Status
from ..words import ACCEPTED, DECLINED_BY_BANK, _lt

# V for the sandbox, which the documentation does not name; I for production.
PRODUCTION_URL = 'https://api.pagolivre.com.br/api/v2'
SANDBOX_URL = 'https://api.sbx.pagolivre.com.br/api/v2'

# V. Without a User-Agent the answer is 403, in HTML.
USER_AGENT = 'EmailPay/19.0 (Odoo)'

# V. GET by our reference answers 204 without a body when there is no such order. At most one
# question a second, the first one five seconds or more after the order was opened. What leaves a
# second apart may arrive closer together, so there is a little more between two.
ORDERS_PATH = '/orders'
ORDER_PATH = '/orders/byOrderKey/%s'
CANCEL_PATH = '/orders/%s/cancel'
MIN_INTERVAL = timedelta(seconds=1.2)

# V. The notification's address carries the merchant's own API token: `callbackUrl?accessToken=…`.
TOKEN_PARAM = 'accessToken'

# V. One that the account does not have is 403 "A opção de recebimento selecionada não existe".
CARD_OPTION = 'creditCard'
# V: up to twelve.
MAX_INSTALLMENTS = 12

# I: how long an order can be paid when the answer has no `expirationDate`.
CHECKOUT_WITHIN = timedelta(minutes=30)

# An order number that no transaction of ours has: those always end in a sequence of their own.
NO_ORDER = 'email-pay-connection-test'

# V: the words of an order. That a paid order which is cancelled becomes `canceled` is inferred.
CREATED = 'created'
PAID = 'paid'
CANCELED = 'canceled'
DECLINED = 'declined'
EXPIRED = 'expired'
STATUSES = {
    CREATED: Status.PENDING,
    PAID: Status.DONE,
    CANCELED: Status.CANCELED,
    DECLINED: Status.DECLINED,
    EXPIRED: Status.CANCELED,
}

# I, every line. It is what the administrator sees on the app, and changes there: ours on the left,
# the name or word that PagoLivre uses on the right.
WORDS = """\
# A new order: the option of a recurrent credit, and the field for a CNPJ
recurring_option = recurrentCreditCard
cnpj = cpf

# An order that is asked for: its amount, and what was cancelled of it
order_amount = amount
cancellations = cancellations
cancellation_id = cancellationRequestId
cancellation_amount = amount

# Its monthly charges
charges = charges
charge_id = id
charge_number = number
charge_amount = amount
charge_due = dueDate
charge_paid_at = paidAt
charge_reason = decliningReason
charge_status = status
charge_awaiting = created
charge_confirmed = paid
charge_denied = declined
charge_cancelled = canceled

# The events that PagoLivre notifies
event_created = orderCreated
event_paid = orderPaid
event_canceled = orderCanceled
event_declined = orderDeclined
event_expired = orderExpired
event_charge = orderCharge
"""
# The statuses that WORDS names, by our word.
CHARGE_STATUSES = {
    'charge_awaiting': Status.PENDING,
    'charge_confirmed': Status.DONE,
    'charge_denied': Status.DECLINED,
    'charge_cancelled': Status.CANCELED,
}
# A monthly charge can have any outcome, so that its event says nothing by itself.
EVENT_STATUSES = {
    'event_created': Status.PENDING,
    'event_paid': Status.DONE,
    'event_canceled': Status.CANCELED,
    'event_declined': Status.DECLINED,
    'event_expired': Status.CANCELED,
    'event_charge': Status.PENDING,
}

NOT_IN_TIME = _lt("The payment page has ended and nothing was charged. Please pay again.")
CANCELLED = _lt("The payment was cancelled.")

# `decliningReason` is a free text for which no list is public; the status is the code.
CODES = {
    PAID: ACCEPTED,
    DECLINED: DECLINED_BY_BANK,
    EXPIRED: NOT_IN_TIME,
    CANCELED: CANCELLED,
}
