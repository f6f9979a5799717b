"""Brand colours that stay readable (WCAG 2.1, contrast of at least 4.5 to 1)."""

import re

DEFAULT = '#1f4e79'
DARK, LIGHT = '#111827', '#ffffff'
MINIMUM_CONTRAST = 4.5


def _channels(color):
    return [int(color[i:i + 2], 16) for i in (1, 3, 5)]


def _luminance(color):
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """The contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _darkened(color):
    """`color`, darkened until white text on it, and itself on white, can be read."""
    while contrast(color, LIGHT) < MINIMUM_CONTRAST:
        color = '#' + ''.join(f'{int(channel * 0.9):02x}' for channel in _channels(color))
    return color


def brand_colors(color):
    """The colours of a page from a company's `#rrggbb`, or from ours when it has none."""
    color = color if re.fullmatch(r'#[0-9a-fA-F]{6}', color or '') else DEFAULT
    on_color = max((DARK, LIGHT), key=lambda text: contrast(text, color))
    return {'color': color, 'on_color': on_color, 'dark': _darkened(color)}
