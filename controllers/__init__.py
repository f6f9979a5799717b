from . import inline_page
from . import logs
from . import payment_page
from . import portal
from . import portal_overdue
from . import statement_page
from . import transaction_page
from . import webhook
