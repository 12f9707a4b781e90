"""Shows with Microsoft's own client that azure_double.py enforces: azure-storage-blob signs SAS and calls with them."""

import datetime
import json
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET

from azure.storage.blob import BlobServiceClient, UserDelegationKey, generate_blob_sas, generate_container_sas

from double import Double, Judge

FIELDS = {"signed_oid": "SignedOid", "signed_tid": "SignedTid", "signed_start": "SignedStart", "signed_expiry": "SignedExpiry",
          "signed_service": "SignedService", "signed_version": "SignedVersion", "value": "Value"}


def main():
    judge = Judge()
    with Double("azure_double.py") as double:
        account, now = double["account"], datetime.datetime.now(datetime.timezone.utc)
        blobs = f"{double['endpoint']}/{account}"

        def fetch(url, body=None, bearer=None):
            request = urllib.request.Request(url, body, {"Authorization": f"Bearer {bearer}"} if bearer else {})
            with urllib.request.urlopen(request) as reply:
                return reply.read()

        def token(audience, secret=double["client_secret"]):
            form = {"grant_type": "client_credentials", "client_id": double["client_id"], "client_secret": secret,
                    "scope": f"{audience}/.default"}
            url = f"{double['endpoint']}/{double['tenant']}/oauth2/v2.0/token"
            return json.loads(fetch(url, urllib.parse.urlencode(form).encode()))["access_token"]

        def delegation_key(bearer):
            text = lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            start, expiry = text(now - datetime.timedelta(minutes=5)), text(now + datetime.timedelta(hours=1))
            body = f"<KeyInfo><Start>{start}</Start><Expiry>{expiry}</Expiry></KeyInfo>".encode()
            reply = ET.fromstring(fetch(f"{blobs}/?restype=service&comp=userdelegationkey", body, bearer))
            key = UserDelegationKey()
            key.signed_delegated_user_tid = None
            for ours, theirs in FIELDS.items():
                setattr(key, ours, reply.findtext(theirs))
            return key

        def signed(permission, minutes=15, blob=None, folder=None):
            named = {"user_delegation_key": key, "permission": permission, "expiry": now + datetime.timedelta(minutes=minutes)}
            if folder:
                return generate_blob_sas(account, "alpha", folder, is_directory=True, **named)
            return generate_blob_sas(account, "alpha", blob, **named) if blob else generate_container_sas(account, "alpha", **named)

        client = lambda sas: BlobServiceClient(blobs, credential=sas)
        read = lambda sas, name, container="alpha": client(sas).get_blob_client(container, name).download_blob().readall()
        write = lambda sas, name: bool(client(sas).get_blob_client("alpha", name).upload_blob(b"new", overwrite=True))
        delete = lambda sas, name: client(sas).get_blob_client("alpha", name).delete_blob()
        names = lambda sas: [blob.name for blob in client(sas).get_container_client("alpha").list_blobs()]

        arm, storage = token("https://management.azure.com"), token("https://storage.azure.com")
        judge.allowed("a Resource Manager token lists subscriptions", lambda: bool(fetch(f"{double['endpoint']}/subscriptions", None, arm)))
        judge.denied("a storage token does not", lambda: fetch(f"{double['endpoint']}/subscriptions", None, storage), "401")
        judge.denied("nor does it read secrets", lambda: fetch(f"{double['endpoint']}/secrets/x", None, storage), "401")
        judge.denied("a wrong secret gets no token", lambda: token("https://vault.azure.net", "wrong"), "401")
        judge.denied("a Resource Manager token gets no key", lambda: delegation_key(arm), "401")
        key = delegation_key(storage)

        both = signed("rl")
        judge.allowed("a SAS reads", lambda: read(both, "hello.txt"), b"hello from azure\n")
        judge.allowed("a SAS lists", lambda: names(both), ["hello.txt", "other/b.txt", "team/a.txt"])
        judge.denied("a SAS without w writes nothing", lambda: write(both, "new.txt"), "AuthorizationPermissionMismatch")
        judge.denied("a SAS without d deletes nothing", lambda: delete(both, "hello.txt"), "AuthorizationPermissionMismatch")
        judge.denied("a SAS reads no other container", lambda: read(both, "hello.txt", "beta"), "did not match")
        judge.denied("changed permissions do not match", lambda: write(both.replace("sp=rl", "sp=rlw"), "new.txt"), "did not match")
        judge.denied("an expired SAS reads nothing", lambda: read(signed("r", minutes=-1), "hello.txt"), "not valid now")
        writer = signed("cwd")
        judge.allowed("a SAS with w writes", lambda: write(writer, "new.txt"), True)
        judge.allowed("a SAS with d deletes", lambda: delete(writer, "new.txt"))
        judge.denied("a SAS without r reads nothing", lambda: read(writer, "hello.txt"), "AuthorizationPermissionMismatch")
        one = signed("r", blob="team/a.txt")
        judge.allowed("a blob's SAS reads it", lambda: read(one, "team/a.txt"), b"team a\n")
        judge.denied("a blob's SAS reads no other", lambda: read(one, "hello.txt"), "did not match")
        folder = signed("r", folder="team")
        judge.allowed("a directory's SAS reads below it", lambda: read(folder, "team/a.txt"), b"team a\n")
        judge.denied("a directory's SAS reads nothing else", lambda: read(folder, "other/b.txt"), "did not match", "outside")
        judge.denied("no SAS reads nothing", lambda: read(None, "hello.txt"), "AuthenticationFailed", "NoAuthenticationInformation")
    judge.end()


main()
