"""The gateways' protocols, without Odoo. One line of GATEWAYS per gateway."""

from .credicorp import Credicorp
from .greenpay import GreenPay

GATEWAYS = (
    Credicorp,
    GreenPay,
)
REGISTRY = {gateway.code: gateway for gateway in GATEWAYS}
