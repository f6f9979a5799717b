"""Who is let in to the page of a link: the browser that came with its token, for some hours."""

from odoo.http import request

from ..const import VISIT_HOURS


def _cookie_name(selector):
    return f'email_pay_{selector}'


def let_in(response, link):
    """Give the browser the cookie that opens the page of `link`."""
    response.set_cookie(
        _cookie_name(link.selector), link._visit(), max_age=VISIT_HOURS * 3600, httponly=True,
        secure=request.httprequest.scheme == 'https', samesite='Lax', path='/pay',
    )


def visited_link(selector):
    """The link (sudo) that this browser followed, or that is of the user who signed in on it; empty
    when it is neither."""
    link = request.env['email.pay.link']._from_selector(selector)
    proof = request.cookies.get(_cookie_name(selector))
    if link and (link._is_visit(proof) or link._is_of_customer(request.env.user)):
        return link
    return link.browse()
