from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG
from odoo.addons.payment import reset_payment_provider

from .gateways import REGISTRY


def uninstall_hook(env):
    env = env(context={**env.context, 'active_test': False})
    apps = env['payment.provider'].search([('code', 'in', list(REGISTRY))])
    for code in REGISTRY:
        reset_payment_provider(env, code)
    _keep_used(env, apps)
    # Without this add-on they would be servers for all mails.
    env['ir.mail_server'].search([('email_pay_purpose', '!=', False)]).unlink()
    env['ir.attachment'].search([('url', '=like', '/web/assets/%/email_pay.%')]).unlink()
    # Names that other modules gave to what they added to models of this one; Odoo forgets them.
    env['ir.model.data'].search([
        ('module', '!=', 'email_pay'), ('name', '=like', r'%\_\_email\_pay\_%')]).unlink()


def _keep_used(env, apps):
    """Keep the apps with which a payment was begun, as Odoo keeps its own, and none of the others:
    each company has its copies, which are no data of this add-on. While anything that was collected
    is booked, Odoo refuses to uninstall."""
    used = env['payment.provider']
    for model in ('payment.transaction', 'payment.token', 'email.pay.plan'):
        used |= env[model].search([('provider_id', 'in', apps.ids)]).provider_id
    env['ir.model.data'].search([
        ('module', '=', 'email_pay'), ('model', '=', apps._name), ('res_id', 'in', used.ids),
    ]).unlink()
    (apps - used).with_context(**{MODULE_UNINSTALL_FLAG: True}).unlink()
