import threading
from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import DummyRLock, Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged


@tagged('email_pay_slow')
class RaceCommon(BaseCase):
    """Several workers at the same instant, each with a database connection of its own, as many
    nodes have. What they do is committed, and the test's to delete again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())

    def setUp(self):
        super().setUp()
        # Odoo runs its tests inside this lock, for which our threads would wait.
        self.startPatcher(patch.object(Registry, '_lock', DummyRLock()))

    @contextmanager
    def _environment(self):
        """An environment whose changes are committed at the end."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _together(self, work, count=2):
        """Run `work(env)` in several connections that have all begun; what each gave or raised."""
        barrier = threading.Barrier(count)
        outcomes = []

        def run():
            threading.current_thread().dbname = get_db_name()
            try:
                with self._environment() as env:
                    env.cr.execute("SELECT 1 FROM res_users LIMIT 1")  # the snapshot is taken
                    barrier.wait(20)
                    outcomes.append(retrying(lambda: work(env), env))
            except Exception as error:
                outcomes.append(error)

        threads = [threading.Thread(target=run) for _number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(outcomes), count)
        return outcomes
