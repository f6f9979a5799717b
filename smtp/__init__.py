"""Mail servers as they are met on the wire: presets, a session that never hangs, and what went
wrong. Zero Odoo imports; runs and tests without Odoo."""

from .presets import PRESETS, preset_of_address, preset_of_host
from .problems import Kind, Problem, of_reply
from .session import Session, Settings, open_session
