"""Identifications, without the ORM. Costa Rican ones are told apart, and compared in whatever
form."""

from stdnum.br import cnpj
from stdnum.br import cpf as br_cpf
from stdnum.cr import cpf, cpj, cr
from stdnum.exceptions import InvalidComponent, ValidationError
from stdnum.util import clean, isdigits

PHYSICAL, LEGAL, DIMEX, NITE = 'physical', 'legal', 'dimex', 'nite'

# NITE has no module of its own: ten digits, as base_vat reads them too.
MODULES = {PHYSICAL: cpf, LEGAL: cpj, DIMEX: cr}
NITE_DIGITS = 10

# What a localization calls a type of identification.
NAMES = {'física': PHYSICAL, 'fisica': PHYSICAL, 'jurídica': LEGAL, 'juridica': LEGAL,
         'dimex': DIMEX, 'nite': NITE}


def normalized(kind: str, number: str) -> str:
    """The digits of an identification, '' when it is none of this kind."""
    text = (number or '').strip().upper().removeprefix('CR')
    if kind == NITE:
        digits = clean(text, ' -')
        return digits if isdigits(digits) and len(digits) == NITE_DIGITS else ''
    module = MODULES[kind]
    try:
        return module.validate(text)
    except InvalidComponent:  # a class of companies that the library does not know yet
        return module.compact(text)
    except ValidationError:
        return ''


def kind_of(number: str, name: str = '') -> str:
    """The kind of an identification, by the `name` that a localization gives it, else by its form;
    '' when it has none."""
    named = [kind for word, kind in NAMES.items() if word in name.lower()]
    if named:
        return named[0]
    text = (number or '').strip().upper().removeprefix('CR')
    known = [kind for kind, module in MODULES.items() if module.is_valid(text)]
    return known[0] if known else NITE if normalized(NITE, text) else ''


def is_brazilian(number: str | bool) -> bool:
    """Whether it is a CPF or a CNPJ, with its check digits."""
    text = (number or '').strip().upper().removeprefix('BR')
    return br_cpf.is_valid(text) or cnpj.is_valid(text)
