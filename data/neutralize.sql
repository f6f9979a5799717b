-- no credential, no link and no mail of a copy is real
UPDATE payment_provider
   SET state = 'disabled',
       credicorp_api_key = NULL,
       credicorp_tokenization_key = NULL,
       credicorp_webhook_key = NULL,
       credicorp_webhook_key_previous = NULL
 WHERE code = 'credicorp';
UPDATE payment_provider
   SET state = 'disabled',
       greenpay_secret = NULL,
       greenpay_merchant_id = NULL,
       greenpay_terminal_crc = NULL,
       greenpay_terminal_usd = NULL,
       greenpay_terminal_gtq = NULL,
       greenpay_public_key = NULL,
       greenpay_connected_as = NULL
 WHERE code = 'greenpay';
UPDATE payment_provider
   SET state = 'disabled',
       pagolivre_token = NULL,
       pagolivre_words = NULL
 WHERE code = 'pagolivre';
UPDATE email_pay_portal SET enabled = false, notification_email = NULL, statement_scheduled = false,
       reminders_scheduled = false;
DELETE FROM email_pay_reminder_notice WHERE state = 'queued';
UPDATE email_pay_link SET revoked_at = now() AT TIME ZONE 'UTC' WHERE revoked_at IS NULL;
UPDATE email_pay_link SET mail_state = 'none' WHERE mail_state = 'queued';
UPDATE payment_transaction SET email_pay_receipt_due = false WHERE email_pay_receipt_due;
UPDATE payment_transaction SET email_pay_ask_at = NULL WHERE email_pay_ask_at IS NOT NULL;
UPDATE payment_transaction SET email_pay_checkout = NULL, email_pay_checkout_until = NULL
 WHERE email_pay_checkout_until IS NOT NULL;
UPDATE email_pay_sign_in SET state = 'out', code_hash = NULL WHERE state IN ('asked', 'sent', 'in');
UPDATE ir_mail_server SET smtp_user = NULL, smtp_pass = NULL, email_pay_secret = NULL
 WHERE email_pay_purpose IS NOT NULL;
-- running workers forget the credentials that they have read
INSERT INTO orm_signaling_default DEFAULT VALUES;
