from . import email_pay_settle
