"""Credicorp Bank, as far as one can know: a gateway of NMI's dialect."""

from .standin import Credicorp

__all__ = ['Credicorp']
