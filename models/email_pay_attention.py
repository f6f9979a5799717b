import logging
from contextlib import contextmanager

from markupsafe import escape

from odoo import _, api, models
from odoo.exceptions import AccessError

_logger = logging.getLogger(__name__)

ATTENTION = 'email_pay.mail_activity_attention'


@contextmanager
def telling(cr, failed, *args):
    """Tell somebody of what was done before, which is kept where that fails.

    :param failed: what is logged then, with `args`.
    """
    cr.flush()
    try:
        with cr.savepoint():
            yield
    except Exception:
        _logger.exception(failed, *args)


class EmailPayAttention(models.AbstractModel):
    """What may need a person: an activity asks for it until a billing user has decided."""

    _name = 'email.pay.attention'
    _description = 'Payment That Needs a Person'
    _inherit = ['mail.thread', 'mail.activity.mixin']
    _mail_post_access = 'read'

    def _no_attention(self):
        self.activity_unlink([ATTENTION])

    def _check_may_decide(self):
        """Nobody edits these; billing users decide what becomes of them."""
        self.check_access('read')
        if not self.env.user.has_group('account.group_account_invoice'):
            raise AccessError(_("Only billing users can do this."))

    @api.model
    def _ask_attention(self, company, record, summary, note):
        """Give whoever is told when a payment of `company` needs a person an activity on `record`.

        :param str note: a text, in which customers, gateways and mail servers may have a say.
        """
        portal = self.env['email.pay.portal']._for_company(company)
        record.activity_schedule(
            ATTENTION, summary=summary, note=escape(note),
            user_id=portal._attention_user().id,
        )

    @api.model
    def _ask_attention_once(self, company, record, summary, note, among=None):
        """The same, unless an activity with that summary is waiting.

        :param among: records of which one that has it is enough; `record` alone without.
        """
        if not self.env['mail.activity'].sudo().search_count([
            ('res_model', '=', record._name), ('res_id', 'in', (among or record).ids),
            ('activity_type_id', '=', self.env.ref(ATTENTION).id), ('summary', '=', summary),
        ], limit=1):
            self._ask_attention(company, record, summary, note)
