from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, email_normalize, email_normalize_all

from odoo.addons.phone_validation.tools.phone_validation import phone_format

from . import tax_number

# How many contacts of one tax number are looked at; more have no customer's number.
MOST_CONTACTS = 500

# By the index first, whatever the planner knows of the table; and not EXISTS, which it may answer
# by reading the journal items of all customers.
CONTACTS = """
    WITH contact AS MATERIALIZED (
         SELECT id, commercial_partner_id, company_id, country_id, email, phone_sanitized
           FROM res_partner WHERE email_pay_tax_key = ANY(%(keys)s) AND active LIMIT %(most)s)
    SELECT contact.id, contact.email, contact.phone_sanitized, country.code
      FROM contact
      JOIN res_partner customer ON customer.id = contact.commercial_partner_id
 LEFT JOIN res_country country
           ON country.id = COALESCE(contact.country_id, customer.country_id)
     WHERE customer.active
       AND (contact.company_id IS NULL OR contact.company_id = ANY(%(visible)s))
       AND (customer.company_id IS NULL OR customer.company_id = ANY(%(visible)s))
       AND (customer.company_id = ANY(%(served)s) OR (
               SELECT TRUE FROM account_move_line line
                 JOIN account_account account ON account.id = line.account_id
                WHERE line.partner_id = ANY(ARRAY(
                      SELECT id FROM res_partner WHERE commercial_partner_id = customer.id))
                  AND line.company_id = ANY(%(served)s) AND line.parent_state = 'posted'
                  AND account.account_type = 'asset_receivable' LIMIT 1))
     ORDER BY contact.id
"""


class Identity(NamedTuple):
    """Who somebody says to be: what was typed, in the form in which it is looked up."""

    keys: list
    email: str
    phone: str


class Found(NamedTuple):
    """The contacts that have on file what somebody typed: all the same address."""

    contacts: models.Model
    way: str = ''  # 'email' or 'sms'
    address: str = ''


class EmailPayPortal(models.Model):
    """Who may sign in at the payment address of a company, and what they see."""

    _inherit = 'email.pay.portal'

    sign_in_policy = fields.Selection(
        [('code', "With a code"), ('match', "Without a code")],
        string="Signing In", default='code', required=True, tracking=True,
        help="With a code: whoever enters a tax number and an e-mail address or phone that you have"
             " on file gets a code there, and must enter it.\nWithout a code: both must only match"
             " what you have on file; amounts and document numbers are shown, but no name and no"
             " PDF.",
    )
    shown_documents = fields.Selection(
        [('open', "What is open"), ('history', "What is open, and what was paid")],
        string="Customers See", default='open', required=True, tracking=True,
        help="What is open: only what can be paid now.\nWhat is open, and what was paid: also the"
             " documents of the last 12 months that are paid.",
    )

    def action_view_sign_ins(self):
        """The attempts to sign in at this address."""
        action = self.env['ir.actions.act_window']._for_xml_id(
            'email_pay.action_email_pay_sign_ins')
        return {**action, 'domain': [('portal_id', 'in', self.ids)]}

    # === WHO SAYS TO BE WHO === #

    def _country_code(self):
        return self.company_id.account_fiscal_country_id.code or self.company_id.country_id.code

    def _identity(self, number, email, phone):
        """What somebody typed; each part is empty where it cannot be what it should."""
        self.ensure_one()
        return Identity(
            keys=tax_number.keys_of(number, self._country_code()),
            email=email_normalize(email) or '',
            phone=phone if any(char.isdigit() for char in phone) else '',
        )

    # === WHO IS KNOWN === #

    def _served_companies(self):
        """The company of these settings, and its branches that have none of their own."""
        self.ensure_one()
        companies = self.env['res.company'].sudo().search([('id', 'child_of', self.company_id.id)])
        return companies.filtered(lambda company: self._for_company(company) == self)

    def _matching_contacts(self, identity):
        """The contacts on file that an identity fits: by the e-mail address, else by the phone.
        Who has the one need not have the other, and a number may be one in several countries: what
        is sent to one address lets in to no customer of another.

        Their number is looked for whatever else was typed, and a phone is read even when there is
        none to compare it with: it takes the same time for customers and for others.
        """
        self.ensure_one()
        typed = self._typed_phones(identity.phone)
        typed(self._country_code())
        mailed, texted = [], {}
        for contact_id, email, phone, country in self._contact_rows(identity.keys):
            if identity.email and identity.email in email_normalize_all(email):
                mailed.append(contact_id)
            elif phone and phone in (typed(country), typed(self._country_code())):
                texted.setdefault(phone, []).append(contact_id)
        contacts = self.env['res.partner']
        if mailed:
            return Found(contacts.browse(mailed), 'email', identity.email)
        for phone, ids in texted.items():
            return Found(contacts.browse(ids), 'sms', phone)
        return Found(contacts)

    def _contact_rows(self, keys):
        self.env['res.partner'].flush_model([
            'active', 'commercial_partner_id', 'company_id', 'country_id', 'email',
            'email_pay_tax_key', 'phone_sanitized',
        ])
        self.env['account.move.line'].flush_model(['company_id', 'parent_state', 'partner_id'])
        served = self._served_companies()
        return self.env.execute_query(SQL(
            CONTACTS, keys=keys, served=served.ids, most=MOST_CONTACTS,
            visible=(served | self.company_id.parent_ids).ids,
        ))

    @api.model
    def _typed_phones(self, number):
        """A function that reads `number` as people in a country write it; '' is none."""
        read = {}

        def typed(country):
            if country not in read:
                read[country] = e164(number, country)
            return read[country]

        return typed


def e164(number, country):
    """A phone number in the form in which Odoo compares them, '' when it is none."""
    try:
        return number and phone_format(number, country, None, force_format='E164')
    except UserError:
        return ''
