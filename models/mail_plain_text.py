import re

from odoo import models
from odoo.tools import html2plaintext

# What the layout hides at its beginning, so that the list of a mail reader shows the first words.
HIDDEN = re.compile(r'<div style="display: ?none;[^>]*>.*?</div>', re.DOTALL)
OURS = 'ep-mail-ground'


class MailMail(models.Model):
    _inherit = 'mail.mail'

    def _prepare_outgoing_list(self, *args, **kwargs):
        """Override of `mail`: the plain text of our mails says everything once."""
        emails = super()._prepare_outgoing_list(*args, **kwargs)
        for email in emails:
            if OURS in (email['body'] or ''):
                email['body_alternative'] = html2plaintext(HIDDEN.sub('', email['body'], count=1))
        return emails
