from odoo.tests import new_test_user, tagged

from .browser_common import EveryPage
from .plan_follow_common import PlanFollowCommon


@tagged('post_install', '-at_install')
class TestBrowserPlanPages(PlanFollowCommon, EveryPage):
    """The page of a plan before its first charge, with one that was declined, and at its end; and
    the list of somebody's plans."""

    allow_inherited_tests_method = True

    def every_page(self):
        plans = {
            'before': self.plan('awaiting', 'awaiting', plan_state='pending', method=self.on_card),
            'declined': self.plan('confirmed', 'denied', 'awaiting'),
            'over': self.plan('confirmed', 'cancelled', plan_state='done'),
        }
        new_test_user(
            self.env, 'rosa', groups='base.group_portal', partner_id=self.customer.id)
        session = self.authenticate('rosa', 'rosa')
        return {
            **{name: self.address(plan._live_link()) for name, plan in plans.items()},
            'my plans': lambda page: self.see_signed_in(
                page, session, '/my/instalments', 'main .ep-card'),
        }
