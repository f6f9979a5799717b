"""PagoLivre: orders of API v2, their page, notifications, and recurrent credit month by month.

What PagoLivre does not publish (the recurrent option, the charges, the events) is made up here, and
says so where it stands.
"""

from .standin import PagoLivre

__all__ = ['PagoLivre']
