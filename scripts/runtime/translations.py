"""The translations: i18n/email_pay.pot as the checkout's texts are now, i18n/*.po beside it.

What was translated stays, what is no longer said goes, what is new stays empty and is listed: it
is for a person to write.
"""

import textwrap

import polib

from . import database, postgres, server
from .home import CHECKOUT, LOGS, Failure

FOLDER = CHECKOUT / 'i18n'
TEMPLATE = FOLDER / f'{server.ADDON}.pot'
# Records of the demo are named so; they are not translated.
DEMO = f':{server.ADDON}.demo_'
HEADER = f'Translation of Email Pay.\nThis file contains the translation of: {server.ADDON}.'


def main():
    """Bring all files up to date."""
    with postgres.server():
        template = _export()
    if not TEMPLATE.exists() or _entries(polib.pofile(TEMPLATE)) != _entries(template):
        template.save(TEMPLATE)
    for path in sorted(FOLDER.glob('*.po')):
        _merge(template, path)


def _export():
    """Return all texts of a fresh installation of the checkout, without those of the demo."""
    log, exported = (LOGS / f'translations.{suffix}' for suffix in ('log', 'pot'))
    for path in (log, exported):
        path.unlink(missing_ok=True)
    with database.copy(database.email_pay(), 'translations') as name:
        code = server.run(
            log, 'i18n', 'export', '--database', name, server.ADDON, '--output', exported)
    if code or not exported.exists() or database.warnings(log):
        raise Failure(f'The texts could not be exported, see {log}.')
    template = polib.pofile(exported)
    for entry in list(template):
        entry.occurrences = [place for place in entry.occurrences if DEMO not in place[0]]
        if not entry.occurrences:
            template.remove(entry)
    template.header = HEADER
    return template


def _entries(file):
    return [(entry.msgid, entry.msgstr, entry.comment, entry.occurrences) for entry in file]


def _merge(template, path):
    """Give a language's file the entries of the template, and its own translations of them."""
    old = polib.pofile(path)
    known = {entry.msgid: entry.msgstr for entry in old.translated_entries()}
    new = polib.POFile()
    new.header, new.metadata = old.header, old.metadata
    for entry in template:
        new.append(polib.POEntry(
            msgid=entry.msgid, msgstr=known.get(entry.msgid, ''),
            comment=entry.comment, occurrences=entry.occurrences))
    if _entries(new) != _entries(old):
        new.save(path)
    _report(path.name, new, known)


def _report(name, file, known):
    print(f'{name}: {len(file.translated_entries())} of {len(file)} translated')
    for entry in file.untranslated_entries():
        print(f'  new      {_short(entry.msgid)}')
    for msgid in sorted(known.keys() - {entry.msgid for entry in file}):
        print(f'  removed  {_short(msgid)}')


def _short(text):
    """Return a text in one line; a mail is a single text."""
    return repr(textwrap.shorten(text, 200, placeholder=' …'))
