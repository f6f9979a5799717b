import re
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
SILENCED = re.compile(r'# (?:pylint: disable|noqa|type: ignore|ruff: noqa)[^#\n]*(.*)$', re.M)


class TestReasons(unittest.TestCase):
    def test_no_check_is_silenced_without_a_reason_beside_it(self):
        for path in ROOT.rglob('*.py'):
            if path == Path(__file__):
                continue
            for reason in SILENCED.findall(path.read_text()):
                with self.subTest(path.relative_to(ROOT)):
                    self.assertRegex(reason, r'^# \w+')
