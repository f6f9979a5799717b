"""The tests that run in any Odoo. In the archive to upload this file is `tests/__init__.py`: the
other tests, which need the stand-ins of the gateways, mail servers or a browser, stay out.
"""

from . import test_access
from . import test_addresses
from . import test_companies
from . import test_guard
from . import test_i18n
from . import test_indexes
from . import test_links
from . import test_links_send
from . import test_no_chart
from . import test_outstanding
from . import test_portal
from . import test_portal_address
from . import test_portal_methods
from . import test_queues
from . import test_reminders
from . import test_sign_in
from . import test_statement
from . import test_statement_schedule
from . import test_stock_routes
from . import test_tax_number
from . import test_templates
