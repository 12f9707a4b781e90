"""Calls Azure with Microsoft's own clients, at their own addresses, and prints how each call ended.

Each line of stdout is `NAME: ok` or `NAME: STATUS ERROR`. The arguments are the names of the calls to make, in order.
"""

import os
import sys

from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.storage.blob import BlobServiceClient

# The library checks the address of its logins, which the session does not use: the double speaks plain http.
os.environ.pop("AZURE_AUTHORITY_HOST", None)
credential = DefaultAzureCredential()
manager = ResourceManagementClient(credential, os.environ["AZURE_SUBSCRIPTION_ID"], retry_total=0)
vault = SecretClient("https://double.vault.azure.net", credential, retry_total=0)
other_vault = SecretClient("https://other.vault.azure.net", credential, retry_total=0)
blobs = BlobServiceClient("https://audexdouble.blob.core.windows.net", credential, retry_total=0)
blob = blobs.get_blob_client
account = f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/audexdouble"

CALLS = {
    "get group": lambda: manager.resource_groups.get("data"),
    "get other group": lambda: manager.resource_groups.get("network"),
    "list groups": lambda: list(manager.resource_groups.list()),
    "create group": lambda: manager.resource_groups.create_or_update("data", {"location": "westeurope"}),
    "delete group": lambda: manager.resource_groups.begin_delete("data").result(),
    "get account": lambda: manager.resources.get_by_id(account, api_version="2024-01-01"),
    "delete account": lambda: manager.resources.begin_delete_by_id(account, api_version="2024-01-01").result(),
    "get secret": lambda: vault.get_secret("db"),
    "get other secret": lambda: vault.get_secret("root"),
    "get secret of other vault": lambda: other_vault.get_secret("db"),
    "list secrets": lambda: list(vault.list_properties_of_secrets()),
    "set secret": lambda: vault.set_secret("db", "new"),
    "read blob": lambda: blob("alpha", "team/a.txt").download_blob().readall(),
    "read blob elsewhere": lambda: blob("alpha", "other/b.txt").download_blob().readall(),
    "read other container": lambda: blob("beta", "hello.txt").download_blob().readall(),
    "write blob": lambda: blob("alpha", "team/new.txt").upload_blob(b"x"),
    "delete blob": lambda: blob("alpha", "team/a.txt").delete_blob(),
    "list containers": lambda: list(blobs.list_containers()),
    "graph": lambda: credential.get_token("https://graph.microsoft.com/.default"),
}

for name in sys.argv[1:] or CALLS:
    try:
        CALLS[name]()
        print(f"{name}: ok")
    except Exception as error:  # whatever the client raises
        print(f"{name}: {getattr(error, 'status_code', None) or ''} {type(error).__name__}")
        print(f"{name}: {error}", file=sys.stderr)
