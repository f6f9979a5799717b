"""The gateways' protocols, without Odoo. One line of REGISTRY per gateway."""

from .credicorp import Credicorp

REGISTRY = {gateway.code: gateway for gateway in (Credicorp,)}
