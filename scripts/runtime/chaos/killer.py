"""Kills: workers, cron workers, database connections, whole servers, the gateway."""

import random
import time
from collections import Counter
from contextlib import suppress

import psutil

from .. import database
from ..home import say

# How often each kind is the one. Whatever starts afresh is slow for a while: with more of those,
# nobody gets as far as paying.
WEIGHTS = {
    'http worker': 25,
    'cron worker': 22,
    'database connection': 45,
    'frozen gateway': 5,
    'gateway': 4,
    'server': 1,
}
# The same where nobody pays on a page.
JOBS_ONLY = WEIGHTS | {'http worker': 2, 'cron worker': 45}
PREFERS_BUSY = 0.7
AWAY = (0.2, 2.5)
DOWN = (0, 4)
# Of the time allowed, so that what takes longer does not make the kills too few.
SHARE = 0.9
GRACE = 20

CONNECTIONS = """
    SELECT pid, application_name, state <> 'idle' FROM pg_stat_activity
     WHERE application_name LIKE %s AND pid <> pg_backend_pid()
"""


class Killer:
    def __init__(self, stage, seed, weights):
        self.kills = Counter()
        self._stage = stage
        self._weights = weights
        self._rng = random.Random(f'{seed} kills')
        self._down = {}
        self._gateway_back = None
        self._ways = {
            'http worker': self._kill_http_worker,
            'cron worker': self._kill_cron_worker,
            'database connection': self._kill_connection,
            'frozen gateway': self._freeze_gateway,
            'gateway': self._kill_gateway,
            'server': self._kill_server,
        }

    def run(self, kills, seconds):
        """Kill so often within so many seconds; with none to kill, just wait for the end."""
        begin = time.monotonic()
        shown = 0
        while (now := time.monotonic() - begin) < seconds + GRACE:
            self._bring_back(now=time.monotonic())
            done = self.kills.total()
            if done >= kills and (kills or now >= seconds):
                break
            due = kills * now / (seconds * SHARE)
            if done >= due:
                time.sleep(0.02)
                continue
            kind = self._rng.choices(list(self._weights), self._weights.values())[0]
            self.kills[kind] += bool(self._ways[kind]())
            if self.kills.total() >= shown + 100:
                shown = self.kills.total()
                say(f'  {shown} kills, {now:.0f} s')
        self._bring_back(now=float('inf'))

    # -- Ways to kill; each tells whether there was somebody -----------------------------------

    def _kill_http_worker(self):
        return self._kill_worker(cron=False)

    def _kill_cron_worker(self):
        return self._kill_worker(cron=True)

    def _kill_worker(self, cron):
        workers = [worker for node in self._stage.nodes for worker in node.workers(cron=cron)]
        names = {name for _pid, name, busy in self._connections() if busy}
        busy = [found for found in workers if f'{self._stage.database}_{found.pid}' in names]
        worker = self._choose(workers, busy)
        with suppress(psutil.NoSuchProcess):
            if worker:
                worker.kill()
                return True
        return False

    def _kill_connection(self):
        # Without the registry that it reads while it starts, a server limps for ever.
        servers = {f'{self._stage.database}_{node.pid}' for node in self._stage.nodes}
        connections = [found for found in self._connections() if found[1] not in servers]
        victim = self._choose(connections, [found for found in connections if found[2]])
        return victim and database.query('SELECT pg_terminate_backend(%s)', victim[0])[0][0]

    def _freeze_gateway(self):
        return self._take_gateway_away(self._stage.gateway.freeze, self._stage.gateway.thaw)

    def _kill_gateway(self):
        return self._take_gateway_away(self._stage.gateway.kill, self._stage.gateway.start)

    def _take_gateway_away(self, away, back):
        if self._gateway_back:
            return False
        away()
        self._gateway_back = time.monotonic() + self._rng.uniform(*AWAY), back
        return True

    def _kill_server(self):
        up = [node for node in self._stage.nodes if node.is_up]
        if not up:
            return False
        node = self._rng.choice(up)
        node.kill()
        self._down[node] = time.monotonic() + self._rng.uniform(*DOWN)
        return True

    def _bring_back(self, now):
        """Start what was killed a while ago; and at once what a lost connection has ended."""
        if self._gateway_back and self._gateway_back[0] <= now:
            _due, back = self._gateway_back
            self._gateway_back = None
            back()
        for node in self._stage.nodes:
            if not node.is_up:
                self._down.setdefault(node, 0)
        for node, until in list(self._down.items()):
            if until <= now:
                del self._down[node]
                node.start()

    # -- Victims ---------------------------------------------------------------------------------

    def _connections(self):
        return database.query(CONNECTIONS, f'{self._stage.database}\\_%')

    def _choose(self, all_of_them, busy):
        if busy and self._rng.random() < PREFERS_BUSY:
            return self._rng.choice(busy)
        return self._rng.choice(all_of_them) if all_of_them else None
