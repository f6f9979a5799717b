from odoo import models
from odoo.http import request

FORMS = ('application/x-www-form-urlencoded', 'multipart/form-data')


class IrHttp(models.AbstractModel):
    _inherit = 'ir.http'

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `base`: keep the raw body of a route that needs it, before Odoo reads it as a
        form. What is signed are its bytes."""
        super()._pre_dispatch(rule, args)
        if (
            rule.endpoint.routing.get('email_pay_raw_body')
            and request.httprequest.mimetype in FORMS
        ):
            request.httprequest.get_data()
