"""What there is to see: the lists and settings that people open, each once, in their language."""

LISTS = '.o_list_view .o_data_row, .o_list_view .o_group_header'
FORM = '.o_form_view .o_field_widget'
OUTSTANDING = 'action-email_pay.action_email_pay_outstanding'

# The name of the screen, who looks, in which language, what is opened, and what shows that it is
# there. A picture of a new screen is a line here, and one in scripts/runtime/store/pictures.py.
SCREENS = (
    ('outstanding', 'accountant', 'en-US', OUTSTANDING, LISTS),
    ('es-outstanding', 'contadora', 'es-CR', OUTSTANDING, LISTS),
)


def run(journey):
    pages = {}
    for name, login, locale, address, shown in SCREENS:
        with journey.step(f'{name}, as {login}'):
            if login not in pages:
                pages[login] = journey.log_in(login, locale=locale)
            show(journey, pages[login], name, address, shown)
    with journey.step('A gateway app, as the administrator'):
        show_gateway_app(journey)


def show(journey, page, name, address, shown):
    page.goto(f'{journey.odoo_url}/odoo/{address}')
    page.locator(shown).first.wait_for(timeout=60_000)
    page.wait_for_timeout(800)  # until what unfolds has unfolded
    journey.screenshot(page, name, full_page=False)


def show_gateway_app(journey):
    """The app of a company of Panama, whose forms only the administrator opens."""
    admin = journey.rpc()
    [company] = admin.call('res.company', 'search', [('name', '=', 'PA Company')])
    [provider] = admin.call(
        'payment.provider', 'search', [('code', '=', 'credicorp'), ('company_id', '=', company)],
        context={'allowed_company_ids': [company]})
    page = journey.log_in('admin')
    page.context.add_cookies([{'name': 'cids', 'value': str(company), 'url': journey.odoo_url}])
    show(journey, page, 'gateway-app', f'payment.provider/{provider}', FORM)
