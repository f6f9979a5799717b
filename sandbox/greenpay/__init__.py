"""A stand-in of GreenPay: its API, its payment form, its notifications."""

from .standin import GreenPay

__all__ = ['GreenPay']
