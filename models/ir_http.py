from odoo import models
from odoo.http import request

from ..const import NOTIFICATION


class IrHttp(models.AbstractModel):
    _inherit = 'ir.http'

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `base`: a gateway has no language, session or page to prepare."""
        if rule.endpoint.routing['type'] == NOTIFICATION:
            request.dispatcher.pre_dispatch(rule, args)
        else:
            super()._pre_dispatch(rule, args)
