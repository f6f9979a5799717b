"""Inside Odoo: very many customers with tax numbers, and how they are looked up."""

import threading
import time

import documents  # beside this file, which is no part of a package here

CREATE = """
    INSERT INTO res_partner (
        name, complete_name, vat, country_id, company_id, email, email_normalized, phone,
        phone_sanitized, active, is_company, type, lang, create_date, write_date, create_uid,
        write_uid, autopost_bills)
    SELECT 'Customer ' || n, 'Customer ' || n, %(first)s + n, %(country)s, %(company)s,
           'customer' || n || '@many.example.com', 'customer' || n || '@many.example.com',
           '+507' || 60000000 + n, '+507' || 60000000 + n, true, true, 'contact', 'en_US', now(),
           now(), 1, 1, 'ask'
      FROM generate_series(1, %(count)s) n
"""
FIRST = 155_000_000


def create(env, count):
    """Customers of our company, by SQL, and their keys as an installation makes them.

    :return: the seconds that the keys took, and the name of the company's payment address.
    """
    env = documents.in_company(env)
    env.cr.execute(CREATE, {
        'first': FIRST, 'count': count, 'country': env.ref('base.pa').id,
        'company': env.company.id,
    })
    env.cr.execute("UPDATE res_partner SET commercial_partner_id = id"
                   " WHERE commercial_partner_id IS NULL")
    env.cr.commit()
    started = time.perf_counter()
    env['res.partner']._email_pay_fill_tax_keys()
    env.cr.commit()
    seconds = time.perf_counter() - started
    env.cr.execute("ANALYZE res_partner")
    return {'seconds': seconds, 'slug': _portal(env).slug}


def look_up(env, numbers):
    """The seconds of SQL of looking up each of these numbers, and whether one was found."""
    portal = _portal(documents.in_company(env))
    thread = threading.current_thread()
    portal._contact_rows(['nobodys'])  # what is read once is read
    found = []
    for number in numbers:
        identity = portal._identity(str(FIRST + number), f'customer{number}@many.example.com', '')
        thread.query_time = 0
        rows = portal._contact_rows(identity.keys)
        found.append([thread.query_time, len(rows)])
    return found


def choose_policy(env, policy):
    _portal(documents.in_company(env)).sign_in_policy = policy


def _portal(env):
    return env['email.pay.portal'].search([('company_id', '=', env.company.id)])
