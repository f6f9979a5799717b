"""Inside Odoo: the invoices that all databases begin with, and how much is paid of each."""

COMPANY = 'base.demo_company_pa'
CUSTOMERS = 20
BATCH = 50
# The kinds of documents, in turn: what differs in how it is paid and booked.
KINDS = ('plain', 'taxed', 'partly', 'discount', 'foreign', 'installments')
TERMS = {
    'discount': 'account.account_payment_term_30days_early_discount',
    'installments': 'account.account_payment_term_advance_60days',
}
EURO = 1.25  # in the company's currency


def kind_of(number):
    return KINDS[number % len(KINDS)]


def create_documents(env, count):
    """Create and post so many invoices of a company, numbered from 0 in their `ref`."""
    env = in_company(env)
    env['account.journal'].create({'name': 'Bench', 'code': 'BENCH', 'type': 'bank'})
    _create_euro(env)
    partners = env['res.partner'].create([
        {
            'name': f'Bench Customer {number}', 'email': f'customer{number}@bench.example.com',
            'street': f'Calle {number}', 'city': 'Panamá', 'country_id': env.ref('base.pa').id,
            'lang': 'en_US',
        }
        for number in range(CUSTOMERS)
    ])
    for start in range(0, count, BATCH):
        moves = env['account.move'].create([
            _document(env, partners, number) for number in range(start, min(start + BATCH, count))
        ])
        moves.action_post()
        env.cr.commit()
    moves[-1]._portal_ensure_token()  # the one whose page is measured
    demo = provider(env, 'demo')
    demo.write({'state': 'test', 'is_published': True, 'journal_id': journal(env).id})
    return count


def create_statements(env, counts):
    """Customers with so many open documents each; their ids."""
    env = in_company(env)
    customers = env['res.partner'].create([
        {'name': f'Bench Statement {count}', 'country_id': env.ref('base.pa').id, 'lang': 'en_US'}
        for count in counts
    ])
    for customer, count in zip(customers, counts, strict=True):
        for start in range(0, count, BATCH):
            env['account.move'].create([
                {
                    'move_type': 'out_invoice', 'partner_id': customer.id,
                    'invoice_line_ids': [(0, 0, {
                        'name': 'Goods', 'price_unit': 100.25 + number, 'tax_ids': [(5, 0, 0)],
                    })],
                }
                for number in range(start, min(start + BATCH, count))
            ]).action_post()
            env.cr.commit()
    return customers.ids


def _create_euro(env):
    euro = env.ref('base.EUR')
    euro.active = True
    env['res.currency.rate'].create({
        'name': '2020-01-01', 'currency_id': euro.id, 'company_id': env.company.id,
        'inverse_company_rate': EURO,
    })


def _document(env, partners, number):
    kind = kind_of(number)
    taxes = env.company.account_sale_tax_id if kind == 'taxed' else env['account.tax']
    values = {
        'move_type': 'out_invoice',
        'ref': f'bench {number}',
        'partner_id': partners[number % len(partners)].id,
        'invoice_line_ids': [
            (0, 0, {
                'name': name, 'quantity': 1, 'price_unit': 100 + number * 0.25,
                'tax_ids': [(6, 0, taxes.ids)],
            })
            for name in (('Goods', 'Delivery') if kind == 'taxed' else ('Goods',))
        ],
    }
    if kind in TERMS:
        values['invoice_payment_term_id'] = env.ref(TERMS[kind]).id
    if kind == 'foreign':
        values['currency_id'] = env.ref('base.EUR').id
    return values


def amount(move):
    """What is paid of an invoice: all of it, half, all less the discount, or what is due first."""
    kind = kind_of(int(move.ref.removeprefix('bench ')))
    if kind == 'partly':
        return move.currency_id.round(move.amount_total / 2)
    if kind == 'discount':
        return move._get_invoice_next_payment_values()['amount_due']
    if kind == 'installments':
        return move._get_invoice_next_payment_values()['next_amount_to_pay']
    return move.amount_total


def in_company(env):
    company = env.ref(COMPANY)
    return env(context={**env.context, 'allowed_company_ids': company.ids})


def provider(env, code):
    return env['payment.provider'].search(
        [('code', '=', code), ('company_id', '=', env.ref(COMPANY).id)])


def journal(env):
    return env['account.journal'].search(
        [('code', '=', 'BENCH'), ('company_id', '=', env.ref(COMPANY).id)])
