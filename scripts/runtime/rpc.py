"""Odoo's models from outside, as the web client calls them."""

import itertools

import requests

TIMEOUT = 120


class RemoteError(Exception):
    """What Odoo answered instead of a result."""


class Session:
    """One user's session: `session.call('res.partner', 'search_read', domain, fields=['name'])`."""

    def __init__(self, url, database, login, password):
        self._url = url
        self.browser = requests.Session()
        self._numbers = itertools.count(1)
        answer = self._post(
            '/web/session/authenticate', db=database, login=login, password=password)
        self.user_id = answer['uid']

    def call(self, model, method, *args, **kwargs):
        """Call a model's public method; on records, their ids are the first argument."""
        return self._post(
            f'/web/dataset/call_kw/{model}/{method}',
            model=model, method=method, args=args, kwargs=kwargs)

    def load_action(self, action, context):
        """What the web client asks for before it opens an action."""
        return self._post('/web/action/load', action_id=action, context=context)

    def _post(self, path, **params):
        answer = self.browser.post(
            self._url + path, timeout=TIMEOUT,
            json={'jsonrpc': '2.0', 'id': next(self._numbers), 'params': params}).json()
        if error := answer.get('error'):
            raise RemoteError(error['data'].get('message') or error['message'])
        return answer.get('result')
