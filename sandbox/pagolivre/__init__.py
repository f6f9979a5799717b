"""PagoLivre. Still to do: which of its protocol is spoken here."""

from .standin import PagoLivre

__all__ = ['PagoLivre']
