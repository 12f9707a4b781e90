"""A front with TLS for a double on plain http: gsutil, az and Azurite's tokens want https."""

import datetime
import http.client
import ipaddress
import pathlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(directory):
    """A certificate for this machine by an authority of its own, as files: certificate with key, the authority."""
    now = datetime.datetime.now(datetime.timezone.utc)
    name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def signed(subject, public, extensions):
        made = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("audex interop authority")).public_key(public)
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(minutes=5))
                .not_valid_after(now + datetime.timedelta(days=1)))
        for extension, critical in extensions:
            made = made.add_extension(extension, critical)
        return made.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    signer = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = signed("audex interop authority", authority_key.public_key(),
                       [(x509.BasicConstraints(ca=True, path_length=None), True), (signer, False), (usage, True)])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer)
    leaf = signed("localhost", key.public_key(), [(names, False), (x509.BasicConstraints(ca=False, path_length=None), True), (by, False)])
    files = Files(*(pathlib.Path(directory, name) for name in ("tls.crt", "tls.key", "authority.crt")))
    files.certificate.write_bytes(leaf)
    files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    files.authority.write_bytes(authority)
    return files


class Files(NamedTuple):
    certificate: pathlib.Path
    key: pathlib.Path
    authority: pathlib.Path


class Front:
    """Passes every request on to `to` (host:port), with the name by which it was asked."""

    def __init__(self, to, files):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                behind = http.client.HTTPConnection(to, timeout=60)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                behind.request(self.command, self.path, body, {**headers, "X-Forwarded-Proto": "https"})
                reply = behind.getresponse()
                text = reply.read()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length", "server", "date"):
                        self.send_header(name, value)
                self.send_header("Content-Length", reply.headers.get("Content-Length", str(len(text))))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _pass

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
