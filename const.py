"""Routes and limits shared by models, controllers and tests."""

# The address in a mail; exchanged at once for PAGE_ROUTE, which holds no secret.
LINK_ROUTE = '/pay/<string:token>'
PAGE_ROUTE = '/pay/l/<string:selector>'
TRANSACTION_ROUTE = '/pay/t/<string:token>'
# Documents that the page of a statement shows each; the others are one row until all are asked for.
STATEMENT_ROWS = 100
# Where all customers of a company can pay; it names the company and opens nothing by itself.
PORTAL_ROUTE = '/pay/to/<string:slug>'
# The statement of account, for customers who sign in.
STATEMENT_ROUTE = '/my/statement'
# What is collected from them in instalments.
PLANS_ROUTE = '/my/instalments'
WEBHOOK_ROUTE = '/pay/webhook/<int:provider_id>'

# A link's token is a public selector, by which it is found, and a verifier of 144 random bits,
# which is compared in constant time.
SELECTOR_LENGTH = 12
VERIFIER_BYTES = 18

# The visitor who followed a link stays let in for this long without following it again.
VISIT_HOURS = 12
# Who signed in at the payment address is signed out after so long without opening a page.
SIGN_IN_MINUTES = 30
# And after so long in any case.
SIGN_IN_HOURS = 8
CODE_DIGITS = 6
# Where strangers try to get in with a number.
LONG_CODE_DIGITS = 10
CODE_MINUTES = 10
CODE_TRIES = 5
TRANSACTION_TOKEN_HOURS = 24 * 7
# A form of our own pages: a statement with ten thousand documents ticked is a fifth of it.
MAX_FORM_BYTES = 1024 * 1024

# The type of the routes that a gateway notifies.
NOTIFICATION = 'email_pay_notification'
MAX_NOTIFICATION_BYTES = 256 * 1024
EVENT_BATCH = 20
# Payments booked in one database transaction, which holds their invoices for a second or two.
BOOKING_BATCH = 20
# Instalments of which a worker charges the saved cards before others get a turn.
CHARGING_BATCH = 20
EVENT_MAX_ATTEMPTS = 8
# Invoices sent or named at a time: a batch of queued mails, a list in a message.
MAIL_BATCH = 20
# As much of an error, or of what a mail server answered, as is kept with a mail.
REASON_LENGTH = 500

# How long a customer may stay on a gateway's own page before the attempt no longer holds the
# invoice.
CHECKOUT_MINUTES = 30
