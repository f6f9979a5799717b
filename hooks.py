from odoo.addons.payment import reset_payment_provider, setup_provider

from .gateways import REGISTRY


def post_init_hook(env):
    """Give every company its own copy of each gateway's provider, and its settings record."""
    for code in REGISTRY:
        setup_provider(env, code)
    env['email.pay.portal']._create_missing()


def uninstall_hook(env):
    for code in REGISTRY:
        reset_payment_provider(env, code)
