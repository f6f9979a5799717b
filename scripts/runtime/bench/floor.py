"""The floor: a throw-away add-on whose route does nothing, loaded beside the real ones."""

NAME = 'email_pay_floor'
ROUTE = '/email_pay_floor'
MANIFEST = "{'name': 'Floor', 'license': 'LGPL-3', 'depends': ['web'], 'installable': True}\n"
CONTROLLER = f'''\
from odoo.http import Controller, request, route


class Floor(Controller):

    @route('{ROUTE}', type='http', auth='none', csrf=False, save_session=False)
    def floor(self, **_params):
        return request.make_response("ok", [('Content-Type', 'text/plain')])
'''


def write(folder):
    """Write the add-on into a folder of add-ons; return that folder."""
    addon = folder / NAME
    addon.mkdir(parents=True, exist_ok=True)
    (addon / '__manifest__.py').write_text(MANIFEST)
    (addon / '__init__.py').write_text(CONTROLLER)
    return folder
