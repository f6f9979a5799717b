from . import email_pay_settle
from . import payment_refund_wizard
