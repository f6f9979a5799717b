"""The pictures: which screen of which journey each one is, and where it is shown.

A new picture is a line here, and its name in a text of the page or in a document.
"""

import re
from typing import NamedTuple

from PIL import Image

from ..home import CHECKOUT, Failure

STORE = CHECKOUT / 'static' / 'description'
DOCUMENTS = CHECKOUT / 'docs' / 'images'
PHONE, DESKTOP = (390, 844), (1280, 800)
COLORS = 128


class Picture(NamedTuple):
    """
    :ivar height: what is shown of a screen that is empty below.
    """

    name: str
    journey: str
    screen: str
    size: tuple = PHONE
    height: int | None = None


PICTURES = (
    # The first minutes, in Spanish
    Picture('es-steps', 'first_minutes', 'steps', DESKTOP, 660),
    # An invoice, in English
    Picture('invoice-sent', 'invoice', 'invoice-sent', DESKTOP),
    Picture('mail', 'invoice', 'mail'),
    Picture('payment-page', 'invoice', 'payment-page'),
    Picture('card-window', 'invoice', 'card-window'),
    Picture('paid', 'invoice', 'paid-in-part'),
    Picture('receipt-mail', 'invoice', 'receipt'),
    # Some weeks of work, in Spanish and English
    Picture('overview', 'overview', 'overview', DESKTOP),
    Picture('es-overview', 'overview', 'es-overview', DESKTOP),
    Picture('es-overview-phone', 'overview', 'es-overview-phone'),
    # Lists and settings
    Picture('outstanding', 'showroom', 'outstanding', DESKTOP, 560),
    Picture('gateway-app', 'showroom', 'gateway-app', DESKTOP),
    Picture('es-outstanding', 'showroom', 'es-outstanding', DESKTOP, 560),
    # A statement and a payment address, in Spanish
    Picture('es-statement-sent', 'statement', 'statement-sent', DESKTOP, 640),
    Picture('statement-mail', 'statement', 'mail'),
    Picture('statement', 'statement', 'statement'),
    Picture('es-statement', 'statement', 'picked'),
    Picture('es-card', 'statement', 'greenpay'),
    Picture('es-paid', 'statement', 'paid'),
    Picture('portal-card', 'portal', 'portal-card', DESKTOP, 440),
    Picture('payment-address', 'portal', 'who'),
    Picture('payment-address-paid', 'portal', 'paid'),
    # A sale in instalments, in Portuguese
    Picture('pt-collect', 'recurring', 'collect', DESKTOP),
    Picture('pt-plan', 'recurring', 'plan'),
    Picture('pt-card', 'recurring', 'pagolivre'),
    Picture('pt-paid', 'recurring', 'first-paid'),
    Picture('plan', 'recurring', 'refused'),
    Picture('recurring-credit', 'recurring', 'report', DESKTOP, 500),
    Picture('pt-report', 'recurring', 'report-totals', DESKTOP, 500),
)


def journeys():
    """The journeys that are driven for pictures."""
    return sorted({picture.journey for picture in PICTURES})


def keep(screens, names):
    """Make the pictures of these journeys of what they showed."""
    for picture in PICTURES:
        if picture.journey in names:
            image = _shrunk(_screen(screens, picture), picture)
            for folder in places(picture.name):
                image.save(folder / f'{picture.name}.png', optimize=True)


def places(name):
    """The folders in which a picture of that name is wanted."""
    texts = ''.join(path.read_text() for path in CHECKOUT.glob('scripts/runtime/store/*.toml'))
    documents = ''.join(
        path.read_text() for path in (*CHECKOUT.glob('*.md'), *CHECKOUT.glob('docs/*.md')))
    if f'picture = "{name}"' in texts:
        yield STORE
    if re.search(rf'\bimages/{name}\.png\b', documents):
        yield DOCUMENTS


def _screen(screens, picture):
    found = sorted((screens / picture.journey).glob(f'[0-9][0-9]-{picture.screen}.png'))
    if not found:
        raise Failure(f'The journey {picture.journey} shows no {picture.screen}.')
    return found[0]


def _shrunk(path, picture):
    """The top of a screen, as large as a page shows it."""
    width, height = picture.size
    with Image.open(path) as image:
        seen = image.width * (picture.height or height) // width
        top = Image.new('RGB', (image.width, seen), 'white')
        top.paste(image.convert('RGB'))
        small = top.resize((width, picture.height or height), Image.Resampling.LANCZOS)
        return small.quantize(COLORS, dither=Image.Dither.NONE)
