from . import email_pay_collect
from . import email_pay_decide
from . import email_pay_method_choice
from . import email_pay_settle
from . import email_pay_share
from . import email_pay_statement_preview
from . import payment_refund_wizard
