from odoo.http import Controller, content_disposition, request, route

from ..models import qr_code

# How the QR code of a company's payment address is written, and as what the browser gets it.
KINDS = {
    'png': (qr_code.png, 'image/png'),
    'svg': (qr_code.svg, 'image/svg+xml'),
}


class PortalQrController(Controller):
    """The QR code of a company's payment address, for those who may see its settings."""

    @route('/email_pay/portal/<int:portal_id>/qr.<any(png, svg):kind>', type='http', auth='user',
           methods=['GET'], save_session=False, readonly=True)
    def qr_code(self, portal_id, kind, download='', **_params):
        portal = request.env['email.pay.portal'].search([('id', '=', portal_id)])
        if not portal:
            return request.not_found()
        draw, content_type = KINDS[kind]
        image = draw(portal._address(), portal._qr_logo())
        headers = [('Content-Type', content_type), ('Cache-Control', 'private, no-cache')]
        if download:
            headers.append(('Content-Disposition', content_disposition(f'{portal.slug}.{kind}')))
        return request.make_response(image, headers)
