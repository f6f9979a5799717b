"""What runs inside Odoo's shell, on either side: transactions, booking, the books.

It is told what to do through a loopback connection, a line of JSON at a time, and answers so. Every
call has a database transaction of its own, as a scheduled action has.
"""

import json
import os
import socket
import threading
import time

import copies  # beside this file, which is no part of a package here
import customers
import documents
import mails
import plans
import volume


def serve(env, port):
    with socket.create_connection(('127.0.0.1', port)) as connection:
        lines = connection.makefile('rw', encoding='utf-8')
        for line in lines:
            name, arguments = json.loads(line)
            with env.registry.cursor() as cr:
                answer = CALLS[name](env(cr=cr), **arguments)
            lines.write(f'{json.dumps(answer)}\n')
            lines.flush()


# -- Transactions -----------------------------------------------------------------------------

def start_payments(env, code, numbers, state):
    """Create a transaction for each of these invoices, which is pending before it is done.

    :return: a list of what its gateway must know, each with the reference and the amount.
    """
    env = documents.in_company(env)
    provider = documents.provider(env, code)
    provider.journal_id = documents.journal(env)
    moves = _moves(env, numbers)
    transactions = env['payment.transaction']
    for start in range(0, len(moves), documents.BATCH):
        transactions += env['payment.transaction'].create([
            _transaction(env, provider, move) for move in moves[start:start + documents.BATCH]
        ])
    if state != 'draft':
        transactions._set_pending()
    if state == 'done':
        transactions._set_done()
    return [
        {
            'id': tx.id, 'reference': tx.reference, 'amount': f'{tx.amount:.2f}',
            'currency': tx.currency_id.name, 'invoice': tx.invoice_ids.id, 'provider': provider.id,
        }
        for tx in transactions
    ]


def _transaction(env, provider, move):
    return {
        'provider_id': provider.id,
        'payment_method_id': env.ref('payment.payment_method_card').id,
        'reference': move.ref,
        'provider_reference': f'at the gateway {move.ref}',
        'amount': documents.amount(move),
        'currency_id': move.currency_id.id,
        'partner_id': move.partner_id.id,
        'operation': 'online_redirect',
        'invoice_ids': [(6, 0, move.ids)],
    }


# -- Statements -------------------------------------------------------------------------------

def create_statements(env, counts):
    return documents.create_statements(env, counts)


# -- Signing in -------------------------------------------------------------------------------

def create_customers(env, count):
    return customers.create(env, count)


def look_up_customers(env, numbers):
    return customers.look_up(env, numbers)


def create_volume(env, count):
    return volume.create(env, count)


def choose_policy(env, policy):
    customers.choose_policy(env, policy)


# -- Instalments ------------------------------------------------------------------------------

def create_plans(env, numbers, cards, url):
    env = documents.in_company(env)
    return plans.create(env, _moves(env, numbers), cards, url)


def let_fall_due(env, numbers):
    plans.let_fall_due(env, _moves(env, numbers))


def charge_ours(env):
    """Charge what is due; the time that the gateway took is left out, and told."""
    with plans.outside() as requests:
        timed = _timed(env, env['email.pay.installment']._cron_charge)
    seconds, cpu = (sum(taken) for taken in zip(*requests, strict=True))
    return timed | {
        'seconds': timed['seconds'] - seconds, 'cpu': timed['cpu'] - cpu, 'outside': seconds,
    }


def copy_documents(env, count):
    copies.create(documents.in_company(env), count)


def charge_day(env, told):
    threading.current_thread().query_count = 0
    plans.charge_day(env, told)


def ask_for_charges(env):
    env['payment.transaction']._email_pay_cron_ask()


def book_collected(env):
    """Odoo's own job, which books what somebody was killed before he had booked it."""
    env['payment.transaction']._cron_post_process()


def process_number(env):
    return os.getpid()


# -- Receipts ---------------------------------------------------------------------------------

def open_mail_account(env, port):
    return mails.open_account(documents.in_company(env), port)


def post_payments(env, count):
    mails.post_payments(documents.in_company(env), count)


def write_receipts(env):
    return _timed(env, lambda: mails.write(env))


def send_receipts(env):
    return _timed(env, lambda: mails.send(env))


# -- Booking ----------------------------------------------------------------------------------

def book_stock(env, numbers):
    """Odoo's own scheduled post-processing of these payments."""
    transactions = _transactions(env, numbers)
    return _timed(env, transactions._cron_post_process)


def book_stock_alone(env, number):
    """Odoo's own post-processing of one payment, as the customer's status page does it."""
    return _timed(env, _transactions(env, [number])._post_process)


def book_ours(env):
    """The worker, from the stored notifications to the reconciled entries."""
    events = env['email.pay.event']
    timed = _timed(env, events._cron_process)
    if waiting := events.search_count([('state', '=', 'new')]):
        raise RuntimeError(f'{waiting} notifications are still waiting.')
    return timed


def run_other_jobs(env):
    """Run our other scheduled actions that were woken up, such as one for receipts."""
    data = env['ir.model.data'].search([('module', '=', 'email_pay'), ('model', '=', 'ir.cron')])
    jobs = env['ir.cron'].browse(data.mapped('res_id'))
    woken = env['ir.cron.trigger'].search([('cron_id', 'in', jobs.ids)]).cron_id
    woken -= env.ref('email_pay.ir_cron_process_events')
    return {
        job.name: _timed(env, job.with_user(job.user_id).ir_actions_server_id.run) for job in woken
    }


def _timed(env, work):
    """Do it and commit; return the seconds, those of this process, and the number of queries."""
    thread = threading.current_thread()
    thread.query_count, thread.query_time = 0, 0
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    env.cr.commit()
    return {
        'seconds': time.perf_counter() - wall,
        'cpu': time.process_time() - cpu,
        'queries': thread.query_count,
    }


# -- The books --------------------------------------------------------------------------------

def read_books(env, numbers):
    """Return what is booked for each of these payments, in words that both sides share."""
    return [_booked(tx) for tx in _transactions(documents.in_company(env), numbers)]


def _booked(tx):
    payment, invoice = tx.payment_id, tx.invoice_ids
    return {
        'number': int(invoice.ref.removeprefix('bench ')),
        'amount': tx.amount,
        'state': tx.state,
        'post_processed': tx.is_post_processed,
        'payment': [
            payment.state, payment.amount, payment.currency_id.name, payment.journal_id.code,
            payment.partner_id.name, payment.partner_type, payment.is_reconciled,
            payment.is_matched,
        ],
        'invoice': [invoice.name, invoice.payment_state, invoice.amount_residual],
        'lines': sorted(_line(line) for line in payment.move_id.line_ids),
        'receivable': sorted(_line(line) for line in invoice.line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable')),
        'chatter': [len(_notes(record)) for record in (payment, payment.move_id, invoice, tx)
                    if 'message_ids' in record],
    }


def _notes(record):
    """What the chatter says of the booking; the receipts that are mailed later stand there too."""
    return record.message_ids.filtered(lambda message: message.message_type != 'email_outgoing')


def _line(line):
    matched = line.matched_debit_ids.debit_move_id + line.matched_credit_ids.credit_move_id
    return [
        line.account_id.code, line.debit, line.credit, line.currency_id.name, line.amount_currency,
        line.partner_id.name or '', line.amount_residual, line.amount_residual_currency,
        line.reconciled, bool(line.full_reconcile_id), len(matched),
        sorted({move.ref for move in matched.move_id if move.move_type == 'out_invoice'}),
    ]


# -- Finding ----------------------------------------------------------------------------------

def _moves(env, numbers):
    return env['account.move'].search(
        [('ref', 'in', [f'bench {number}' for number in numbers])], order='id')


def _transactions(env, numbers):
    return _moves(env, numbers).transaction_ids.sorted('id')


CALLS = {
    function.__name__: function
    for function in (
        start_payments, create_statements, create_customers, look_up_customers, choose_policy,
        create_plans, let_fall_due, charge_ours, copy_documents, create_volume, charge_day,
        ask_for_charges, book_collected, process_number, open_mail_account, post_payments,
        write_receipts,
        send_receipts, book_stock, book_stock_alone, book_ours, run_other_jobs, read_books)
}
