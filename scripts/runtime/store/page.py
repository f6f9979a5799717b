"""The page on Odoo Apps: static/description/index.html, from page.html, the texts and the facts.

The version is the manifest's, what a gateway can do is the registry's, what is new is the
changelog's: the texts beside this file only add words. The store shows one page for all languages,
knows Bootstrap's classes and some inline styles, and mangles what is not ASCII.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import jinja2
from markupsafe import Markup, escape

from ..home import CHECKOUT

HERE = Path(__file__).parent
PAGE = CHECKOUT / 'static' / 'description' / 'index.html'
LANGUAGES = ('en', 'es', 'pt')
MARKS = (
    (re.compile(r'\*\*(.+?)\*\*'), r'<b>\1</b>'),
    (re.compile(r'\*(.+?)\*'), r'<i>\1</i>'),
    (re.compile(r'`(.+?)`'), r'<code>\1</code>'),
)


def write():
    """Write the page, if it says anything else now."""
    text = render()
    if not PAGE.exists() or PAGE.read_text() != text:
        PAGE.write_text(text)


def render():
    """The page as it has to be."""
    known = manifest()
    html = template('page.html').render(
        manifest=known, languages={code: texts(code) for code in LANGUAGES},
        gateways=gateways(), changes=changes(known['version']))
    lines = (line.rstrip() for line in html.split('\n'))
    return '\n'.join(filter(None, lines)).encode('ascii', 'xmlcharrefreplace').decode() + '\n'


def template(name):
    """A template of this folder; a text that is missing is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(name)


def manifest():
    return ast.literal_eval((CHECKOUT / '__manifest__.py').read_text())


def texts(code):
    """What the page says in a language."""
    return tomllib.loads((HERE / f'{code}.toml').read_text())


def gateways():
    """The registered gateways: code → name, and what it supports."""
    if str(CHECKOUT) not in sys.path:
        sys.path.append(str(CHECKOUT))
    from gateways import REGISTRY

    names = {}
    for record in ElementTree.parse(CHECKOUT / 'data/payment_provider_data.xml').iter('record'):
        fields = {field.get('name'): field.text for field in record.iter('field')}
        names[fields['code']] = fields['name']
    return {code: (names[code], gateway.supports) for code, gateway in REGISTRY.items()}


def changes(version):
    """What the changelog tells of a version, one piece of HTML for each line."""
    text = (CHECKOUT / 'CHANGELOG.md').read_text()
    section = re.search(rf'^## {re.escape(version)}\n(.*?)(?=^## |\Z)', text, re.M | re.S)
    return [_marked(line) for line in re.findall(r'^- (.+)$', section[1], re.M)] if section else []


def _marked(line):
    """A line of Markdown as HTML."""
    html = str(escape(line))
    for pattern, tag in MARKS:
        html = pattern.sub(tag, html)
    return Markup(html)
