from . import inline_page, payment_page, portal, transaction_page, webhook
