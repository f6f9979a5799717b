"""Inside Odoo: very many documents of a year, that were sent, opened and paid by link; the latest
come last, as in life.

One of each kind is made by Odoo, and then repeated by SQL with what differs.
"""

from datetime import timedelta

import documents  # beside this file, which is no part of a package here

DAYS = 365
CUSTOMERS = 2000
# Of so many documents one is still open, or something of it needs a person.
OPEN, LOST = 4, 400
PAID = f'(n % {OPEN} != 0)'
SENT_AT = "(now() AT TIME ZONE 'UTC' - make_interval(days => age, mins => n % 600))"
PAID_AT = f'({SENT_AT} + make_interval(mins => 30 + n % 10000))'
DATE = '(CURRENT_DATE - age)'


def create(env, count):
    """So many documents; of those that are paid, the link, the payment, and all that is kept of it.

    :return: the company's id, and how many invoices there are.
    """
    env = documents.in_company(env)
    move, payment = _one(env)
    env.flush_all()
    first = _repeat(env, 'res_partner', move.partner_id.id, CUSTOMERS, {
        'name': "'Volume ' || n", 'complete_name': "'Volume ' || n",
    })
    env.cr.execute('UPDATE res_partner SET commercial_partner_id = id WHERE id > %s', [first])
    partner = f'{first} + 1 + n % {CUSTOMERS}'
    moves = _repeat(env, 'account_move', move.id, count, {
        'partner_id': partner, 'commercial_partner_id': partner, 'access_token': 'NULL',
        'name': "'VOLUME/' || n", 'payment_reference': 'NULL', 'sequence_prefix': "'VOLUME/'",
        'sequence_number': 'n', 'date': DATE, 'invoice_date': DATE,
        'invoice_date_due': f'{DATE} + 30',
        'amount_residual': f'CASE WHEN {PAID} THEN 0 ELSE original.amount_total END',
        'amount_residual_signed': f'CASE WHEN {PAID} THEN 0 ELSE original.amount_total END',
        'payment_state': f"CASE WHEN {PAID} THEN 'paid' ELSE 'not_paid' END",
    })
    for line in move.line_ids:
        due = line.account_type == 'asset_receivable'
        _repeat(env, 'account_move_line', line.id, count, {
            'partner_id': partner, 'move_id': f'{moves} + n', 'date': DATE,
            'move_name': "'VOLUME/' || n", 'invoice_date': DATE,
            **({
                'date_maturity': f'{DATE} + 30', 'reconciled': PAID,
                'amount_residual': f'CASE WHEN {PAID} THEN 0 ELSE original.balance END',
                'amount_residual_currency':
                    f'CASE WHEN {PAID} THEN 0 ELSE original.amount_currency END',
            } if due else {}),
        })
    _pay(env, payment, count, partner)
    env.cr.commit()
    invoices = [('company_id', '=', env.company.id), ('move_type', '=', 'out_invoice')]
    return {
        'company': env.company.id, 'documents': env['account.move'].search_count(invoices),
    }


def _one(env):
    """An invoice, and a payment of another one by its link."""
    partner = env['res.partner'].search([('email', '=like', 'customer%@bench.example.com')])[:1]
    open_, paid = env['account.move'].create([
        {
            'move_type': 'out_invoice', 'partner_id': partner.id,
            'invoice_line_ids': [(0, 0, {
                'name': 'Goods', 'price_unit': 100.25, 'tax_ids': [(5, 0, 0)],
            })],
        } for _ in range(2)
    ])
    (open_ | paid).action_post()
    provider = documents.provider(env, 'demo')
    link = env['email.pay.link']._for_invoice(paid)
    link._record_sent(mail_state='sent')
    link.first_sent_at -= timedelta(days=DAYS)  # it is older than its copies
    transaction = link._start_payment(
        paid.amount_residual, provider, provider.payment_method_ids[:1])
    transaction._set_done()
    transaction._post_process()
    return open_, transaction.payment_id


def _pay(env, payment, count, partner):
    """The links of all documents, and the payments of most."""
    transaction = payment.payment_transaction_id
    links = _repeat(env, 'email_pay_link', transaction.email_pay_link_id.id, count, {
        'partner_id': partner, 'selector': "'volume' || n", 'message_id': 'NULL',
        'sent_at': SENT_AT, 'first_sent_at': SENT_AT, 'open_count': '1',
        'opened_at': f'CASE WHEN {PAID} OR n % 3 = 0 THEN {SENT_AT} END',
        'expires_at': f"{SENT_AT} + interval '30 days'",
        'mail_state': f"CASE WHEN n % {LOST} = 0 THEN 'failed' ELSE 'sent' END",
        'bounced_at': f'CASE WHEN n % {LOST} = 8 THEN {SENT_AT} END',
    })
    transactions = _repeat(env, 'payment_transaction', transaction.id, count, {
        'reference': "'volume ' || n", 'provider_reference': "'volume ' || n",
        'last_state_change': PAID_AT, 'email_pay_link_id': f'{links} + n',
    }, where=PAID)
    payments = _repeat(env, 'account_payment', payment.id, count, {
        'partner_id': partner, 'name': "'VOLUME/' || n", 'date': DATE, 'move_id': 'NULL',
        'payment_transaction_id': f'{transactions} + n',
    }, where=PAID)
    event = env['email.pay.event'].create({
        'provider_id': transaction.provider_id.id, 'key': 'volume', 'source': 'webhook',
        'state': 'done', 'transaction_id': transaction.id,
    })
    env.flush_all()
    _repeat(env, 'email_pay_receipt', payment.email_pay_receipt_ids[:1].id, count, {
        'payment_id': f'{payments} + n',
        'state': f"CASE WHEN n % {LOST} = 1 THEN 'bounced' ELSE 'sent' END",
    }, where=PAID)
    _repeat(env, 'email_pay_event', event.id, count, {
        'key': "'volume' || n", 'transaction_id': f'{transactions} + n',
        'state': f"CASE WHEN n % {LOST} = 2 THEN 'parked' ELSE 'done' END",
    }, where=PAID)


def _repeat(env, table, original, count, changed, where='TRUE'):
    """Copy a row so many times.

    :param changed: SQL for columns that differ; `n` is the number of the copy, from 1, and
        `age` how many days ago it was made.
    :return: the id before that of the first copy: the ids are this plus `n`.
    """
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND table_schema = 'public'", [table])
    columns = [name for (name,) in env.cr.fetchall() if name != 'id']
    if unknown := changed.keys() - set(columns):
        raise KeyError(f'{table} has no {", ".join(sorted(unknown))}')
    env.cr.execute(f'SELECT last_value FROM {table}_id_seq')
    [first] = env.cr.fetchone()
    values = ', '.join(changed.get(name, f'original."{name}"') for name in columns)
    names = ', '.join(f'"{name}"' for name in columns)
    env.cr.execute(
        f'INSERT INTO {table} (id, {names}) SELECT {first} + n, {values} FROM {table} original'
        f' CROSS JOIN generate_series(1, {count}) n'
        f' CROSS JOIN LATERAL (SELECT ({count} - n) * {DAYS} / {count} AS age) made'
        f' WHERE original.id = {original} AND {where}')
    env.cr.execute('SELECT setval(%s, %s)', [f'{table}_id_seq', first + count])
    return first
