from odoo import api, fields, models


class EmailPayStatementPreview(models.TransientModel):
    """A customer, in one currency, to whom the schedule would send a statement, or why not."""

    _name = 'email.pay.statement.preview'
    _description = 'Preview of Statements'
    _inherit = 'email.pay.preview'

    company_id = fields.Many2one('res.company', readonly=True)
    email = fields.Char(string="Sent to")
    documents = fields.Integer(string="Open Documents", readonly=True)
    overdue = fields.Monetary(readonly=True)
    credit = fields.Monetary(string="Credits", readonly=True)
    reason = fields.Char(string="Not Sent Because")
    gets_it = fields.Boolean(string="Gets a Statement")

    @api.model
    def _create_for(self, portal):
        # Also its own, which another company's settings serve as long as these are not enabled.
        companies = (portal._served_companies() | portal.company_id) & self.env.companies
        return self.create([
            {
                'company_id': company.id,
                'partner_id': customer.id,
                'email': customer._email_pay_address(),
                'documents': len(section.charges),
                'currency_id': section.currency.id,
                'due': section.due,
                'overdue': section.overdue,
                'credit': section.credit,
                'reason': reason,
                'gets_it': not reason,
            }
            for company in companies
            for customer, statement, reason in portal._statement_customers(company)
            for section in statement.sections if section.due
        ])
