"""The page on Odoo Apps, and all pictures of it and of the documentation, from the running product.

    scripts/screenshots              drive all journeys; keep what they show; draw the banner
    scripts/screenshots JOURNEY…     the pictures of these journeys only
    scripts/screenshots --page       only write the page, after a change of its texts or of facts
"""

import os
import time

from .. import database, demo, journeys, postgres
from ..home import LOGS, Failure
from . import banner, page, pictures


def main(*words):
    """Bring the pictures and the page up to date."""
    names = [word for word in words if word != '--page']
    if names or '--page' not in words:
        _photograph(names or pictures.journeys())
        banner.draw()
    page.write()
    return 0


def _photograph(names):
    """Run journeys on a demo of their own, and keep what they show."""
    folder = LOGS / f'screenshots-{time.strftime("%Y%m%d-%H%M%S")}-{os.getpid()}'
    with (
        postgres.server(),
        database.copy(database.email_pay(), 'screenshots') as name,
        demo.running(name, folder) as running,
    ):
        if not journeys.run_all(running, names, folder / 'screens'):
            raise Failure(f'A journey failed, and no picture was changed: see {folder}.')
    pictures.keep(folder / 'screens', names)
