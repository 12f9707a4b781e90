"""Calls Google Cloud with Google's own clients, at their own addresses, and prints how each call ended.

Each line of stdout is `NAME: ok` or `NAME: STATUS ERROR`. The arguments are the names of the calls to make, in order.
"""

import base64
import os
import sys

from google.cloud import storage
from googleapiclient.discovery import build

PROJECT = os.environ["GOOGLE_CLOUD_PROJECT"]
ABOUT = f"projects/{PROJECT}"
SECRETS = f"{ABOUT}/secrets"
client = storage.Client()
bucket = client.bucket


def api(name, version="v1"):
    # Without the description on the network.
    return build(name, version, static_discovery=True, cache_discovery=False)


def pubsub():
    return api("pubsub").projects()


def publish(topic):
    return pubsub().topics().publish(topic=f"{ABOUT}/topics/{topic}", body={"messages": [{"data": base64.b64encode(b"x").decode()}]}).execute()


def versions():
    return api("secretmanager").projects().secrets().versions()


def bigquery():
    return api("bigquery", "v2")


def rows(dataset, table):
    return bigquery().tabledata().list(projectId=PROJECT, datasetId=dataset, tableId=table).execute()


def query(text):
    return bigquery().jobs().query(projectId=PROJECT, body={"query": text, "useLegacySql": False}).execute()


CALLS = {
    "read object": lambda: bucket("alpha").blob("team/a.txt").download_as_bytes(),
    "read object elsewhere": lambda: bucket("alpha").blob("other/b.txt").download_as_bytes(),
    "read other bucket": lambda: bucket("beta").blob("hello.txt").download_as_bytes(),
    "write object": lambda: bucket("alpha").blob("team/new.txt").upload_from_string("x"),
    "delete object": lambda: bucket("alpha").blob("team/a.txt").delete(),
    "list buckets": lambda: list(client.list_buckets()),
    "publish": lambda: publish("orders"),
    "publish elsewhere": lambda: publish("billing"),
    "delete topic": lambda: pubsub().topics().delete(topic=f"{ABOUT}/topics/orders").execute(),
    "pull": lambda: pubsub().subscriptions().pull(subscription=f"{ABOUT}/subscriptions/orders", body={"maxMessages": 1}).execute(),
    "access secret": lambda: versions().access(name=f"{SECRETS}/db/versions/latest").execute(),
    "access other secret": lambda: versions().access(name=f"{SECRETS}/root/versions/latest").execute(),
    "list secrets": lambda: api("secretmanager").projects().secrets().list(parent=ABOUT).execute(),
    "read rows": lambda: rows("sales", "orders"),
    "read other rows": lambda: rows("staff", "pay"),
    "delete table": lambda: bigquery().tables().delete(projectId=PROJECT, datasetId="sales", tableId="orders").execute(),
    "query": lambda: query("SELECT cell FROM `staff.pay`"),
    "get project": lambda: api("cloudresourcemanager").projects().get(projectId=PROJECT).execute(),
    "get other project": lambda: api("cloudresourcemanager").projects().get(projectId="foreign-project").execute(),
    "list machines": lambda: api("compute").instances().list(project=PROJECT, zone="europe-west1-b").execute(),
    "list zones": lambda: api("dns").managedZones().list(project=PROJECT).execute(),
}

for name in sys.argv[1:] or CALLS:
    try:
        CALLS[name]()
        print(f"{name}: ok")
    except Exception as error:  # whatever the client raises
        status = getattr(error, "status_code", None) or getattr(error, "code", "")
        print(f"{name}: {status} {type(error).__name__}")
        print(f"{name}: {error}", file=sys.stderr)
