"""The frame of the sandbox's own pages."""

from datetime import datetime
from html import escape
from string import Template

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title · Email Pay sandbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/sandbox.css">
<script src="/static/sandbox.js" defer></script>
</head>
<body>
<header class="top">
  <a class="brand" href="/">Email Pay <b>sandbox</b></a>
  <nav>$links</nav>
</header>
<main id="main">
$content
</main>
</body>
</html>
""")


# Drawn, because not every machine has a font with the sign.
CLIP = (
    '<svg class="clip" viewBox="0 0 16 16" role="img" aria-label="Attachment">'
    '<path d="M13 7.5 7.9 12.6a3 3 0 0 1-4.3-4.3l5.5-5.4a2 2 0 0 1 2.9 2.9L6.6 11"/></svg>'
)


def page(title: str, content: str, links: dict[str, str]) -> str:
    """A whole page. `content` is HTML already; `links` are texts and addresses of the top bar."""
    anchors = ''.join(f'<a href="{escape(url)}">{escape(text)}</a>' for text, url in links.items())
    return _PAGE.substitute(title=escape(title), content=content, links=anchors)


def top_links(odoo_url: str, mailbox: bool) -> dict[str, str]:
    links = {'Overview': '/'}
    if mailbox:
        links['Mailbox'] = '/mailbox'
    if odoo_url:
        links['Odoo'] = odoo_url
    return links


def time_tag(time: datetime) -> str:
    """A time that sandbox.js shows in the reader's own zone."""
    return f'<time datetime="{time.isoformat()}">{time:%H:%M:%S} UTC</time>'


def table(name: str, headings: tuple[str, ...], rows: list[list[str]], empty: str) -> str:
    """Cells are HTML already. On a phone each row stands alone, its cells under their headings."""
    if not rows:
        return f'<p class="empty">{escape(empty)}</p>'
    head = ''.join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = ''.join(
        '<tr>' + ''.join(
            f'<td data-heading="{escape(heading)}">{cell}</td>'
            for heading, cell in zip(headings, cells, strict=True)
        ) + '</tr>'
        for cells in rows
    )
    return (
        f'<table class="{escape(name)}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )
