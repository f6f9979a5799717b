"""Receipts are mails about payments now, and no longer about payment transactions: what was sent is
the history of the payments, and what was due is still sent.

Their templates were `noupdate`: what somebody wrote in them cannot be rendered about a payment.
They step aside, archived, for the new ones.
"""

from odoo import SUPERUSER_ID, api

OLD_TEMPLATES = ('mail_template_receipt', 'mail_template_refund')


def migrate(cr, version):
    cr.execute(
        """
        INSERT INTO email_pay_receipt (
            payment_id, company_id, kind, role, state, email, sent_at,
            create_uid, create_date, write_uid, write_date
        )
        SELECT payment.id, payment.company_id,
               CASE payment.payment_type WHEN 'inbound' THEN 'receipt' ELSE 'refund' END, 'first',
               CASE WHEN tx.email_pay_receipt_due THEN 'due' ELSE 'sent' END,
               COALESCE(link.email, tx.partner_email), tx.email_pay_receipt_at,
               %(user)s, now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC'
          FROM payment_transaction tx
          JOIN account_payment payment ON payment.id = tx.payment_id
          LEFT JOIN payment_transaction source ON source.id = tx.source_transaction_id
          LEFT JOIN email_pay_link link
               ON link.id = COALESCE(source.email_pay_link_id, tx.email_pay_link_id)
         WHERE tx.email_pay_receipt_due OR tx.email_pay_receipt_at IS NOT NULL
         ORDER BY tx.id
            ON CONFLICT DO NOTHING
        """, {'user': SUPERUSER_ID},
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    env.ref('email_pay.ir_cron_send_receipts').write({
        'model_id': env['ir.model']._get_id('email.pay.receipt'), 'code': "model._cron_send()",
    })
    for name in OLD_TEMPLATES:
        if template := env.ref(f'email_pay.{name}', raise_if_not_found=False):
            template.write({'active': False, 'name': f"{template.name} (before 19.0.1.1)"})
