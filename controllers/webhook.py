import logging

from odoo.http import Controller, HttpDispatcher, Response, request, route

from ..const import MAX_NOTIFICATION_BYTES, NOTIFICATION, WEBHOOK_ROUTE
from ..gateways.errors import NotificationError
from ..gateways.values import Notification
from ..models.locks import begin_autocommit

_logger = logging.getLogger(__name__)


class NotificationDispatcher(HttpDispatcher):
    """Routes for the requests of a gateway: nothing has read the body, so that what arrives at the
    controller, a form too, are the bytes that were signed."""

    routing_type = NOTIFICATION

    def dispatch(self, endpoint, args):
        # Nothing but what is in the address: no argument can be one too many. Others ask for them
        # once it is answered: `utm` does, which comes with sales and websites.
        self.request.params = args
        return endpoint.original_endpoint(endpoint.func.__self__, **args)


class WebhookController(Controller):

    @route(
        [WEBHOOK_ROUTE, f'{WEBHOOK_ROUTE}/<path:tail>'], type=NOTIFICATION, auth='none',
        methods=['POST'], save_session=False, readonly=False,
        max_content_length=MAX_NOTIFICATION_BYTES + 1,  # a body of unknown length is cut there
    )
    def notify(self, provider_id, tail=''):
        """Verify the raw bytes, store them once, wake the worker, answer."""
        notification = Notification(
            body=request.httprequest.get_data(cache=False),
            headers=request.httprequest.headers,
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
            # serialization failure.
            begin_autocommit(request.env.cr)
            request.env['email.pay.event']._accept(receiver, notification)
        except NotificationError as error:
            _logger.warning("Notification for provider %s refused: %s", provider_id, error)
            return self._answer(400, "refused")
        return self._answer(200, "ok")

    def _answer(self, status, text):
        return Response(text, status, content_type='text/plain')
