"""What may be shown of an address to whoever looks: enough for its owner to know it."""


def masked_email(address: str) -> str:
    name, _at, domain = address.partition('@')
    return address and f'{name[:1]}•••@{domain}'


def masked_phone(number: str) -> str:
    digits = ''.join(char for char in number if char.isdigit())
    return digits and f'•••{digits[-3:]}'
