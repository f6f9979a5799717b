from odoo.addons.payment import reset_payment_provider

from .gateways import REGISTRY


def uninstall_hook(env):
    for code in REGISTRY:
        reset_payment_provider(env, code)
