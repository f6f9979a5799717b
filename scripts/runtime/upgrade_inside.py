"""What runs inside Odoo's shell, before and after an upgrade from a release."""

COMPANY = 'base.demo_company_pa'
SENT, DUE = 'email_pay.demo_invoice_cafe', 'email_pay.demo_invoice_harbor'


def use(env):
    """Collect two invoices as 19.0.1.0.0 does: the receipt of one is sent, of the other due."""
    for name in (SENT, DUE):
        _pay(env, env.ref(name))
        if name == SENT:
            env['payment.transaction']._email_pay_cron_receipts()
    env.ref('email_pay.mail_template_receipt').body_html = "<p>As we like it</p>"
    env['ir.cron.trigger'].search([]).unlink()


def _pay(env, invoice):
    company = env.ref(COMPANY)
    env = env(context={**env.context, 'allowed_company_ids': company.ids})
    provider = env['payment.provider'].search(
        [('code', '=', 'credicorp'), ('company_id', '=', company.id)])
    link = env['email.pay.link']._for_invoice(invoice.with_env(env))
    transaction = link._start_payment(
        invoice.amount_residual, provider, provider.payment_method_ids[:1])
    transaction._set_done()
    transaction._post_process()


def look(env):
    """Find everything again after the upgrade, and go on with it."""
    for name, state in ((SENT, 'sent'), (DUE, 'due')):
        invoice = env.ref(name)
        transaction = invoice.transaction_ids
        receipt = transaction.payment_id.email_pay_receipt_ids
        _same(f'receipt of {name}', receipt.mapped('state'), [state])
        _same(f'status of {name}', invoice.email_pay_status, 'paid')
        _same(f'what is due of {name}', invoice.amount_residual, 0)
    old = env.ref('email_pay.mail_template_receipt')
    _same('old template', (old.active, "As we like it" in old.body_html), (False, True))
    job = env.ref('email_pay.ir_cron_send_receipts')
    _same('job', (job.model_name, job.code), ('email.pay.receipt', "model._cron_send()"))


def _same(what, found, expected):
    assert found == expected, f'{what}: {found!r} instead of {expected!r}'
