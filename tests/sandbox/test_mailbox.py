import smtplib
import tempfile
import urllib.request
from email.message import EmailMessage
from pathlib import Path

from .common import SandboxCase


def mail(html='<p>Pay <a href="http://127.0.0.1/pay">now</a> <img src="cid:logo"></p>'):
    message = EmailMessage()
    message['Subject'] = 'Factura <b>nº 1</b>'
    message['From'] = 'Demo <billing@example.com>'
    message['To'] = 'Ana <ana@example.com>'
    message.set_content('Pague ahora: http://127.0.0.1/pay\n')
    message.add_alternative(html, subtype='html')
    message.get_body('html').add_related(b'\x89PNG', 'image', 'png', cid='<logo>')
    message.add_attachment(b'%PDF-1.4', maintype='application', subtype='pdf', filename='año.pdf')
    return message


class TestMailbox(SandboxCase):

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.options = {'mailbox': folder, 'smtp_port': 0, 'odoo_url': 'http://127.0.0.1:8069'}
        super().setUpClass()
        cls.folder = Path(folder)

    def setUp(self):
        super().setUp()
        for path in self.folder.iterdir():
            path.unlink()

    def deliver(self, message, to=('ana@example.com', 'hidden@example.com')):
        with smtplib.SMTP('127.0.0.1', self.sandbox.mailbox.smtp_port, timeout=5) as smtp:
            smtp.send_message(message, to_addrs=list(to))
        return self.control('GET', '/mail')[0]

    def page(self, path):
        return self.send('GET', f'/mailbox{path}').decode()

    def test_kept_whole_with_its_envelope(self):
        kept = self.deliver(mail())
        self.assertEqual(kept['x_envelope_to'], 'ana@example.com, hidden@example.com')
        self.assertEqual(kept['subject'], 'Factura <b>nº 1</b>')
        self.assertEqual([path.name for path in self.folder.iterdir()], [kept['name']])
        raw = (self.folder / kept['name']).read_bytes()
        self.assertTrue(raw.startswith(b'X-Envelope-From: billing@example.com\r\n'))

    def test_who_signed_in_is_shown(self):
        with smtplib.SMTP('127.0.0.1', self.sandbox.mailbox.smtp_port, timeout=5) as smtp:
            smtp.login('cobros@example.com', 'secret')
            smtp.send_message(mail())
        name = self.control('GET', '/mail')[0]['name']
        for page in (self.page(''), self.page(f'/{name}')):
            self.assertIn('cobros@example.com', page)
            self.assertNotIn('secret', page)

    def test_newest_first(self):
        names = [self.deliver(mail())['name'] for _ in range(3)]
        self.assertEqual([m['name'] for m in self.control('GET', '/mail')], names[::-1])
        page = self.page('')
        self.assertLess(page.index(names[2]), page.index(names[0]))

    def test_shown_safely(self):
        name = self.deliver(mail('<script>alert(1)</script><p>Hola</p>'))['name']
        page = self.page(f'/{name}')
        self.assertIn('Factura &lt;b&gt;nº 1&lt;/b&gt;', page)
        self.assertIn('Pague ahora', page)
        self.assertNotIn('<script>alert', page)
        with self.open(f'/{name}/html') as response:
            policy = response.headers['Content-Security-Policy']
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn('script', policy)

    def test_pictures_and_attachments(self):
        name = self.deliver(mail())['name']
        self.assertIn(f'<img src="/mailbox/{name}/parts/2">', self.page(f'/{name}/html'))
        with self.open(f'/{name}/parts/2') as picture:
            self.assertEqual(picture.headers['Content-Type'], 'image/png')
        with self.open(f'/{name}/parts/3') as attachment:
            self.assertEqual(attachment.read(), b'%PDF-1.4')
            self.assertIn('a%C3%B1o.pdf', attachment.headers['Content-Disposition'])

    def test_no_way_out_of_the_folder(self):
        for path in ('/..%2Fcommon.py', '/x.eml', '/20250101T000000.000000-1.eml'):
            with self.subTest(path):
                self.assertStatus(404, self.page, path)

    def test_broken_mail_is_still_shown(self):
        with smtplib.SMTP('127.0.0.1', self.sandbox.mailbox.smtp_port, timeout=5) as smtp:
            smtp.sendmail('a@example.com', ['b@example.com'], (
                b'Subject: =?utf-8?b?broken\r\nFrom: <<>>\r\nDate: never\r\n'
                b'Content-Type: text/html; charset=none\r\n\r\n<p>\xff</p>'
            ))
        name = self.control('GET', '/mail')[0]['name']
        self.assertIn('iframe', self.page(f'/{name}'))
        self.assertIn('<p>', self.page(f'/{name}/html'))

    def open(self, path):
        return urllib.request.urlopen(f'{self.sandbox.url}/mailbox{path}', timeout=5)
