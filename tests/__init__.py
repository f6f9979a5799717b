# The protocol tests (contract.py, gateways/, sandbox/, scripts/) run without Odoo and import this
# package as `tests`; Odoo imports it as odoo.addons.email_pay.tests.
if __name__.startswith('odoo.addons.'):
    from . import test_i18n
    from . import test_browser
    from . import test_page_inline
    from . import test_page_payment
    from . import test_page_security
    from . import test_page_states
    from . import test_provider
    from . import test_share
    from . import test_shuffle
    from . import test_outstanding
    from . import test_portal
    from . import test_links
    from . import test_outcomes
    from . import test_greenpay
    from . import test_guard
    from . import test_charge
    from . import test_booking
    from . import test_webhook
    from . import test_differences
    from . import test_booking_batch
    from . import test_events
    from . import test_janitor
    from . import test_returns
    from . import test_reopening
    from . import test_statement
    from . import test_statement_page
    from . import test_statement_payment
    from . import test_statement_schedule
    from . import test_stock_routes
    from . import test_stock_webhooks
    from . import test_access
    from . import test_neutralize
    from . import test_concurrency
    from . import test_fuzz
    from . import test_returns_concurrency
