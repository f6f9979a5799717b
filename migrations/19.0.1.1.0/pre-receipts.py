"""Receipts are mails about payments now, and no longer about payment transactions.

Their templates were `noupdate`: what somebody wrote in them cannot be rendered about a payment.
They step aside, archived, for the new ones.
"""


def migrate(cr, version):
    for name in ('mail_template_receipt', 'mail_template_refund'):
        cr.execute(
            """
            UPDATE mail_template template
               SET active = FALSE, name = jsonb_build_object(
                    'en_US', (template.name ->> 'en_US') || ' (before 19.0.1.1)')
              FROM ir_model_data data
             WHERE data.module = 'email_pay' AND data.name = %s AND data.res_id = template.id
               AND data.model = 'mail.template'
            """, [name],
        )
        cr.execute(
            "UPDATE ir_model_data SET name = %s WHERE module = 'email_pay' AND name = %s",
            [f'{name}_before_19_0_1_1', name],
        )
