"""Inside Odoo's shell: plans of a company, each with a saved card and its months to come."""

COMPANY = 'base.demo_company_pa'
LATER = '2099-01-01'


def create(env, cards, months):
    company = env.ref(COMPANY)
    env = env(context={**env.context, 'allowed_company_ids': company.ids})
    provider = env['payment.provider'].search(
        [('code', '=', 'credicorp'), ('company_id', '=', company.id)])
    method = env['email.pay.method'].create({
        'portal_id': env['email.pay.portal']._for_company(company).id,
        'provider_id': provider.id, 'kind': 'recurring', 'recurring_mode': 'token',
        'retry_days': 1, 'retry_times': 1,
    })
    for number, card in enumerate(cards, 1):
        partner = env['res.partner'].create({
            'name': f'Plan Customer {number}', 'email': f'plan{number}@chaos.example.com',
            'lang': 'en_US',
        })
        _create_plan(method, _create_invoice(env, partner, number, months), card, months)


def _create_invoice(env, partner, number, months):
    invoice = env['account.move'].create({
        'move_type': 'out_invoice', 'partner_id': partner.id, 'invoice_line_ids': [(0, 0, {
            'name': 'Goods', 'price_unit': months * (10 + number), 'tax_ids': [(5, 0, 0)],
        })],
    })
    invoice.action_post()
    return invoice


def _create_plan(method, invoice, card, months):
    env, provider = method.env, method.provider_id
    token = env['payment.token'].create({
        'provider_id': provider.id, 'partner_id': invoice.partner_id.id, 'provider_ref': card,
        'payment_method_id': env.ref('payment.payment_method_card').id,
        'payment_details': '1111',
    })
    part = invoice.amount_total / months
    env['email.pay.plan'].create({
        'reference': env['ir.sequence'].next_by_code('email.pay.plan'),
        'company_id': invoice.company_id.id, 'partner_id': invoice.partner_id.id,
        'currency_id': invoice.currency_id.id, 'method_id': method.id,
        'provider_id': provider.id, 'mode': 'token', 'move_id': invoice.id,
        'amount': invoice.amount_total, 'count': months, 'first_date': LATER,
        'state': 'active', 'token_id': token.id,
        'installment_ids': [
            (0, 0, {'number': month, 'amount': part, 'due_date': LATER})
            for month in range(1, months + 1)
        ],
    })
