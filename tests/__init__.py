# The protocol tests (contract.py, gateways/, sandbox/) run without Odoo and import this package as
# `tests`; Odoo imports it as odoo.addons.email_pay.tests.
if __name__.startswith('odoo.addons.'):
    from . import test_smoke
    from . import test_page_states
