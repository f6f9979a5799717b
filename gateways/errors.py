"""What can go wrong between a gateway and us, one class per thing a caller does differently."""


class GatewayError(Exception):
    """Base of all. `str()` is English for a log or an accountant; it never holds a secret."""


class UnknownOutcome(GatewayError):
    """The gateway may or may not have acted: time-out, cut connection, 5xx, unreadable answer.

    The caller leaves the transaction pending and asks with `Gateway.query`; it never repeats.
    """


class NotSent(GatewayError):
    """The request cannot have reached the gateway: nothing has happened, and it may be repeated."""


class AddressNotFound(NotSent):
    """The host name does not resolve, or nothing answers there as this API does."""


class CertificateInvalid(NotSent):
    """TLS failed: expired, self-signed or issued for another host."""


class NoConnection(NotSent):
    """Nobody listens there: the connection was refused or never made."""


class NoAnswer(UnknownOutcome):
    """The connection was made, then was cut or took too long."""


class Unreadable(UnknownOutcome):
    """The answer is not one of this API."""


class CredentialsRefused(GatewayError):
    """The gateway answered that the key (or merchant, or terminal) is not valid."""


class RequestRefused(GatewayError):
    """The gateway understood and refused: wrong data, or an operation that it cannot do now."""


class Unsupported(GatewayError):
    """The gateway has no such operation; callers ask `Gateway.supports` first."""


class NotificationError(GatewayError):
    """Base of what makes a notification unacceptable: nothing is stored, the answer is 4xx."""


class SecretMissing(NotificationError):
    """No secret is configured to verify with, so nothing can be accepted. Fail closed."""


class SignatureInvalid(NotificationError):
    """The signature is absent, malformed, or another's."""


class NotificationMalformed(NotificationError):
    """The body is not what this gateway sends."""
