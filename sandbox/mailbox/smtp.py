"""The SMTP server of the mailbox, on an event loop of its own in a thread. Whoever signs in is let
in, and each mail shows who that was."""

import asyncio
import threading

from .store import Store

SIZE_LIMIT = 50_000_000


class Smtp:
    def __init__(self, store: Store, host: str, port: int):
        self._store = store
        self._host = host
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name='sandbox-smtp', daemon=True
        )

    def start(self):
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._server = listening.result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self):
        # Here and not above: whoever uses no mailbox needs no aiosmtpd.
        from aiosmtpd.smtp import SMTP, AuthResult

        def sign_in(_server, _session, _envelope, _mechanism, login):
            return AuthResult(success=True, auth_data=login.login.decode())

        def connection():
            return SMTP(
                self, data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, loop=self._loop,
                authenticator=sign_in, auth_require_tls=False)

        return await self._loop.create_server(connection, self._host, self.port)

    async def _close(self):
        self._server.close()
        await self._server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    # --- called by aiosmtpd -----------------------------------------------------------------------

    async def handle_DATA(self, _server, session, envelope) -> str:
        self._store.save(
            envelope.original_content, envelope.mail_from or '', envelope.rcpt_tos,
            session.auth_data or '')
        return '250 Kept in the sandbox'
