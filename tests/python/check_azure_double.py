"""Shows with Microsoft's own clients that azure_double.py enforces: azure-storage-blob signs SAS and calls with them, and it,
azure-keyvault-secrets and azure-mgmt-resource call with tokens of a principal that has one role.
"""

import datetime
import json
import time
import urllib.parse
import urllib.request
import uuid
import xml.etree.ElementTree as ET

from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from azure.keyvault.secrets import SecretClient
from azure.mgmt.resource.resources import ResourceManagementClient
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

        def token(audience, secret=double["client_secret"], client=double["client_id"]):
            form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret,
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
        judge_tokens(judge, double, fetch, token)
    judge.end()


class ToDouble(RequestsTransport):
    """Sends requests for Azure's own hosts to the double, so that the clients keep to https and the double need not have it."""

    def __init__(self, double):
        super().__init__()
        blobs = f"https://{double['account']}.blob.core.windows.net"
        self.led = {blobs: f"{double['endpoint']}/{double['account']}", "https://double.vault.azure.net": double["endpoint"],
                    "https://management.azure.com": double["endpoint"]}

    def send(self, request, **options):
        asked = request.url
        own = "/".join(asked.split("/", 3)[:3])
        request.url = self.led[own] + asked.removeprefix(own)
        try:
            return super().send(request, **options)
        finally:
            # A challenged client sends the request again.
            request.url = asked


class Credential:
    """Tokens of the double by audience, as azure-identity has them."""

    def __init__(self, fetch):
        self.fetch = fetch

    def get_token(self, *scopes, **_):
        return AccessToken(self.fetch(scopes[0].removesuffix("/.default")), int(time.time()) + 600)


# What the second principal may do, on the resource group `data`, the vault's secret `db` and the container `alpha`.
ROLES = {
    "": ["Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Storage/storageAccounts/read"],
    "/providers/Microsoft.KeyVault/vaults/double/secrets/db": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"],
    "/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers/alpha":
        ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
}


def assign(double, fetch_as_owner):
    """Gives the second principal ROLES, and waits until they work."""
    data = f"/subscriptions/{double['subscription']}/resourceGroups/data"
    for below, actions in ROLES.items():
        scope, role = data + below.format(account=double["account"]), str(uuid.uuid4())
        is_data = any(word in actions[0] for word in ("/blobs/", "getSecret"))
        permission = {"dataActions" if is_data else "actions": actions}
        definition = {"roleName": role, "type": "CustomRole", "assignableScopes": [scope], "permissions": [permission]}
        place = f"{scope}/providers/Microsoft.Authorization/"
        fetch_as_owner("PUT", f"{place}roleDefinitions/{role}", {"properties": definition})
        assignment = {"roleDefinitionId": f"/x/{role}", "principalId": double["agent_object"], "principalType": "ServicePrincipal"}
        fetch_as_owner("PUT", f"{place}roleAssignments/{uuid.uuid4()}", {"properties": assignment})
    time.sleep(1.1)  # an assignment works after a second there


def judge_tokens(judge, double, fetch, token):
    """Judges Resource Manager, Key Vault and Blob Storage by action and scope of the caller."""
    subscription, account, arm = double["subscription"], double["account"], token("https://management.azure.com")

    def as_owner(method, path, body):
        headers = {"Authorization": f"Bearer {arm}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(double["endpoint"] + path, json.dumps(body).encode(), headers, method=method)) as reply:
            return json.loads(reply.read())

    assign(double, as_owner)
    owner = Credential(token)
    reader = Credential(lambda audience: token(audience, double["agent_secret"], double["agent_id"]))
    manager = lambda who: ResourceManagementClient(who, subscription, transport=ToDouble(double))
    vault = lambda who: SecretClient("https://double.vault.azure.net", who, transport=ToDouble(double))
    blobs = lambda who: BlobServiceClient(f"https://{account}.blob.core.windows.net", who, transport=ToDouble(double), retry_total=0)
    resource = f"/subscriptions/{subscription}/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/{account}"
    names = lambda listed: [one.name for one in listed]
    wait = lambda poller: poller.result()

    judge.allowed("a role reads its resource group", lambda: manager(reader).resource_groups.get("data").name, "data")
    judge.denied("and no other", lambda: manager(reader).resource_groups.get("network"), "AuthorizationFailed")
    judge.denied("and lists none", lambda: names(manager(reader).resource_groups.list()), "AuthorizationFailed")
    judge.denied("and deletes nothing", lambda: wait(manager(reader).resource_groups.begin_delete("data")), "AuthorizationFailed")
    judge.allowed("a role reads a resource in the group", lambda: manager(reader).resources.get_by_id(resource, api_version="2024-01-01").name, account)
    judge.denied("and deletes none", lambda: wait(manager(reader).resources.begin_delete_by_id(resource, api_version="2024-01-01")), "AuthorizationFailed")
    judge.allowed("the owner lists groups", lambda: names(manager(owner).resource_groups.list()), ["data", "network"])
    judge.allowed("and makes one", lambda: manager(owner).resource_groups.create_or_update("new", {"location": "westeurope"}).name, "new")
    judge.allowed("and deletes it", lambda: wait(manager(owner).resource_groups.begin_delete("new")))
    judge.denied("which then is not there", lambda: manager(owner).resource_groups.get("new"), "ResourceNotFound", "could not be found")
    judge.allowed("the owner lists resources", lambda: names(manager(owner).resources.list()), [account, "main"])
    judge.allowed("and those of a group", lambda: names(manager(owner).resources.list_by_resource_group("network")), ["main"])

    judge.allowed("a role reads its secret", lambda: vault(reader).get_secret("db").value, double["vault_secret"])
    judge.denied("and no other secret", lambda: vault(reader).get_secret("root"), "Forbidden")
    judge.denied("and lists none", lambda: names(vault(reader).list_properties_of_secrets()), "Forbidden")
    judge.denied("and sets none", lambda: vault(reader).set_secret("db", "new"), "Forbidden")
    judge.allowed("the owner sets a secret", lambda: vault(owner).set_secret("db", "new").value, "new")
    judge.allowed("which the role then reads", lambda: vault(reader).get_secret("db").value, "new")
    judge.allowed("the owner lists secrets", lambda: names(vault(owner).list_properties_of_secrets()), ["db", "root"])
    judge.denied("a token for another audience is challenged", lambda: vault(Credential(lambda _: arm)).get_secret("db"), "AKV10000")

    read = lambda who, container: blobs(who).get_blob_client(container, "hello.txt").download_blob().readall()
    judge.allowed("a role reads in its container", lambda: read(reader, "alpha"), b"hello from azure\n")
    judge.denied("and in no other", lambda: read(reader, "beta"), "AuthorizationPermissionMismatch")
    judge.denied("and writes nothing", lambda: blobs(reader).get_blob_client("alpha", "new").upload_blob(b"x"), "AuthorizationPermissionMismatch")
    judge.denied("and lists no containers", lambda: names(blobs(reader).list_containers()), "AuthorizationPermissionMismatch")
    judge.allowed("the owner lists containers", lambda: names(blobs(owner).list_containers()), ["alpha", "beta"])
    judge.allowed("and makes one", lambda: bool(blobs(owner).create_container("new")), True)
    judge.allowed("and deletes it", lambda: blobs(owner).delete_container("new"))

    judge.denied("no token reads nothing", lambda: fetch(f"{double['endpoint']}/secrets/db"), "401")
    seen = lambda: json.loads(fetch(f"{double['endpoint']}/double/seen"))["seen"][-1]
    judge.allowed("the double tells who asked", seen, {"method": "GET", "path": "/secrets/db", "holder": None})


main()
