import re
import unicodedata

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..const import PORTAL_ROUTE

SLUG_LENGTHS = (3, 60)
# Words that would let an address pass for something else than a company's.
RESERVED_SLUGS = frozenset((
    'account', 'admin', 'administrator', 'api', 'app', 'assets', 'billing', 'code', 'email-pay',
    'help', 'home', 'index', 'link', 'login', 'logout', 'mail', 'new', 'odoo', 'pay', 'payment',
    'payments', 'portal', 'root', 'security', 'settings', 'shop', 'sign-in', 'sign-out', 'signin',
    'signout', 'statement', 'static', 'status', 'support', 'system', 'test', 'web', 'webhook',
    'website', 'www',
))


class EmailPayPortal(models.Model):
    """The address at which all customers of a company can pay."""

    _inherit = 'email.pay.portal'

    slug = fields.Char(
        string="Address Name", copy=False, tracking=True,
        help="The last part of the payment address: small letters, digits and dashes. Addresses"
             " that you gave out before go on working.",
    )
    slug_ids = fields.One2many('email.pay.portal.slug', 'portal_id')
    old_slugs = fields.Char(string="Earlier Names", compute='_compute_old_slugs')
    address = fields.Char(
        string="Payment Address", compute='_compute_address',
        help="Where any customer of the company can pay. It holds no secret.",
    )

    @api.depends('slug', 'company_id')
    def _compute_address(self):
        for portal in self:
            portal.address = portal.slug and portal._address()

    @api.depends('slug', 'slug_ids')
    def _compute_old_slugs(self):
        for portal in self:
            names = portal.slug_ids.mapped('name')
            portal.old_slugs = ', '.join(name for name in names if name != portal.slug)

    @api.model_create_multi
    def create(self, vals_list):
        """Override: every portal has an address, made from its company's name."""
        portals = super().create([
            {name: value for name, value in vals.items() if name != 'slug'} for vals in vals_list
        ])
        for portal, vals in zip(portals, vals_list, strict=True):
            portal.slug = vals.get('slug') or portal._free_slug()
        return portals

    def write(self, vals):
        """Override: what people type becomes a slug, which is this portal's for ever."""
        if vals.get('slug'):
            vals = {**vals, 'slug': self._slugify(vals['slug'])}
            for portal in self:
                portal._claim_slug(vals['slug'])
        return super().write(vals)

    @api.constrains('slug')
    def _check_slug(self):
        shortest, longest = SLUG_LENGTHS
        for portal in self:
            if not shortest <= len(portal.slug or '') <= longest:
                raise ValidationError(_(
                    "The name in the payment address has %(least)s to %(most)s letters, digits and"
                    " dashes.", least=shortest, most=longest,
                ))
            if portal.slug in RESERVED_SLUGS or portal.slug != self._slugify(portal.slug):
                raise ValidationError(_(
                    "“%s” cannot be the name in a payment address. Please choose another.",
                    portal.slug,
                ))

    @api.model
    def _slugify(self, text):
        """`text` as lower-case ASCII words with dashes between them."""
        text = unicodedata.normalize('NFKD', text).encode('ascii', 'ignore').decode().lower()
        return re.sub(r'[^a-z0-9]+', '-', re.sub(r"[.']", '', text)).strip('-')

    def _free_slug(self):
        """A slug from the company's name, with a number where another company had it."""
        shortest, longest = SLUG_LENGTHS
        stem = self._slugify(self.company_id.name)[:longest - 6].strip('-')
        if len(stem) < shortest or stem in RESERVED_SLUGS:
            stem = f'company-{stem}'.strip('-')
        taken = self.env['email.pay.portal.slug']._taken(stem)
        number = 1
        while (slug := stem if number == 1 else f'{stem}-{number}') in taken:
            number += 1
        return slug

    def _claim_slug(self, slug):
        """Note that `slug` is this portal's for ever.

        :raises ValidationError: it is, or was, another one's.
        """
        slugs = self.env['email.pay.portal.slug'].sudo()
        claim = slugs.search([('name', '=', slug)])
        if claim and claim.portal_id != self:
            raise ValidationError(_("Another company has, or had, the address name “%s”.", slug))
        if not claim:
            slugs.create({'name': slug, 'portal_id': self.id})

    @api.model
    def _set_up_addresses(self):
        """Give an address to the portals that were made before there were any."""
        for portal in self.sudo().search([('slug', '=', False)]):
            portal.slug = portal._free_slug()

    def _address(self):
        """The address to give out."""
        self.ensure_one()
        return self.company_id.get_base_url() + PORTAL_ROUTE.replace(
            '<string:slug>', self._slugify(self.slug))

    @api.model
    def _by_slug(self, slug):
        """Whose address it is: (portal (sudo), whether it has a newer one); empty when nobody's."""
        portal_id, current = self._slugs().get(slug.lower(), (False, slug))
        return self.sudo().browse(portal_id or []), current != slug

    @api.model
    @ormcache()
    def _slugs(self):
        """All slugs, as slug → (portal, its current slug). There are few: a portal is a company's.

        Read together, as what strangers ask for must not fill the cache.
        """
        slugs = self.env['email.pay.portal.slug'].sudo().search([('portal_id', '!=', False)])
        return {slug.name: (slug.portal_id.id, slug.portal_id.slug) for slug in slugs}


class EmailPayPortalSlug(models.Model):
    """A slug is given once: who has an old address must never come to another company."""

    _name = 'email.pay.portal.slug'
    _description = 'Payment Address Name'
    _inherit = ['email.pay.cached']
    _order = 'id desc'

    name = fields.Char(required=True, readonly=True)
    # Empty once its portal is gone; the slug stays taken.
    portal_id = fields.Many2one(
        'email.pay.portal', readonly=True, index=True, ondelete='set null',
    )

    _name_unique = models.UniqueIndex('(name)', "Another company has, or had, this address name.")

    @api.model
    def _taken(self, stem):
        """The slugs that begin with `stem`."""
        return set(self.sudo().search([('name', '=like', f'{stem}%')]).mapped('name'))
