"""The banner on Odoo Apps, drawn by a browser from banner.html and pictures."""

from base64 import b64encode

from playwright.sync_api import sync_playwright

from .. import journeys
from ..home import CHECKOUT
from . import page, pictures

NAME = 'banner.png'
# What the store shows, at two dots a pixel.
SIZE = {'width': 560, 'height': 280}


def draw():
    """Draw the banner."""
    html = page.template('banner.html').render(
        manifest=page.manifest(), icon=_embedded(pictures.STORE / 'icon.png'),
        invoice=_embedded(pictures.STORE / 'invoice-sent.png'),
        phone=_embedded(pictures.STORE / 'payment-page.png'))
    with sync_playwright() as playwright:
        browser = journeys.launch(playwright)
        sheet = browser.new_context(viewport=SIZE, device_scale_factor=2).new_page()
        sheet.set_content(html, wait_until='load')
        path = CHECKOUT / pictures.STORE / NAME
        path.write_bytes(sheet.screenshot())
        browser.close()


def _embedded(path):
    return f'data:image/png;base64,{b64encode(path.read_bytes()).decode()}'
