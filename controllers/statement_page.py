import re

from odoo import _
from odoo.exceptions import UserError
from odoo.http import request, route

from ..const import PAGE_ROUTE, STATEMENT_ROUTE, STATEMENT_ROWS
from ..models.statement_values import minor_units, section_values
from .documents import limit_values, methods_up_to, money_format, parse_amount
from .inline_page import inline_path
from .page import SHOWN, SIGNED_IN
from .payment_page import PaymentPageController
from .statement_rows import rendered_rows
from .statement_values import choice_values, explanations, refused_rows, selection_values
from .visits import let_in_beside, visited_link


class StatementPageController(PaymentPageController):
    """The page behind the link to a statement: what is open, what of it is picked, *Pay now*."""

    # === FOR WHO SIGNED IN === #

    @route(STATEMENT_ROUTE, **SIGNED_IN)
    def my_statement(self, company='', **_params):
        """The statement of the customer that the user belongs to."""
        customer = request.env.user.partner_id.commercial_partner_id.sudo()
        statements = request.env['email.pay.statement'].sudo()
        companies = statements._companies(customer)
        chosen = companies.filtered(lambda candidate: str(candidate.id) == company)
        chosen = chosen or (companies if len(companies) == 1 else companies.browse())
        if chosen:
            link = request.env['email.pay.link']._for_customer(customer, chosen)
            return self._redirect(link._path())
        self._use_language(customer.lang)
        actions = [
            {'label': found.name, 'url': f'{STATEMENT_ROUTE}?company={found.id}', 'primary': True}
            for found in companies
        ]
        if actions:
            return self._message_page(
                'info', _("Your statements"), _("Choose a company."), actions=actions)
        back = [{'label': _("Back to my account"), 'url': '/my'}]
        if statements._companies(customer, online=False):
            return self._message_page(
                'info', _("Online payment is not available right now"),
                _("Please try again later, or contact us."), actions=back)
        return self._message_page(
            'done', _("Nothing is due"), _("Thank you. Everything on your statement is paid."),
            actions=back)

    # === THE PAGE === #

    def _next_step(self, link, lang):
        """Begin to pay what is picked, or pick something else."""
        if link.scope != 'statement':
            return super()._next_step(link, lang)
        if request.params.get('do', 'pay') != 'pay':
            return None
        return self._pay_selection(link, lang)

    def _pay_selection(self, link, lang):
        section = link._statement().section(request.params.get('section'))
        free = link._free(section)
        asked = self._asked(section, free)
        selection = link._select(section, asked, self._uses_credit(), free)
        if not selection.charges:
            raise UserError(_("Choose at least one document."))
        shown = selection_values(link, selection, set(), False)['shown']
        if request.params.get('shown') != shown or (
            asked != {document.move_id for document in selection.charges}
        ):
            raise UserError(_(
                "What you selected comes to %s now. Please check it, then press the button again.",
                section.currency.format(selection.to_pay),
            ))
        if section.currency.is_zero(selection.to_pay):
            link._apply_credits(selection)
            return link._path()
        paid = selection.to_pay
        if request.params.get('choice') == 'other':
            paid = parse_amount(request.params.get('amount', ''), lang.decimal_point)
            link._check_selection(selection, paid)
        link._check_most(request.params.get('method'), paid, section.currency)
        provider, method = self._chosen_way(link._ways(paid, section.currency))
        if provider._email_pay_flow() == 'inline':
            return inline_path(link, paid, provider, link._pick(selection))
        return link._start_selection(selection, paid, provider, method)._email_pay_path()

    def _asked(self, section, free):
        """The ids of the documents whose boxes are ticked; one box is that of all not shown."""
        ticked = request.httprequest.form.getlist('document')
        asked = {int(value) for value in ticked if re.fullmatch(r'\d{1,18}', value, re.ASCII)}
        if 'more' in ticked:
            asked |= {doc.move_id for doc in section.charges[STATEMENT_ROWS:]} & free
        return asked

    def _uses_credit(self):
        return bool(request.params.get('credit'))

    @route(f'{PAGE_ROUTE}/plan/<int:plan_id>', **SHOWN)
    def show_plan(self, selector, plan_id, **_params):
        """Go on to where a refused instalment is paid, of a plan of the same customer."""
        link = visited_link(selector)
        if not link or link.scope != 'statement' or link.state != 'active':
            return self._not_found()
        plan = link._refused_plans().filtered(lambda plan: plan.id == plan_id)
        if not plan:  # it was paid meanwhile
            return self._redirect(link._path())
        response = self._redirect(plan._live_link()._path())
        let_in_beside(response, link, plan._live_link())
        return response

    # === RENDERING === #

    def _payment_page(self, link, error=False, status=200):
        if link.scope != 'statement':
            return super()._payment_page(link, error, status)
        link, lang = self._speak_to(link)
        if link.state != 'active' or not link._portal().enabled:
            return self._obstacle_page(link, link._obstacle())
        statement = link._statement()
        section = statement.section(request.params.get('section'))
        if not section:
            return self._obstacle_page(link, 'settled')
        closed = link._closed(section)
        free = link._free(section, closed)
        picked = self._picked(link, section, free)
        selection = link._select(section, picked, self._uses_credit(), free)
        return self._link_page(
            'email_pay.statement_page', link,
            self._statement_values(link, lang, statement, selection, closed),
            title=_("Statement of account"), attempts=link._attempts(), error=error, status=status,
            test_mode=any(way['test'] for way in link._offer_in(0, section.currency)),
        )

    def _picked(self, link, section, free):
        """The ids that are ticked: what the customer says; at first what the reminder says that
        was followed, else everything. Of refused instalments it says something that has no box."""
        reminded = request.env['email.pay.reminder.notice']._moves_of(
            link, request.params.get('reminder'))
        closed = {document.move_id for document in section.charges} - free
        asked = reminded & free or (free if not reminded & closed else set())
        if request.httprequest.method == 'POST':
            asked = self._asked(section, free) & free
        late = {doc.move_id for doc in section.charges if section.days_overdue(doc.due_date)}
        return {
            'all': free, 'overdue': late & free, 'none': set(),
        }.get(request.params.get('do'), asked)

    def _statement_values(self, link, lang, statement, selection, closed):
        section = selection.section
        free = link._free(section, closed)
        picked = {document.move_id for document in selection.charges}
        payable = [document for document in section.charges if document.move_id in free]
        choices, other = choice_values(link, selection, lang) if payable else ([], False)
        more = self._more(link, section, picked, free)
        shown = section_values(
            link.env, section, picked, closed, STATEMENT_ROWS if more else None)
        methods = methods_up_to(link, section.currency, selection.to_pay)
        return {
            'customer': link.partner_id.name,
            'section': shown,
            'rows': rendered_rows(shown['charges']),
            'more': more,
            'refused': refused_rows(link, section, free),
            'all_shown': bool(request.params.get('all')),
            'sections': self._tabs(link, statement, section),
            'selection': selection_values(link, selection, free, self._uses_credit()),
            'choices': choices,
            'other': other,
            'methods': methods,
            'limit': limit_values(methods, section.currency, selection.to_pay, (
                _("At most %s can be paid at once. Select less, or choose another amount.")
                if other else _("At most %s can be paid at once. Please select less.")
            )),
            'explained': [] if payable else explanations(section, closed),
            'money': money_format(section.currency, lang),
            'pdf_url': link._path('/pdf'),
            'section_key': section.key,
            'qr_url': link._path('/qr'),
        }

    def _more(self, link, section, picked, free):
        """The row for all documents that are not shown each; False where all are: when the customer
        wants so, or picked some of them and not others."""
        rest = [doc for doc in section.charges[STATEMENT_ROWS:] if doc.move_id in free]
        ticked = [doc for doc in rest if doc.move_id in picked]
        if not rest or request.params.get('all') or len(ticked) not in (0, len(rest)):
            return False
        due = section.currency.round(sum(document.due for document in rest))
        late = [doc for doc in rest if section.days_overdue(doc.due_date)]
        return {
            'count': len(rest), 'due': section.currency.format(due),
            'units': minor_units(section.currency, due), 'checked': bool(ticked),
            'late': len(late) == len(rest), 'mixed': 0 < len(late) < len(rest),
            'url': link._path(f'?section={section.key}&all=1'),
        }

    def _tabs(self, link, statement, shown):
        """The currencies in which something is due, when there are several."""
        owed = [section for section in statement.sections if section.due]
        if len(owed) < 2:
            return []
        return [
            {
                'name': section.currency.name, 'due': section.currency.format(section.due),
                'url': link._path(f'?section={section.key}'), 'current': section.key == shown.key,
            }
            for section in owed
        ]
