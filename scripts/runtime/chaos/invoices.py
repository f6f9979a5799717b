"""What there is to pay: posted invoices of a few customers, made as an accountant makes them."""

BATCH = 25
CUSTOMERS = 8


def create(stage, count, rng):
    """Create and post so many invoices; return the payment link of each."""
    admin, accountant = stage.rpc('admin'), stage.rpc('accountant')
    partners = [_create_partner(admin, number) for number in range(CUSTOMERS)]
    moves = []
    for start in range(0, count, BATCH):
        values = [_values(rng, partners) for _ in range(start, min(start + BATCH, count))]
        created = accountant.call('account.move', 'create', values)
        accountant.call('account.move', 'action_post', created)
        moves += created
    return [_link(accountant, move) for move in moves]


def _create_partner(admin, number):
    return admin.call('res.partner', 'create', {
        'name': f'Chaos Customer {number + 1}',
        'email': f'customer{number + 1}@chaos.example.com',
        'lang': 'en_US',
    })


def _values(rng, partners):
    lines = [
        (0, 0, {'name': 'Goods', 'quantity': 1, 'price_unit': rng.randint(2500, 60000) / 100})
        for _ in range(rng.randint(1, 3))
    ]
    return {
        'move_type': 'out_invoice', 'partner_id': rng.choice(partners), 'invoice_line_ids': lines,
    }


def _link(accountant, move):
    return accountant.call('account.move', 'action_copy_payment_link', [move])['params']['url']
