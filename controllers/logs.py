import logging
import re

from ..const import SELECTOR_LENGTH

# The secret part of a payment link, or of a transaction's address, in a logged request line.
TOKEN = re.compile(rf'(/pay/(?:[a-z0-9]{{{SELECTOR_LENGTH}}}|t/))[\w-]+')
# The query of a notification: some gateways show a credential there.
QUERY = re.compile(r'(/pay/webhook/[^?\s]*\?)[^\s"]+')


class HideTokens(logging.Filter):
    """Keeps what lets a customer or a gateway in out of the server's access log."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(map(hidden, record.args))
        record.msg = hidden(record.msg)
        return True


def hidden(text):
    return QUERY.sub(r'\1…', TOKEN.sub(r'\1…', text)) if isinstance(text, str) else text


for name in ('werkzeug', 'longpolling'):  # of the threaded and forked servers, and of gevent's
    logging.getLogger(name).addFilter(HideTokens())
