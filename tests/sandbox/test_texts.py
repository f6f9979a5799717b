import tempfile

from .common import SandboxCase


class TestTexts(SandboxCase):
    """Odoo's text messages arrive in the mailbox."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.options = {'mailbox': folder, 'smtp_port': 0}
        super().setUpClass()

    def send_texts(self, *messages):
        """Send texts as Odoo does, each (content, number…); the states that it gets."""
        params = {'account_token': 'token', 'dbuuid': 'database', 'messages': [
            {'content': content, 'numbers': [
                {'uuid': f'{place}-{number}', 'number': number} for number in numbers]}
            for place, (content, *numbers) in enumerate(messages)
        ]}
        call = {'jsonrpc': '2.0', 'method': 'call', 'id': '1', 'params': params}
        answer = self.post_json('/sms/api/sms/3/send', call)
        self.assertEqual(answer['id'], '1')
        return {result['uuid']: result['state'] for result in answer['result']}

    def test_a_text_is_kept_for_each_number(self):
        states = self.send_texts(('Su código: 123456\nNo lo dé', '+56987654321', '+56912345678'))
        self.assertEqual(set(states.values()), {'success'})
        newest, oldest = self.control('GET', '/mail')[:2]
        self.assertEqual((oldest['to'], newest['to']), ('+56987654321', '+56912345678'))
        self.assertEqual(newest['subject'], 'Su código: 123456')
        page = self.send('GET', f'/mailbox/{newest["name"]}').decode()
        self.assertIn('No lo dé', page)

    def test_what_cannot_be_sent_is_answered_as_odoo_knows_it(self):
        before = len(self.control('GET', '/mail'))
        states = self.send_texts(
            ('Hola', '987654321', '+56987654000'), ('Adiós', '+56987654001', '', False))
        self.assertEqual(states, {
            '0-987654321': 'wrong_number_format', '0-+56987654000': 'wrong_number_format',
            '1-+56987654001': 'insufficient_credit', '1-': 'wrong_number_format',
            '1-False': 'wrong_number_format',
        })
        self.assertEqual(len(self.control('GET', '/mail')), before)
