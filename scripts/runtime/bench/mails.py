"""Inside Odoo: payments whose receipts are due, and the jobs that write and send them."""

import documents  # beside this file, which is no part of a package here

SENDER = 'collections@bench.example.com'


def open_account(env, port):
    """Let collection notices leave by the mail server at this port, without PDFs."""
    env.ref('email_pay.mail_template_payment_receipt').report_template_ids = False
    return env['ir.mail_server'].create({
        'email_pay_purpose': 'collection', 'email_pay_company_id': env.company.id,
        'email_pay_sender': SENDER, 'smtp_host': '127.0.0.1', 'smtp_port': port,
        'smtp_encryption': 'none',
    }).id


def post_payments(env, count):
    """Post so many payments whose customers are to have a receipt."""
    customers = env['res.partner'].search([('name', 'like', 'Bench Customer')])
    for start in range(0, count, documents.BATCH):
        env['account.payment'].create([
            {
                'amount': 100 + number * 0.25, 'payment_type': 'inbound',
                'partner_type': 'customer', 'partner_id': customers[number % len(customers)].id,
                'journal_id': documents.journal(env).id, 'email_pay_send_receipt': True,
            }
            for number in range(start, min(start + documents.BATCH, count))
        ]).action_post()
        env.cr.commit()


def write(env):
    env['email.pay.receipt']._cron_send()


def send(env):
    waiting = env['email.pay.receipt'].search([('state', '=', 'outbox')])
    env['mail.mail'].process_email_queue(email_ids=waiting.mail_id.ids)
    if left := waiting.filtered(lambda receipt: receipt.state != 'sent'):
        raise RuntimeError(f'{len(left)} receipts were not sent: {left[0].answer}')
