import io
import re
from collections import Counter

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools.misc import file_path
from odoo.tools.translate import trans_export

from ..gateways import REGISTRY

LANGUAGES = ('es', 'pt_BR')
# Records of the demo are not translated; the action on sales orders, there with `sale`, takes
# its name from the code. Which fields the mixins bring depends on what else is installed: those in
# the template are translated, and they need not be complete.
NOT_OURS = re.compile(
    r':email_pay\.(action_collect_order$|demo_'
    r'|field_\w+__(message|activity|my_activity|website_message|rating|has_mess))'
    r'|,website_form_label:'
)
# What a translation has to have exactly as the text has it: placeholders, expressions and markup.
KEPT = re.compile(r'%\(\w+\)s|%[sd]|\{\{.*?\}\}|<[^>]+>', re.DOTALL)
# Except for the words of its markup.
WORDS = re.compile(r'\b(title|alt|aria-label|placeholder)="[^"]*"')


@tagged('post_install', '-at_install')
class TestTranslations(TransactionCase):
    """What is said is in the template, and what is in the template is translated.

    After a change of texts, `scripts/translations` brings the files up to date.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls._read('email_pay.pot')

    @staticmethod
    def _read(name):
        return polib.pofile(file_path(f'email_pay/i18n/{name}'))

    @staticmethod
    def _places(file):
        """Each text with each place where it stands: a translation is loaded for the place."""
        return {
            (entry.msgid, place)
            for entry in file for place, _line in entry.occurrences if not NOT_OURS.search(place)
        }

    def test_template_is_current(self):
        exported = io.BytesIO()
        trans_export(None, ['email_pay'], exported, 'po', self.env)
        current = self._places(polib.pofile(exported.getvalue().decode()))
        self.assertGreater(len(current), 300)
        self.assertFalse(current - self._places(self.template), "not in the template")
        self.assertFalse(self._places(self.template) - current, "no longer said")

    def test_reasons_of_gateways_are_in_the_template(self):
        reasons = {reason for gateway in REGISTRY.values() for reason in gateway.reasons()}
        self.assertTrue(reasons)
        self.assertFalse(reasons - {entry.msgid for entry in self.template})

    def test_languages_are_complete(self):
        wanted = {entry.msgid for entry in self.template}
        for name in LANGUAGES:
            with self.subTest(language=name):
                file = self._read(f'{name}.po')
                translated = {entry.msgid for entry in file.translated_entries()}
                self.assertFalse(wanted - translated, "not translated")
                self.assertFalse({entry.msgid for entry in file} - wanted, "not in the template")
                self.assertFalse([entry.msgid for entry in file.fuzzy_entries()], "fuzzy")

    def test_placeholders_and_markup_are_kept(self):
        for name in LANGUAGES:
            for entry in self._read(f'{name}.po').translated_entries():
                with self.subTest(language=name, text=entry.msgid):
                    self.assertEqual(self._kept(entry.msgstr), self._kept(entry.msgid))

    def _kept(self, text):
        return Counter(KEPT.findall(WORDS.sub(r'\1', text)))
