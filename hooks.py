from odoo.addons.payment import reset_payment_provider

from .gateways import REGISTRY


def uninstall_hook(env):
    for code in REGISTRY:
        reset_payment_provider(env, code)
    # Without this add-on they would be servers for all mails.
    accounts = env['ir.mail_server'].with_context(active_test=False).search([
        ('email_pay_purpose', '!=', False)])
    accounts.unlink()
