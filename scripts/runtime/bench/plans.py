"""Inside Odoo: plans whose instalments fall due, and the job that charges them."""

import time
from contextlib import contextmanager
from unittest.mock import patch

import documents  # beside this file, which is no part of a package here

LATER = '2099-01-01'


def create(env, moves, cards, url):
    """An active plan for each of these invoices: its next instalment is what the bench pays.

    :param cards: the gateway's names of saved cards, one for each customer.
    """
    provider = documents.provider(env, 'credicorp')
    provider.write({'credicorp_base_url': url, 'journal_id': documents.journal(env).id})
    method = _method(env, provider)
    tokens = {}
    plans = env['email.pay.plan']
    for move in moves:
        partner = move.partner_id
        if partner not in tokens:
            tokens[partner] = _token(env, provider, partner, cards[len(tokens)])
        plans += plans.create(_plan(move, method, tokens[partner]))
    env.flush_all()
    return len(plans)


def let_fall_due(env, moves):
    """Today, and no notes of what happened before are left to write."""
    env['email.pay.installment'].search([
        ('move_id', 'in', moves.ids), ('number', '=', 1),
    ]).due_date = '2020-01-01'


@contextmanager
def outside():
    """Measure what requests take that leave Odoo: a list to which the seconds are added."""
    found = []
    import requests
    send = requests.request

    def timed(*args, **kwargs):
        begun = time.perf_counter(), time.process_time()
        try:
            return send(*args, **kwargs)
        finally:
            found.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))

    with patch.object(requests, 'request', timed):
        yield found


def _method(env, provider):
    portal = env['email.pay.portal']._for_company(provider.company_id)
    return env['email.pay.method'].create({
        'portal_id': portal.id, 'provider_id': provider.id, 'kind': 'recurring',
        'recurring_mode': 'token',
    })


def _token(env, provider, partner, card):
    return env['payment.token'].create({
        'provider_id': provider.id, 'partner_id': partner.id, 'provider_ref': card,
        'payment_method_id': env.ref('payment.payment_method_card').id,
        'payment_details': '1111',
    })


def _plan(move, method, token):
    amount = documents.amount(move)
    return {
        'reference': f'plan {move.ref}',
        'company_id': move.company_id.id,
        'partner_id': move.partner_id.id,
        'currency_id': move.currency_id.id,
        'method_id': method.id,
        'provider_id': method.provider_id.id,
        'mode': 'token',
        'move_id': move.id,
        'amount': 2 * amount,
        'count': 2,
        'first_date': LATER,
        'state': 'active',
        'token_id': token.id,
        'installment_ids': [
            (0, 0, {'number': number, 'amount': amount, 'due_date': LATER}) for number in (1, 2)
        ],
    }
