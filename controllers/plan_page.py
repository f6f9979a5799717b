from odoo import _
from odoo.exceptions import UserError
from odoo.http import request, route

from ..const import PLANS_ROUTE
from .documents import method_values
from .inline_page import inline_path
from .payment_page import PaymentPageController
from .plan_values import charge_rows, listed_plan, plan_document_values, plan_values
from .visits import visited_link


class PlanPageController(PaymentPageController):
    """The page behind the link of an instalment plan: its charges, and the next thing to do."""

    # === FOR WHO SIGNED IN === #

    @route(PLANS_ROUTE, type='http', auth='user', methods=['GET'], sitemap=False)
    def my_plans(self, **_params):
        """The plans of the customer that the user belongs to."""
        customer = request.env.user.partner_id.commercial_partner_id.sudo()
        lang = self._use_language(customer.lang)
        plans = request.env['email.pay.plan'].sudo()._of_customer(customer).with_context(
            lang=lang.code)
        if not plans:
            return self._message_page(
                'info', _("Nothing is collected in instalments"), '',
                actions=[{'label': _("Back to my account"), 'url': '/my'}],
            )
        values = {'plans': [
            {**listed_plan(plan), 'url': plan._live_link()._path()} for plan in plans
        ]}
        return self._render(
            'email_pay.plans_page', values, title=_("Your instalment plans"),
            company=plans.company_id[:1] if len(plans.company_id) == 1 else None,
        )

    # === THE PAGE === #

    @route()
    def pay(self, selector, form_token=None, do='begin', **params):
        """Begin the plan, pay an instalment that was declined, or give another card."""
        link = visited_link(selector)
        if not link or not link.plan_id:
            return super().pay(selector, form_token=form_token, **params)
        if not self._is_form(form_token, selector):
            return self._not_found()
        link, _lang = self._speak_to(link)
        if link._obstacle():
            return self._payment_page(link)
        steps = {'begin': self._begin, 'installment': self._pay_installment, 'card': self._card}
        if do not in steps:
            return self._not_found()
        try:
            with request.env.cr.savepoint():
                return self._redirect(steps[do](link, **params))
        except UserError as error:
            return self._payment_page(link, error=str(error), status=400)
