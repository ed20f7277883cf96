"""Amazon's signing of notifications, on a real socket: its hosts over TLS, behind a proxy as requests knows them."""

import base64
import inspect
import ssl
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HOST = "sns.us-east-1.amazonaws.com"
NOW = datetime.now(UTC)
GENUINE = "SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem"


def make_key():
    return rsa.generate_private_key(65537, 2048)


def certify(key, name, *others, by=None, since=NOW - timedelta(days=1), until=NOW + timedelta(days=1)):
    """Return the certificate of a key, made out to a name and others; ``by`` is who certifies, and its key."""
    issuer, signer = by or (None, key)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    whole = x509.CertificateBuilder(issuer.subject if issuer else subject, subject, key.public_key())
    whole = whole.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
    whole = whole.add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    # Python asks for these two of whatever it is to believe.
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    whole = whole.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    whole = whole.add_extension(known, critical=False)
    if by is None:
        usage = dict.fromkeys(inspect.signature(x509.KeyUsage).parameters, False)
        whole = whole.add_extension(x509.KeyUsage(**{**usage, "key_cert_sign": True}), critical=True)
    if others:
        names = x509.SubjectAlternativeName([x509.DNSName(other) for other in others])
        whole = whole.add_extension(names, critical=False)
    return whole.sign(signer, hashes.SHA256())


def pem(certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class Amazon:
    """Put into ``answers`` what stands at a path; all else is a 404. ``asked`` holds hosts and paths."""

    def __init__(self) -> None:
        self.key = make_key()
        self.answers = {f"/{GENUINE}": (200, pem(certify(self.key, "sns.amazonaws.com", "sns.amazonaws.com")))}
        self.asked: list[tuple[str, str]] = []
        context = self._tls()
        amazon = self

        class Handler(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.host = self.path.partition(":")[0]
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                self.handle_one_request()

            def do_GET(self) -> None:
                amazon.asked.append((self.host, self.path))
                status, text = amazon.answers.get(self.path.partition("?")[0], (404, b""))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                self.close_connection = True
                self.connection.close()

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who does not trust us hangs up
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def _tls(self) -> ssl.SSLContext:
        root_key, key, folder = make_key(), make_key(), Path(tempfile.mkdtemp())
        root = certify(root_key, "A root")
        (folder / "root.pem").write_bytes(pem(root))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        host = certify(key, HOST, HOST, by=(root, root_key))
        (folder / "host.pem").write_bytes(private + pem(host))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "host.pem")
        self.roots = folder / "root.pem"
        return context

    @property
    def environment(self) -> dict[str, str]:
        """Return what makes requests come here, and believe this root alone."""
        proxy = f"http://127.0.0.1:{self.server.server_address[1]}"
        return {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "REQUESTS_CA_BUNDLE": str(self.roots)}

    def sign(self, message: dict, *, version="1", key=None, at=f"https://{HOST}/{GENUINE}") -> dict:
        """Return the message with a signature, as the documentation says it is made."""
        names = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
        names += ["Subject"] if message["Type"] == "Notification" else ["SubscribeURL", "Token"]
        text = "".join(f"{name}\n{message[name]}\n" for name in sorted(names) if name in message)
        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
        signature = (key or self.key).sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {
            **message,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": at,
        }


@cache
def amazon() -> Amazon:
    return Amazon()
