"""What every stand-in knows of a card."""

from dataclasses import dataclass

BRANDS = {
    '2': 'mastercard',
    '34': 'amex',
    '37': 'amex',
    '4': 'visa',
    '5': 'mastercard',
    '6': 'discover',
}


def luhn_valid(number: str) -> bool:
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return False
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


@dataclass(frozen=True)
class Card:
    number: str
    exp: str  # MMYY

    @property
    def masked(self) -> str:
        return f'{self.number[:6]}{"*" * (len(self.number) - 10)}{self.number[-4:]}'

    @property
    def brand(self) -> str:
        return next((name for prefix, name in BRANDS.items() if self.number.startswith(prefix)), '')
