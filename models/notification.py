# What the web client does next, behind a notification.
RELOAD = {'type': 'ir.actions.client', 'tag': 'soft_reload'}


def notification(kind, message, **params):
    """The action that tells the user something in the corner of the screen.

    :param kind: `success` or `warning`.
    :param params: more of what the web client takes: `title`, `sticky`, `next`.
    """
    return {
        'type': 'ir.actions.client',
        'tag': 'display_notification',
        'params': {'type': kind, 'message': message, **params},
    }
