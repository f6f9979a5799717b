import logging
import re

from ..const import SELECTOR_LENGTH

# The secret part of a payment link, or of a transaction's address, in a logged request line.
TOKEN = re.compile(rf'(/pay/(?:[a-z0-9]{{{SELECTOR_LENGTH}}}|t/))[\w-]+')


class HideTokens(logging.Filter):
    """Keeps what lets a customer in out of the server's access log."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(
                TOKEN.sub(r'\1…', arg) if isinstance(arg, str) else arg for arg in record.args
            )
        if isinstance(record.msg, str):
            record.msg = TOKEN.sub(r'\1…', record.msg)
        return True


logging.getLogger('werkzeug').addFilter(HideTokens())
