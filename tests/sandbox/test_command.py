import json
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]


class TestCommand(unittest.TestCase):

    def test_tells_its_addresses_and_stops_when_told(self):
        for signum in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signum), tempfile.TemporaryDirectory() as folder:
                command = [
                    sys.executable, '-m', 'sandbox', '--mailbox', folder,
                    '--control', 'credicorp={"webhook_url": "http://127.0.0.1:9/"}',
                ]
                with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
                    addresses = json.loads(process.stdout.readline())
                    with urllib.request.urlopen(addresses['control'], timeout=5) as response:
                        state = json.load(response)
                    process.send_signal(signum)
                    self.assertEqual(process.wait(10), 0)
                self.assertTrue(addresses['smtp_port'])
                [merchant] = state['gateways']['credicorp']['merchants']
                self.assertEqual(merchant['webhook_urls'], ['http://127.0.0.1:9/'])
