from odoo.tests import tagged

from .browser_common import EveryPage
from .plan_follow_common import PlanFollowCommon


@tagged('post_install', '-at_install')
class TestBrowserPlanPages(PlanFollowCommon, EveryPage):
    """The page of a plan before its first charge, with one that was declined, and at its end."""

    allow_inherited_tests_method = True

    def every_page(self):
        plans = {
            'before': self.plan('awaiting', 'awaiting', plan_state='pending', method=self.on_card),
            'declined': self.plan('confirmed', 'denied', 'awaiting'),
            'over': self.plan('confirmed', 'cancelled', plan_state='done'),
        }
        return {name: self.address(plan._live_link()) for name, plan in plans.items()}
