import re
from operator import itemgetter
from urllib.parse import quote

from odoo.tests import tagged

from ..controllers.visits import SIGN_IN_COOKIE
from .test_fuzz import (
    BODIES,
    CONTENT_TYPES,
    HEADERS,
    LINE,
    METHODS,
    WORDS,
    FuzzCommon,
    _form,
    fuzz,
    given,
    st,
)


@tagged('post_install', '-at_install')
class TestSignInFuzz(FuzzCommon):
    """Whatever anybody sends to a payment address: never a 500, and nobody gets in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref('base.cl')
        cls.customer.write({'vat': '76.086.428-5', 'country_id': cls.env.ref('base.cl').id})
        cls.path = f'/pay/to/{cls.portal.slug}'

    def setUp(self):
        super().setUp()
        page = self.url_open(self.path)
        self.form_token = re.search(r'name="form_token" value="([^"]+)"', page.text)[1]
        self.token = self.opener.cookies[SIGN_IN_COOKIE]

    def _written(self):
        """Override: attempts are kept and counted, and wake the job; nothing else is written."""
        written = super()._written()
        del written['ir.cron.trigger']
        return written

    def _pages(self):
        return [
            *[('GET', self.path + tail) for tail in ('', '/code', '/accounts')],
            *[('POST', self.path + tail) for tail in ('', '', '', '/code', '/code', '/out')],
        ]

    def _values(self):
        texts = WORDS | st.sampled_from(
            ['76.086.428-5', '8-442-445 DV', 'a@b.example', '+56 9 8765 4321', '123456', '0' * 60])
        names = st.sampled_from(['tax_number', 'email', 'phone', 'sure', 'code', 'slug', 'lang'])
        return st.builds(
            lambda values, token: {**values, **token},
            st.dictionaries(names | WORDS, texts, max_size=6),
            st.sampled_from([{'form_token': self.form_token}] * 4 + [{}, {'form_token': 'é'}]),
        )

    def _cookies(self):
        own = f'{SIGN_IN_COOKIE}={self.token}'
        known = f'email_pay_known_{self.portal.id}='
        return st.one_of(
            *[st.just(own)] * 4, LINE.map(f'{SIGN_IN_COOKIE}='.__add__), LINE,
            LINE.map(lambda text: f'{own}; {known}{text}'),
        )

    def _let_in(self):
        return self.env['email.pay.sign.in'].sudo().search_count([('state', '=', 'in')])

    def test_any_form_at_the_payment_address(self):
        @fuzz(150)
        @given(
            st.sampled_from(self._pages()), self._values(),
            self._values().map(lambda form: _form(form).encode()) | BODIES,
            st.just('application/x-www-form-urlencoded') | CONTENT_TYPES, HEADERS, self._cookies(),
        )
        def check(page, query, body, content_type, headers, cookies):
            method, path = page
            self.env['email.pay.sign.in.limit'].sudo().search([]).unlink()
            self._send(
                method, f'{path}?{_form(query)}', body, {**headers, 'Content-Type': content_type},
                cookies,
            )

        for policy in ('code', 'match'):
            self.portal.sign_in_policy = policy
            with self._nothing_written():
                check()
        self.assertFalse(self._let_in())

    def test_any_other_address_and_method(self):
        paths = st.builds(
            lambda path, at, text: path[:at] + quote(text, errors='surrogatepass') + path[at + 2:],
            st.sampled_from([path for _method, path in self._pages()]), st.integers(8, 40),
            WORDS.map(lambda text: text.replace('\x00', '')),
        )

        @fuzz(80)
        @given(METHODS, paths | st.sampled_from(self._pages()).map(itemgetter(1)), self._cookies())
        def check(method, path, cookies):
            self._send(method, path, cookies=cookies)

        with self._nothing_written():
            check()
