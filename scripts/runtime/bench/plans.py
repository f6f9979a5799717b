"""Inside Odoo: plans whose instalments fall due, and the job that charges them."""

import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import documents  # beside this file, which is no part of a package here
import psutil

LATER = '2099-01-01'
BATCH = 500


def create(env, moves, cards, url):
    """An active plan for each of these invoices: its next instalment is what the bench pays.

    :param cards: the gateway's names of saved cards, one for each customer.
    """
    provider = documents.provider(env, 'credicorp')
    provider.write({'credicorp_base_url': url, 'journal_id': documents.journal(env).id})
    method = _method(env, provider)
    tokens = {
        partner: _token(env, provider, partner, card)
        for partner, card in zip(moves.partner_id, cards, strict=False)
    }
    plans = env['email.pay.plan'].with_context(tracking_disable=True)
    for start in range(0, len(moves), BATCH):
        plans.create([
            _plan(move, method, tokens[move.partner_id]) for move in moves[start:start + BATCH]])
        env.cr.commit()
    return len(moves)


def let_fall_due(env, moves):
    """Today, and no notes of what happened before are left to write."""
    env['email.pay.installment'].search([
        ('move_id', 'in', moves.ids), ('number', '=', 1),
    ]).due_date = '2020-01-01'


def charge_day(env, told):
    """Charge all that is due, as a scheduled action that everybody can follow.

    :param str told: a file to which each batch adds a line: see `Batch` in `day`.
    """
    cron, _progress = env.ref('email_pay.ir_cron_charge_installments')._add_progress()
    env.cr.commit()
    job = env['email.pay.installment'].with_context(**cron.env.context, cron_id=cron.id)
    with Path(told).open('a') as file, outside() as requests, _telling(env, file, requests):
        job._cron_charge()


@contextmanager
def _telling(env, file, requests):
    """Of each batch, the job notes that it took so many, and later that it is done with them."""
    jobs, taken = type(env['ir.cron']), []
    commit, begun = jobs._commit_progress, [_taken(requests)]

    def told(job, processed=0, *, remaining=None, **kwargs):
        left = commit(job, processed, remaining=remaining, **kwargs)
        if processed and remaining is not None:
            taken.append(processed)
        elif remaining is not None:
            now = _taken(requests)
            cost = [after - before for before, after in zip(begun.pop(), now, strict=True)]
            memory = psutil.Process().memory_info().rss
            file.write(f'{json.dumps([taken.pop(), *cost, memory])}\n')
            file.flush()
            begun.append(now)
        return left

    with patch.object(jobs, '_commit_progress', told):
        yield


def _taken(requests):
    """Seconds, those of this process, and queries until now, but for what happened outside."""
    outside, cpu = (sum(column) for column in zip(*requests, strict=True)) if requests else (0, 0)
    return (
        time.perf_counter() - outside, time.process_time() - cpu,
        threading.current_thread().query_count,
    )


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
