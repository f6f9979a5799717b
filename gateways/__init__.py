"""The gateways' protocols, without Odoo. One line of REGISTRY per gateway."""

from .credicorp import Credicorp
from .greenpay import GreenPay

REGISTRY = {gateway.code: gateway for gateway in (Credicorp, GreenPay)}
