"""Tax numbers, without the ORM: found again and checked, however a person writes them."""

import re
import unicodedata
from functools import cache

from stdnum.exceptions import InvalidChecksum, InvalidComponent, ValidationError
from stdnum.util import get_cc_module

from . import identity

# The kinds of numbers by which a country's companies and people are taxed; elsewhere there is one.
KINDS = {
    'AR': ('cuit', 'dni'),
    'BR': ('cnpj', 'cpf'),
    'DO': ('rnc', 'cedula'),
    'EC': ('ruc', 'ci'),
    'PE': ('ruc', 'cui'),
}
# Written on the invoices of everybody who did not give a number; so are those of one digit.
NOBODYS = {
    'XAXX010101000', 'XEXX010101000',  # Mexico: the public, foreigners
    '2222222222227',  # Colombia: the final consumer, with its check digit
}
SHORTEST = 4
LONGEST = 30
MOST_TYPED = 60
# A check digit that stands behind the number, after its name: Panama, Colombia.
NAMED_CHECK_DIGIT = re.compile(r'\s*\bD\W?V\W*\d{1,2}\W*$')


def key_of(number: str, country: str = '') -> str:
    """The one form in which a tax number is kept; '' when it tells no customer from another.

    :param country: the code of the customer's country.
    """
    text = _plain(number)
    country = (country or '').upper()
    key = RULES.get(country, _compact)(text, country)
    if _alphanumeric(text) in NOBODYS or len(set(key)) == 1:
        return ''
    return key if SHORTEST <= len(key) <= LONGEST else ''


def keys_of(number: str, country: str = '') -> list[str]:
    """The keys under which a number may be kept that somebody typed: the customer is not known yet,
    and may be from elsewhere.

    :param country: the code of the country where most customers are from; its key is the first.
    """
    text = _plain(number)
    countries = [country, '', *RULES, *([text[:2]] if _modules(text[:2]) else [])]
    keys = [key_of(number, code) for code in countries]
    # A Colombian number of ten digits may be one of nine with its check digit: who has it on file
    # without knows no better.
    keys += [key_of(key, 'CO') for key in keys]
    return list(dict.fromkeys(filter(None, keys)))


def has_wrong_check_digit(number: str, country: str) -> bool:
    """Whether a number looks like one of `country`, mistyped."""
    text = _plain(number)
    wrong = False
    for module in _modules((country or '').upper()):
        try:
            module.validate(text)
            return False
        except InvalidChecksum:
            wrong = True
        except ValidationError:
            continue
    return wrong


def has_wrong_form(number: str, country: str) -> bool:
    """Whether a number is too short or too long for one of `country`, or not written like one. Of a
    wrong check digit this says nothing."""
    text = _plain(number)
    modules = _modules((country or '').upper())
    if not text or not modules or _alphanumeric(text) in NOBODYS:
        return False
    if country.upper() == 'CR':  # people and foreigners, which the module does not know
        return not identity.kind_of(text)
    rest = text.removeprefix(country.upper())
    ways = {text, rest, _alphanumeric(rest)}
    return not any(_has_form(module, way) for module in modules for way in ways)


def _has_form(module, text):
    try:
        module.validate(text)
    except (InvalidChecksum, InvalidComponent):
        return True
    except ValidationError:
        return False
    return True


def masked(number: str) -> str:
    """What may be shown of a number that somebody typed."""
    return '•••' + _alphanumeric(_plain(number))[-3:]


# === COUNTRIES === #

def _compact(text, country):
    for module in _modules(country):
        if module.is_valid(text):
            return _alphanumeric(module.compact(text))
    rest = text.removeprefix(country)
    return _alphanumeric(rest if re.search(r'\d', rest) else text)


def _costa_rican(text, country):
    kind = identity.kind_of(text)
    return identity.normalized(kind, text) if kind else _compact(text, country)


def _chilean(text, country):
    """Without the zeros that fill it up."""
    return _compact(text, country).lstrip('0')


def _colombian(text, country):
    """Without the check digit, which is on one paper and not on another."""
    digits = _compact(text, country)
    ends_in_one = len(digits) in (10, 11) or re.search(r'-\s*\d$', text)
    [nit] = _modules(country)
    return digits[:-1] if ends_in_one and nit.is_valid(digits) else digits


def _panamanian(text, country):
    """Without the check digit, and without the zeros that fill up each part."""
    parts = re.findall(r'[A-Z0-9]+', text.removeprefix(country))
    size = 4 if 'NT' in parts else 3
    return ''.join(part.lstrip('0') or '0' for part in parts[:size])


RULES = {'CL': _chilean, 'CO': _colombian, 'CR': _costa_rican, 'PA': _panamanian}


# === WRITING === #

def _plain(number):
    """Without accents and without the name of a check digit, in capitals."""
    text = re.sub(r'[‐-―−]', '-', (number or '')[:MOST_TYPED])
    text = unicodedata.normalize('NFKD', text).encode('ascii', 'ignore').decode().upper()
    return NAMED_CHECK_DIGIT.sub('', text).strip()


def _alphanumeric(text):
    return re.sub(r'[^A-Z0-9]', '', text)


@cache
def _modules(country):
    """The modules of the library that know the numbers of a country; none for what is none."""
    if not re.fullmatch(r'[A-Z]{2}', country):
        return ()
    kinds = KINDS.get(country, ('vat',))
    return tuple(filter(None, (get_cc_module(country, kind) for kind in kinds)))
