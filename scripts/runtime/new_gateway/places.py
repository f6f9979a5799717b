"""Where lines go in a file: each place is a function of its lines and the new ones, which returns a
line's number, or None when the file has no such place."""

import re


def before(pattern):
    """Before the first line like this."""
    return lambda lines, _added: next(iter(_numbers(lines, pattern)), None)


def after_last(pattern):
    """After the last line like this."""
    return lambda lines, _added: next((at + 1 for at in reversed(_numbers(lines, pattern))), None)


def in_order(pattern):
    """Among lines like this, which are sorted."""
    def place(lines, added):
        later = [at for at in _numbers(lines, pattern) if lines[at] > added]
        return later[0] if later else after_last(pattern)(lines, added)

    return place


def _numbers(lines, pattern):
    return [at for at, line in enumerate(lines) if re.fullmatch(pattern, line.rstrip('\n'))]
