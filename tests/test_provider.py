import contextlib
import datetime
import logging
import socket
import ssl
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from odoo.exceptions import UserError, ValidationError
from odoo.tests import TransactionCase, tagged

from ..gateways import REGISTRY
from .common import EmailPayCommon

LOGGER = 'odoo.addons.email_pay.models.payment_provider'


@tagged('post_install', '-at_install')
class TestProvider(EmailPayCommon):
    """The gateway app: its form, its credentials, *Test connection*."""

    # --- Test connection --------------------------------------------------------------------------

    def assertTestSays(self, sentence):
        with self.assertRaises(UserError) as caught:
            self.credicorp.action_email_pay_test_connection()
        self.assertIn(sentence, str(caught.exception))

    def test_connection_works(self):
        answer = self.credicorp.action_email_pay_test_connection()
        self.assertEqual(answer['params']['type'], 'success')

    def test_connection_says_that_the_key_is_refused(self):
        self.credicorp.credicorp_api_key = 'another'
        self.assertTestSays("The gateway refused the key.")

    def test_connection_says_that_the_address_is_wrong(self):
        self.credicorp.credicorp_base_url = f'{self.sandbox.url}/elsewhere'
        self.assertTestSays("The gateway is not found at this address.")

    def test_connection_says_that_nobody_answers(self):
        with socket.create_server(('127.0.0.1', 0)) as closed:
            port = closed.getsockname()[1]
        self.credicorp.credicorp_base_url = f'http://127.0.0.1:{port}'
        self.assertTestSays("The gateway does not answer.")

    def test_connection_says_that_the_gateway_fails(self):
        self.sandbox.faults.add('http_500', ['query'])
        self.assertTestSays("The gateway does not answer.")

    def test_connection_says_that_the_certificate_is_wrong(self):
        self.credicorp.credicorp_base_url = f'https://127.0.0.1:{self_signed_server(self)}'
        self.assertTestSays("The certificate of this address is not valid.")

    # --- the form ---------------------------------------------------------------------------------

    def test_an_address_must_be_https(self):
        for address in ('http://gateway.example.com', 'gateway.example.com', 'ftp://x', 'https://'):
            with self.subTest(address), self.assertRaises(ValidationError):
                self.credicorp.credicorp_base_url = address

    def test_a_test_app_needs_its_keys(self):
        with self.assertRaises(ValidationError):
            self.credicorp.credicorp_api_key = False

    def test_both_addresses_are_one_click_away(self):
        self.credicorp.action_credicorp_use_sandbox()
        self.assertEqual(self.credicorp.credicorp_base_url, 'https://sandbox.nmi.com')
        self.credicorp.action_credicorp_use_production()
        self.assertEqual(self.credicorp.credicorp_base_url, 'https://secure.nmi.com')

    def test_the_webhook_address_names_the_app(self):
        self.assertEqual(
            self.credicorp.email_pay_webhook_url,
            f'{self.credicorp.get_base_url()}/pay/webhook/{self.credicorp.id}',
        )
        self.assertFalse(self.dummy_provider.email_pay_webhook_url)

    def test_what_the_gateway_supports_is_offered(self):
        self.assertEqual(self.credicorp.support_refund, 'partial')
        self.assertTrue(self.credicorp.support_tokenization)

    # --- companies and secrets --------------------------------------------------------------------

    def test_a_new_company_gets_its_own_app_without_keys(self):
        company = self.env['res.company'].create({'name': "Second"})
        provider = self.env['payment.provider'].search(
            [('code', '=', 'credicorp'), ('company_id', '=', company.id)]
        )
        self.assertEqual((len(provider), provider.state), (1, 'disabled'))
        self.assertFalse(provider.credicorp_api_key)

    def test_a_copy_has_no_secret(self):
        copy = self.credicorp.copy({'state': 'disabled'})
        for name in ('api_key', 'tokenization_key', 'webhook_key', 'webhook_key_previous'):
            self.assertFalse(copy[f'credicorp_{name}'], name)

    def test_requests_are_logged_without_secret_and_payload(self):
        with self.assertLogs(LOGGER, logging.INFO) as logs:
            self.credicorp.action_email_pay_test_connection()
        [line] = logs.output
        self.assertIn('/api/query.php', line)
        self.assertNotIn(self.credicorp.credicorp_api_key, line)
        self.assertNotIn('email-pay-connection-test', line)

    def test_spaces_around_a_pasted_key_do_not_matter(self):
        self.credicorp.credicorp_api_key = f'  {self.credicorp.credicorp_api_key}\n'
        self.assertTrue(self.credicorp.action_email_pay_test_connection())

    def test_keys_leave_with_the_uninstalled_app(self):
        values = self.credicorp._get_reset_values()
        self.assertEqual(
            {name for name, value in values.items() if not value},
            {f'credicorp_{name}' for name in REGISTRY['credicorp'].credential_names()},
        )


@tagged('post_install', '-at_install')
class TestEveryGateway(TransactionCase):
    """Whatever is registered has all that a gateway needs in Odoo."""

    def test_every_gateway_has_a_field_for_each_credential(self):
        for code, gateway in REGISTRY.items():
            for name in gateway.credential_names():
                with self.subTest(code=code, name=name):
                    self.assertIn(f'{code}_{name}', self.env['payment.provider']._fields)

    def test_every_gateway_has_a_provider_and_a_payment_method(self):
        for code in REGISTRY:
            with self.subTest(code):
                provider = self.env.ref(f'email_pay.payment_provider_{code}')
                self.assertEqual(provider.code, code)
                self.assertTrue(provider.image_128)
                self.assertTrue(self.env['payment.provider']._get_provider_payment_method(code))

    def test_every_credential_is_on_the_form(self):
        arch = self.env['payment.provider'].get_view(
            self.env.ref('payment.payment_provider_form').id, 'form'
        )['arch']
        for code, gateway in REGISTRY.items():
            for name in gateway.credential_names():
                with self.subTest(code=code, name=name):
                    self.assertIn(f'name="{code}_{name}"', arch)

    def test_every_key_is_for_administrators_and_never_copied(self):
        for code, gateway in REGISTRY.items():
            for name in gateway.credential_names():
                field = self.env['payment.provider']._fields[f'{code}_{name}']
                hidden = not gateway.Credentials.__dataclass_fields__[name].repr
                with self.subTest(code=code, name=name):
                    self.assertTrue(field.groups == 'base.group_system' or not hidden)
                    self.assertTrue(not field.copy or name not in secrets(gateway))


def secrets(gateway):
    """The credentials that are not addresses."""
    return [name for name in gateway.credential_names() if not name.endswith('_url')]


def self_signed_server(case):
    """The port of a server on loopback whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(self_signed_certificate())
        file.flush()
        context.load_cert_chain(file.name)
    listener = socket.create_server(('127.0.0.1', 0))

    def serve():
        connection, _address = listener.accept()
        with connection, contextlib.suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    case.addCleanup(thread.join, 5)
    case.addCleanup(listener.close)
    return listener.getsockname()[1]


def self_signed_certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'localhost')])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now,
        now + datetime.timedelta(days=1),
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(
        serialization.Encoding.PEM
    ) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
