"""Who is let in to the page of a link: the browser that came with its token, for some hours, or
where its customer signed in."""

from odoo.http import request

from ..const import VISIT_HOURS

SIGN_IN_COOKIE = 'email_pay_sign_in'


def _cookie_name(selector):
    return f'email_pay_{selector}'


def set_cookie(response, name, value, seconds=None):
    """Let the browser keep something for our pages only; without `seconds` until it is closed."""
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite='Lax', path='/pay',
        secure=request.httprequest.scheme == 'https',
    )


def let_in(response, link):
    """Give the browser the cookie that opens the page of `link`."""
    set_cookie(response, _cookie_name(link.selector), link._visit(), VISIT_HOURS * 3600)


def let_in_beside(response, link, other):
    """Let the browser that came with the token of `link` in to `other`, too. Who signed in sees
    that as long as signed in, and no longer."""
    if _has_token(link):
        let_in(response, other)


def visited_link(selector):
    """The link (sudo) that this browser followed, or that is of the customer who signed in on it;
    empty when it is neither."""
    link = request.env['email.pay.link']._from_selector(selector)
    if not link or _came_with_token(link):
        return link
    attempt = sign_in_for(link)
    if not attempt:
        return link.browse()
    attempt._touch()
    return link


def _has_token(link):
    return link._is_visit(request.cookies.get(_cookie_name(link.selector)))


def _came_with_token(link):
    return _has_token(link) or link._is_of_customer(request.env.user)


def browser_attempt():
    """The last attempt (sudo) of this browser to sign in at a payment address, if any."""
    attempts = request.env['email.pay.sign.in']
    token = request.cookies.get(SIGN_IN_COOKIE)
    return attempts._from_token(token) if token else attempts


def sign_in_for(link):
    """The sign-in (sudo) by which alone this browser sees `link`; empty when it has the token, or
    sees nothing."""
    attempt = browser_attempt()
    if attempt._is_open() and attempt._statement_for(link) and not _came_with_token(link):
        return attempt
    return attempt.browse()


def is_anonymous():
    """Whether the visitor signed in without a code, and must not read whose the documents are."""
    attempt = browser_attempt()
    return attempt._is_open() and not attempt.with_code
