"""Local stand-ins of the payment gateways, and a mailbox: for demonstrations and tests.

Nothing here is imported from `gateways`: a stand-in that shared the adapter's constants or its
signing would share its mistakes, and prove nothing. So the package runs alone
(`python -m sandbox`), on top of the checkout, and as `odoo.addons.email_pay.sandbox`.
"""

from .core import Sandbox

__all__ = ['Sandbox']
