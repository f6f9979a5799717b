"""The gateways' protocols, without Odoo. One line of GATEWAYS per gateway."""

from .credicorp import Credicorp
from .greenpay import GreenPay
from .pagolivre import PagoLivre

GATEWAYS = (
    Credicorp,
    GreenPay,
    PagoLivre,
)
REGISTRY = {gateway.code: gateway for gateway in GATEWAYS}
