import logging

from odoo import SUPERUSER_ID, api
from odoo.http import Controller, request, route

from ..const import MAX_NOTIFICATION_BYTES, WEBHOOK_ROUTE
from ..gateways import REGISTRY
from ..gateways.errors import NotificationError
from ..gateways.values import Notification

_logger = logging.getLogger(__name__)


class WebhookController(Controller):

    @route(
        [WEBHOOK_ROUTE, f'{WEBHOOK_ROUTE}/<path:tail>'], type='http', auth='none', methods=['POST'],
        csrf=False, save_session=False, readonly=False,
    )
    def notify(self, provider_id, tail='', **_params):
        """Verify the raw bytes, store them once, wake the worker, answer.

        The insert has a short READ COMMITTED transaction of its own: copies that arrive at the same
        instant wait for each other and are one row, without a serialization failure.
        """
        if (request.httprequest.content_length or 0) > MAX_NOTIFICATION_BYTES:
            return self._refuse(413, "too large")
        notification = Notification(
            body=request.httprequest.get_data(cache=False),
            headers=dict(request.httprequest.headers),
            params=request.httprequest.args.to_dict(),
            tail=tail,
        )
        if len(notification.body) > MAX_NOTIFICATION_BYTES:
            return self._refuse(413, "too large")
        with request.env.registry.cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            env = api.Environment(cr, SUPERUSER_ID, {})
            provider = env['payment.provider'].browse(provider_id).exists()
            if not provider or provider.code not in REGISTRY:
                return self._refuse(404, "no such address")
            return self._accept(provider, notification)

    def _accept(self, provider, notification):
        try:
            provider._email_pay_gateway().verify(notification)
            is_new = provider.env['email.pay.event']._accept(provider, notification)
        except NotificationError as error:
            _logger.warning("Notification for provider %s refused: %s", provider.id, error)
            return self._refuse(400, "refused")
        if is_new:
            provider.env.ref('email_pay.ir_cron_process_events')._trigger()
        return request.make_response("ok", [('Content-Type', 'text/plain')])

    def _refuse(self, status, text):
        return request.make_response(text, [('Content-Type', 'text/plain')], status=status)
