"""Mail providers of our own, on real sockets: they note what they accepted, and misbehave as they are told."""

import asyncio
import json
import threading
from collections import Counter
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from workspace_admin.devserver.valkey import free_port

HANG, DROP = "hang", "drop"
"""Ways to say nothing: keep the line open, or cut it."""
TRICKLE, CUT, HTML, ODD = "trickle", "cut", "html", "odd"
"""Ways to answer badly: a byte now and then, half an answer, a page, a name that nobody can store."""


class SmtpSink:
    """An SMTP server. Put into ``mail``, ``rcpt`` and ``data`` what it shall say next; "" and later it accepts."""

    def __init__(self) -> None:
        self.mail: list[str] = []
        self.rcpt: list[str] = []
        self.data: list[str] = []
        self.accepted: list[str] = []
        """Message-IDs, in the order in which they came."""
        self.sources: list[bytes] = []
        self.connections = 0
        self.pause = 0.0
        """Seconds before it answers to a message."""
        self.taken = threading.Event()
        """Set whenever a message was accepted."""
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.factory = self._connected
        self.controller.start()
        self.connections = 0  # the controller tries its server itself

    def _connected(self) -> SMTP:
        self.connections += 1
        return SMTP(self, enable_SMTPUTF8=True, hostname="sink.example")

    def forget(self) -> None:
        """Begin anew, behaving well."""
        self.pause = 0.0
        for told in (self.mail, self.rcpt, self.data, self.accepted, self.sources):
            told.clear()
        self.taken.clear()

    def close(self) -> None:
        self.controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def mailers(self, patience: float = 1.0) -> dict:
        options = {"host": "127.0.0.1", "port": self.port, "timeout": patience}
        return {"default": {"BACKEND": "members.outbox.smtp.EmailBackend", "OPTIONS": options}}

    def counted(self) -> Counter[str]:
        return Counter(self.accepted)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 -- aiosmtpd's name
        envelope.mail_from = address
        return await self._say(server, self.mail)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 -- as above
        envelope.rcpt_tos.append(address)
        return await self._say(server, self.rcpt)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- as above
        if not self.data or self.data[0] in {"", HANG, DROP}:
            self.sources.append(envelope.content)
            self.accepted.append(message_from_bytes(envelope.content)["Message-ID"])
            self.taken.set()
        await asyncio.sleep(self.pause)
        return await self._say(server, self.data)

    async def _say(self, server, script: list[str]) -> str:
        said = script.pop(0) if script else ""
        if said == HANG:
            await asyncio.sleep(60)
        if said == DROP:
            server.transport.abort()
        return said or "250 OK"


class HttpSink:
    """The sending half of Resend's API, with its idempotency. Put into ``answers`` (status, headers) or a way."""

    def __init__(self) -> None:
        self.answers: list = []
        self.accepted: list[str] = []
        """Message-IDs of what was sent, repetitions left out."""
        self.keys: dict[str, str] = {}
        self.bodies: list[dict] = []
        self.connections: set = set()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sink.connections.add(self.client_address)
                sink.answer(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.hold = threading.Event()
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def mailers(self) -> dict:
        options = {"api_key": "re_not_a_key", "api_url": f"http://127.0.0.1:{self.server.server_address[1]}/"}
        return {"default": {"BACKEND": "anymail.backends.resend.EmailBackend", "OPTIONS": options}}

    def answer(self, handler: BaseHTTPRequestHandler, body: dict) -> None:
        said = self.answers.pop(0) if self.answers else (200, {})
        self.bodies.append(body)
        if isinstance(said, str) or said[0] == 200:
            key = handler.headers["Idempotency-Key"]
            if key not in self.keys:
                self.accepted.append(body["headers"]["Message-ID"])
                self.keys[key] = f"re-{len(self.keys)}"
            if said == HANG:
                self.hold.wait(30)
            if said in (HANG, DROP):
                handler.close_connection = True
                return
            name = "re\0\ud800" * 500 if said == ODD else self.keys[key]
            self._reply(handler, 200, {}, {"id": name}, said)
        else:
            self._reply(handler, *said, {"message": "no, ada@example.com"})

    def _reply(self, handler, status: int, headers: dict, content: dict, how: object = "") -> None:
        text = b"<html>Welcome</html>" if how == HTML else json.dumps(content).encode()
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": len(text)}.items():
            handler.send_header(name, str(value))
        handler.end_headers()
        handler.close_connection = how in (TRICKLE, CUT)
        for byte in text[:1] * 100 if how == TRICKLE else ():
            handler.wfile.write(bytes([byte]))
            if self.hold.wait(0.1):
                return
        handler.wfile.write(text[:5] if how == CUT else text)
