from odoo import _
from odoo.exceptions import UserError
from odoo.http import request, route

from ..const import PLANS_ROUTE
from ..models.plan_values import LIVE
from .documents import method_values
from .inline_page import inline_path
from .page import SIGNED_IN
from .payment_page import PaymentPageController
from .plan_values import (
    begin_values,
    card_values,
    charge_rows,
    denied_values,
    document_of,
    listed_plan,
    plan_values,
)


class PlanPageController(PaymentPageController):
    """The page behind the link of an instalment plan: its charges, and the next thing to do."""

    # === FOR WHO SIGNED IN === #

    @route(PLANS_ROUTE, **SIGNED_IN)
    def my_plans(self, **_params):
        """The plans of the customer that the user belongs to."""
        customer = request.env.user.partner_id.commercial_partner_id.sudo()
        lang = self._use_language(customer.lang)
        plans = request.env['email.pay.plan']._of_customer(customer).with_context(lang=lang.code)
        actions = [{'label': _("Back to my account"), 'url': '/my'}]
        if not plans:
            return self._message_page(
                'info', _("Nothing is collected in instalments"), '', actions=actions)
        listed = [
            {**listed_plan(plan), 'url': plan._live_link()._path()} for plan in plans
        ]
        company = plans.company_id if len(plans.company_id) == 1 else None
        return self._render(
            'email_pay.plans_page', {'plans': listed}, title=_("Your instalment plans"),
            company=company, lang_code=lang.code,
        )

    # === THE PAGE === #

    def _next_step(self, link, lang):
        """Begin the plan, pay an instalment that was declined, or give another card."""
        if not link.plan_id:
            return super()._next_step(link, lang)
        act = {
            'begin': self._begin_plan, 'installment': self._pay_denied, 'card': self._change_card,
        }.get(request.params.get('do'))
        return act and act(link)

    def _begin_plan(self, link):
        plan = link.plan_id
        if plan.provider_id._email_pay_flow() == 'inline':
            return inline_path(link, plan._first().amount, plan.provider_id)
        return plan._attempt()._email_pay_path()

    def _pay_denied(self, link):
        line = link.plan_id._payable()
        if request.params.get('installment') != str(line.id):  # another tab was faster
            raise UserError(_("This payment was made already. Nothing was charged."))
        return self._begin(link, line.amount, self._chosen_way(link._methods(line.amount)))

    def _change_card(self, link):
        return link.plan_id._start_card()._email_pay_path()

    # === RENDERING === #

    def _next_thing(self, plan):
        """What the customer can do now; False when it is nothing."""
        if plan._begins():
            return begin_values(plan)
        denied = plan.state in LIVE and plan._installments('denied')[:1]
        if not denied:
            return False
        methods = method_values(plan.link_id._offer(denied.amount))
        return bool(methods) and denied_values(denied, methods)

    def _payment_page(self, link, error=False, status=200):
        if not link.plan_id:
            return super()._payment_page(link, error, status)
        link, _lang = self._speak_to(link)
        if obstacle := link._obstacle():
            return self._obstacle_page(link, obstacle)
        plan = link.plan_id
        # What is begun before the first charge is gone on with by beginning.
        attempts = link._attempts() if not plan._begins() else link.transaction_ids.browse()
        return self._link_page(
            'email_pay.plan_page', link, self._plan_page_values(link, attempts),
            title=_("Your payments"), attempts=attempts, error=error, status=status,
            test_mode=plan.provider_id.state == 'test',
        )

    def _plan_page_values(self, link, attempts):
        plan = link.plan_id
        return {
            'plan': plan_values(plan),
            'rows': charge_rows(plan),
            'document': document_of(plan, link._path('/pdf')),
            'step': not attempts and self._next_thing(plan),
            'card': card_values(plan, link._is_of_customer(request.env.user)),
            'notice': False,
        }

    def _obstacle_page(self, link, obstacle):
        if not link.plan_id or obstacle != 'canceled':
            return super()._obstacle_page(link, obstacle)
        return self._message(
            link, 'info', _("These payments were cancelled"),
            _("Nothing more is charged. Please contact us if you have a question."),
        )
