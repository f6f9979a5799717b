from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# What was paid first with each link: read once for all, in the order of its index. A look-up for
# each link takes longer from some ten thousands on.
ROWS = """
    SELECT link.id, link.id AS link_id, link.company_id, link.partner_id, link.scope,
           link.first_sent_at AS sent_at, COALESCE(link.opened_at, paid.at) AS opened_at,
           paid.at AS paid_at,
           CASE WHEN paid.at IS NOT NULL THEN 'paid' WHEN link.opened_at IS NOT NULL THEN 'opened'
                ELSE 'sent' END AS stage, 1 AS sent,
           CASE WHEN link.opened_at IS NOT NULL OR paid.at IS NOT NULL THEN 1 ELSE 0 END AS opened,
           CASE WHEN paid.at IS NOT NULL THEN 1 ELSE 0 END AS paid,
           CASE WHEN paid.at > link.first_sent_at
                THEN DATE_PART('epoch', paid.at - link.first_sent_at) / 86400
                WHEN paid.at IS NOT NULL THEN 0 END AS days
      FROM email_pay_link link
      LEFT JOIN (
          SELECT email_pay_link_id AS link_id, MIN(last_state_change) AS at
            FROM payment_transaction
           WHERE state = 'done' AND email_pay_link_id >= %(first)s
           GROUP BY email_pay_link_id
      ) paid ON paid.link_id = link.id
     WHERE link.first_sent_at IS NOT NULL
"""
# What the links themselves are asked for.
OF_LINKS = {'company_id': 'company_id', 'id': 'id', 'sent_at': 'first_sent_at'}


class EmailPayLink(models.Model):
    _inherit = 'email.pay.link'

    first_sent_at = fields.Datetime(
        string="First Sent on", compute='_compute_first_sent_at', store=True,
    )

    # All that the overview reads of a link.
    _first_sent = models.Index("""
        (company_id, first_sent_at, id) INCLUDE (opened_at) WHERE first_sent_at IS NOT NULL
    """)

    @api.depends('sent_at')
    def _compute_first_sent_at(self):
        for link in self:
            link.first_sent_at = link.first_sent_at or link.sent_at


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    _email_pay_paid_idx = models.Index("""
        (email_pay_link_id, last_state_change)
        WHERE state = 'done' AND email_pay_link_id IS NOT NULL
    """)


class EmailPayLinkReport(models.Model):
    """What became of each link that went out, by whatever way and however often: its time runs from
    the first message to the first payment."""

    _name = 'email.pay.link.report'
    _description = 'Payment Links Analysis'
    _auto = False
    _order = 'sent_at desc, id desc'
    _rec_name = 'link_id'
    _depends = {
        'email.pay.link': ['company_id', 'first_sent_at', 'opened_at', 'partner_id', 'scope'],
        'payment.transaction': ['email_pay_link_id', 'last_state_change', 'state'],
    }

    link_id = fields.Many2one('email.pay.link', string="Payment Link", readonly=True)
    company_id = fields.Many2one('res.company', readonly=True)
    partner_id = fields.Many2one('res.partner', string="Customer", readonly=True)
    scope = fields.Selection(selection='_select_scope', readonly=True)
    sent_at = fields.Datetime(string="Sent on", readonly=True)
    opened_at = fields.Datetime(string="Opened on", readonly=True)
    paid_at = fields.Datetime(string="Paid on", readonly=True)
    stage = fields.Selection(
        [('sent', "Sent"), ('opened', "Opened"), ('paid', "Paid")], readonly=True,
    )
    sent = fields.Integer(readonly=True)
    opened = fields.Integer(readonly=True)
    paid = fields.Integer(readonly=True)
    days = fields.Float(
        string="Days to Money", readonly=True, aggregator='avg',
        help="From the first message with this link to the first payment by it.",
    )

    @property
    def _table_query(self):
        return SQL(ROWS, first=self.env.context.get('email_pay_first_link', 0))

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Override: of all that was ever paid, only what these links can have paid is read."""
        report = self.with_context(email_pay_first_link=self._first_link(domain))
        return super(EmailPayLinkReport, report)._search(domain, *args, **kwargs)

    @api.model
    def _first_link(self, domain):
        """The id of the first link that `domain` can find, as far as it asks for links or for when
        they went out; 0 when it asks for neither."""
        domain = Domain(domain)
        parts = domain.children if getattr(domain, 'OPERATOR', '') == '&' else [domain]
        links = Domain.AND(
            Domain(OF_LINKS[part.field_expr], part.operator, part.value)
            for part in parts if getattr(part, 'field_expr', '') in OF_LINKS
        )
        if all(part.field_expr == 'company_id' for part in links.iter_conditions()):
            return 0
        query = self.env['email.pay.link'].sudo()._search(links)
        # Not the plain id: PostgreSQL would go through all links from the first one on.
        [(first,)] = self.env.execute_query(
            query.select(SQL("MIN(%s + 0)", SQL.identifier(query.table, 'id'))))
        return first or 0

    @api.model
    def _select_scope(self):
        return self.env['email.pay.link']._fields['scope']._description_selection(self.env)

    def action_open_link(self):
        return self.link_id.get_formview_action()
