import logging

from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from ..const import MAX_NOTIFICATION_BYTES, WEBHOOK_ROUTE
from ..gateways.errors import NotificationError
from ..gateways.values import Notification
from ..models.locks import begin_read_committed

_logger = logging.getLogger(__name__)


class WebhookController(Controller):

    @route(
        [WEBHOOK_ROUTE, f'{WEBHOOK_ROUTE}/<path:tail>'], type='http', auth='none', methods=['POST'],
        csrf=False, save_session=False, readonly=False, email_pay_raw_body=True,
        max_content_length=MAX_NOTIFICATION_BYTES + 1,  # a body of unknown length is cut there
    )
    def notify(self, provider_id, tail='', **_params):
        """Verify the raw bytes, store them once, wake the worker, answer."""
        notification = Notification(
            body=request.httprequest.get_data(cache=False),
            headers=dict(request.httprequest.headers),
            params=request.httprequest.args.to_dict(),
            tail=tail,
        )
        if len(notification.body) > MAX_NOTIFICATION_BYTES:
            return self._answer(413, "too large")
        receiver = request.env['payment.provider']._email_pay_receivers().get(provider_id)
        if not receiver:
            return self._answer(404, "no such address")
        if request.httprequest.mimetype not in receiver.gateway.media_types:
            return self._answer(415, "unsupported media type")
        try:
            receiver.gateway.verify(notification)
            # Copies that arrive at the same instant wait for each other and are one row, without a
            # serialization failure. Nothing was written yet; Odoo commits before it answers.
            begin_read_committed(request.env.cr)
            request.env(user=SUPERUSER_ID)['email.pay.event']._accept(receiver, notification)
        except NotificationError as error:
            _logger.warning("Notification for provider %s refused: %s", provider_id, error)
            return self._answer(400, "refused")
        return self._answer(200, "ok")

    def _answer(self, status, text):
        return request.make_response(text, [('Content-Type', 'text/plain')], status=status)
