"""A sigstore instance in a directory: a Fulcio, its certificate log and a Rekor, by the specifications and not by Audex's library.

    sigstore.py DIRECTORY root                                  makes the keys at first use, writes DIRECTORY/trusted_root.json
    sigstore.py DIRECTORY sign FILE IDENTITY ISSUER [FAULT…]    writes FILE.sigstore.json

Faults: late, early (logged when the certificate was not valid), usage (not for code), no-sct, wrong-sct, foreign-ca, foreign-log,
foreign-checkpoint, wrong-proof, other-entry.

Sources: sigstore "Client Spec" and protobuf-specs (bundle, trusted root), Fulcio "OID information", RFC 5280, RFC 6962, Rekor's
hashedrekord 0.0.1, C2SP "signed-note" and "tlog-checkpoint".
"""

import base64
import datetime
import hashlib
import json
import pathlib
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DER, SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
ISSUER_V1, ISSUER_V2 = (x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{n}") for n in (1, 8))
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
ORIGIN = "rekor.test - 1"
# The first minute of the certificate. It is valid for ten minutes, like Fulcio's certificates, so it has
# expired.
BEGIN = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(hours=2)
MINUTES = lambda n: datetime.timedelta(minutes=n)
b64 = lambda data: base64.b64encode(data).decode()


class Instance:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.root_key, self.ca_key = self._key("root", ec.SECP384R1()), self._key("ca", ec.SECP384R1())
        self.log_key, self.ct_key = self._key("log", ec.SECP256R1()), self._key("ct", ec.SECP256R1())
        self.root, self.ca = self._authorities()

    def _key(self, name, curve):
        path = self.directory / f"{name}.pem"
        if not path.exists():
            key = ec.generate_private_key(curve)
            path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return serialization.load_pem_private_key(path.read_bytes(), None)

    def _authorities(self):
        path = self.directory / "authorities.pem"
        if not path.exists():
            name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
            root = _authority(name("root"), self.root_key, name("root"), self.root_key, 1)
            ca = _authority(name("ca"), self.ca_key, name("root"), self.root_key, 0)
            path.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (root, ca)))
        return x509.load_pem_x509_certificates(path.read_bytes())

    def write_root(self):
        since = {"start": (BEGIN - datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}
        log = lambda url, key: {"baseUrl": url, "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(_key_id(key))},
                                "publicKey": {"rawBytes": b64(_spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since}}
        authority = {"subject": {"organization": "test", "commonName": "ca"}, "uri": "https://fulcio.test", "validFor": since,
                     "certChain": {"certificates": [{"rawBytes": b64(one.public_bytes(DER))} for one in (self.ca, self.root)]}}
        (self.directory / "trusted_root.json").write_text(json.dumps({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log("https://rekor.test", self.log_key)], "ctlogs": [log("https://ct.test", self.ct_key)],
            "certificateAuthorities": [authority], "timestampAuthorities": []}))

    def certify(self, key, identity, issuer, faults):
        ca_key = ec.generate_private_key(ec.SECP384R1()) if "foreign-ca" in faults else self.ca_key
        san = x509.UniformResourceIdentifier(identity) if "://" in identity else x509.RFC822Name(identity)
        usage = ExtendedKeyUsageOID.SERVER_AUTH if "usage" in faults else ExtendedKeyUsageOID.CODE_SIGNING
        utf8 = issuer.encode()
        builder = (
            x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(self.ca.subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(BEGIN).not_valid_after(BEGIN + MINUTES(10))
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca_key.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([san]), critical=True)
            .add_extension(x509.UnrecognizedExtension(ISSUER_V1, utf8), critical=False)
            .add_extension(x509.UnrecognizedExtension(ISSUER_V2, b"\x0c" + _length(utf8) + utf8), critical=False))
        if "no-sct" in faults:
            return builder.sign(ca_key, hashes.SHA384())
        # RFC 6962, 3.2: the log entry is the certificate without the SCT extension.
        tbs = builder.sign(ca_key, hashes.SHA384()).tbs_certificate_bytes
        time = int(BEGIN.timestamp() * 1000)
        signed = (struct.pack(">BBQH", 0, 0, time, 1) + hashlib.sha256(_spki(self.ca_key)).digest() + struct.pack(">I", len(tbs))[1:]
                  + tbs + struct.pack(">H", 0))
        signature = _sign(self.log_key if "wrong-sct" in faults else self.ct_key, signed)
        sct = struct.pack(">B32sQHBBH", 0, _key_id(self.ct_key), time, 0, 4, 3, len(signature)) + signature
        listed = struct.pack(">HH", len(sct) + 2, len(sct)) + sct
        builder = builder.add_extension(x509.UnrecognizedExtension(SCT_LIST, b"\x04" + _length(listed) + listed), critical=False)
        return builder.sign(ca_key, hashes.SHA384())

    def sign(self, file, identity, issuer, faults):
        data, key = file.read_bytes(), ec.generate_private_key(ec.SECP256R1())
        certificate, signature = self.certify(key, identity, issuer, faults), _sign(key, data)
        logged = hashlib.sha256(b"another" if "other-entry" in faults else data).hexdigest()
        body = _canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": logged}},
            "signature": {"content": b64(signature),
                          "publicKey": {"content": b64(certificate.public_bytes(serialization.Encoding.PEM))}}}})
        entry = self.log(body, faults)
        digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(data).digest())}
        bundle = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                  "verificationMaterial": {"certificate": {"rawBytes": b64(certificate.public_bytes(DER))}, "tlogEntries": [entry]},
                  "messageSignature": {"messageDigest": digest, "signature": b64(signature)}}
        pathlib.Path(f"{file}.sigstore.json").write_text(json.dumps(bundle))

    def log(self, body, faults):
        key = ec.generate_private_key(ec.SECP256R1()) if "foreign-log" in faults else self.log_key
        minute = 11 if "late" in faults else -1 if "early" in faults else 1
        time, index, local = int((BEGIN + MINUTES(minute)).timestamp()), 1003, 3
        promised = _canonical({"body": b64(body), "integratedTime": time, "logID": _key_id(key).hex(), "logIndex": index})
        # One of several entries, in a tree that is not a complete binary tree.
        leaves = [f"entry {n}".encode() for n in range(3)] + [body, b"entry 4", b"entry 5", b"entry 6"]
        path = _path(local, leaves)
        if "wrong-proof" in faults:
            path[0] = bytes(32)
        note = f"{ORIGIN}\n{len(leaves)}\n{b64(_tree(leaves))}\n"
        signer = ec.generate_private_key(ec.SECP256R1()) if "foreign-checkpoint" in faults else key
        line = f"\u2014 rekor.test {b64(_key_id(key)[:4] + _sign(signer, note.encode()))}\n"
        return {"logIndex": str(index), "logId": {"keyId": b64(_key_id(key))}, "integratedTime": str(time),
                "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"}, "canonicalizedBody": b64(body),
                "inclusionPromise": {"signedEntryTimestamp": b64(_sign(key, promised))},
                "inclusionProof": {"logIndex": str(local), "rootHash": b64(_tree(leaves)), "treeSize": str(len(leaves)),
                                   "hashes": [b64(one) for one in path], "checkpoint": {"envelope": f"{note}\n{line}"}}}


def _authority(subject, key, issuer, issuer_key, path_length):
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(BEGIN - datetime.timedelta(days=1))
        .not_valid_after(BEGIN + datetime.timedelta(days=365))
        .add_extension(x509.BasicConstraints(True, path_length), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA384()))


def _usage(**those):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
             "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: those.get(name, False) for name in names})


def _spki(key):
    return key.public_key().public_bytes(DER, SPKI)


def _key_id(key):
    return hashlib.sha256(_spki(key)).digest()


def _sign(key, data):
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _length(data):
    size = len(data)
    return bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b"\x82" + struct.pack(">H", size)


def _canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _split(leaves):
    """RFC 6962, 2.1: the largest power of two below their number."""
    return 1 << ((len(leaves) - 1).bit_length() - 1)


def _tree(leaves):
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    at = _split(leaves)
    return hashlib.sha256(b"\1" + _tree(leaves[:at]) + _tree(leaves[at:])).digest()


def _path(index, leaves):
    if len(leaves) == 1:
        return []
    at = _split(leaves)
    if index < at:
        return _path(index, leaves[:at]) + [_tree(leaves[at:])]
    return _path(index - at, leaves[at:]) + [_tree(leaves[:at])]


def main():
    instance = Instance(sys.argv[1])
    if sys.argv[2] == "root":
        instance.write_root()
    else:
        instance.sign(pathlib.Path(sys.argv[3]), sys.argv[4], sys.argv[5], set(sys.argv[6:]))


if __name__ == "__main__":
    main()
