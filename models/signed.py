from odoo.tools import verify_hash_signed


def read_signed(env, scope, text):
    """What `hash_sign` put into `text` for this scope; None when it did not, or that is over."""
    try:
        return verify_hash_signed(env(su=True), scope, text if isinstance(text, str) else '')
    except ValueError:  # not base64, or another version
        return None
