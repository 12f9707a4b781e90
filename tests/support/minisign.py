"""Makes a minisign key pair and signs files with it, by the format's description and not by Audex's library.

    minisign.py KEYFILE             writes a new secret seed (hex) there, prints the public key
    minisign.py KEYFILE FILE…       writes FILE.minisig beside each, prints the public key

Source: https://jedisct1.github.io/minisign/, "Signature format" and "Public key format".
"""

import base64
import hashlib
import os
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_ID = 8


def main():
    path = pathlib.Path(sys.argv[1])
    if not path.exists():
        path.write_text(os.urandom(KEY_ID + 32).hex())
    secret = bytes.fromhex(path.read_text())
    key_id, key = secret[:KEY_ID], Ed25519PrivateKey.from_private_bytes(secret[KEY_ID:])
    public = b"Ed" + key_id + key.public_key().public_bytes_raw()
    for name in sys.argv[2:]:
        signature = key.sign(hashlib.blake2b(pathlib.Path(name).read_bytes()).digest())
        comment = b"test"
        lines = ["untrusted comment: test", base64.b64encode(b"ED" + key_id + signature).decode(),
                 f"trusted comment: {comment.decode()}", base64.b64encode(key.sign(signature + comment)).decode()]
        pathlib.Path(f"{name}.minisig").write_text("\n".join(lines) + "\n")
    print(base64.b64encode(public).decode())


if __name__ == "__main__":
    main()
