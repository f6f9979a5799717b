"""What Email Pay's scripts share: the cache, Odoo, PostgreSQL, databases and processes."""
