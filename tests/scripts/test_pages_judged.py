import re
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Where axe judges each page that customers see, as the tests there name it: at the widths of two
# phones and of a desktop, Odoo's own form at one of each.
JUDGED = {
    'card_page': ('test_browser', "'card': "),
    'code_page': ('test_browser_sign_in', "'code': "),
    'handover_page': ('test_browser_pages', "'handover': "),
    'inline_page': ('test_browser_pages', 'def test_odoos_own_form_bars_nobody'),
    'message_page': ('test_browser', "'unknown': "),
    'payment_page': ('test_browser', "'payment': "),
    'plan_page': ('test_browser_plan', "'declined': "),
    'plans_page': ('test_browser_plan', "'my plans': "),
    'settled_page': ('test_browser_sign_in', "'settled': "),
    'sign_in_page': ('test_browser_sign_in', "'who': "),
    'statement_page': ('test_browser_pages', "'statement': "),
    'status_page': ('test_browser', "'processing': "),
}


class TestPagesJudged(unittest.TestCase):
    def test_every_page_that_is_rendered_is_judged(self):
        rendered = {
            name for path in ROOT.glob('controllers/*.py')
            for name in re.findall(r"'email_pay\.(?!assets)(\w+_page)'", path.read_text())
        }
        self.assertEqual(rendered, set(JUDGED))

    def test_they_are_where_they_are_said_to_be(self):
        for page, (module, words) in JUDGED.items():
            self.assertIn(words, (ROOT / f'tests/{module}.py').read_text(), page)
