"""Inside Odoo's shell: plans of a company, each with a saved card and its months to come; and plans
of another, whose orders are at the gateway that charges them."""

from datetime import date

COMPANY, OTHER_COMPANY = 'base.demo_company_pa', 'base.demo_company_br'
LATER = '2099-01-01'
# In the `ref` of what is a draft until its first charge is made.
DRAFT = 'draft'


def create(env, cards, drafts, months):
    """A plan for each of these saved cards; of the last `drafts` Odoo makes the first charge."""
    env = _in_company(env, COMPANY)
    provider = env['payment.provider'].search(
        [('code', '=', 'credicorp'), ('company_id', '=', env.company.id)])
    method = env['email.pay.method'].create({
        'portal_id': env['email.pay.portal']._for_company(env.company).id,
        'provider_id': provider.id, 'kind': 'recurring', 'recurring_mode': 'token',
        'retry_days': 1, 'retry_times': 1,
    })
    for number, card in enumerate(cards, 1):
        invoice = _create_invoice(env, number, months, draft=number > len(cards) - drafts)
        _create_plan(method, invoice, card, months)


def collect(env, count, months):
    """So many orders, as *Collect in instalments* sends them, every other one of a draft."""
    env = _in_company(env, OTHER_COMPANY)
    method = env['email.pay.portal']._for_company(env.company)._recurring_methods()[:1]
    method.provider_id.email_pay_texts_link = True  # nothing here takes text messages
    for number in range(1, count + 1):
        invoice = _create_invoice(env, number, months, draft=bool(number % 2))
        invoice.partner_id.write({'vat': '529.982.247-25', 'phone': '+55 21 99876-5432'})
        plan = env['email.pay.plan']._collect(invoice, method, months, date.today())
        plan.link_id.mail_state = 'none'  # a PDF for each would be most of the work


def _in_company(env, name):
    return env(context={**env.context, 'allowed_company_ids': env.ref(name).ids})


def _create_invoice(env, number, months, draft):
    country = env.company.country_id
    partner = env['res.partner'].create({
        'name': f'Plan Customer {country.code} {number}', 'country_id': country.id,
        'email': f'plan{number}.{country.code}@chaos.example.com', 'lang': 'en_US',
    })
    invoice = env['account.move'].create({
        'move_type': 'out_invoice', 'partner_id': partner.id, 'ref': draft and DRAFT,
        'invoice_line_ids': [(0, 0, {
            'name': 'Goods', 'price_unit': months * (10 + number), 'tax_ids': [(5, 0, 0)],
        })],
    })
    if not draft:
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
        'state': 'pending' if invoice.state == 'draft' else 'active', 'token_id': token.id,
        'installment_ids': [
            (0, 0, {'number': month, 'amount': part, 'due_date': LATER})
            for month in range(1, months + 1)
        ],
    })
