"""Shows with Google's own clients that gcp_double.py enforces: google-auth impersonates and downscopes, google-cloud-storage and
google-api-python-client call.
"""

import base64
import json
import urllib.request

from google.auth import downscoped, impersonated_credentials
from google.auth.transport.requests import Request
from google.cloud import storage
from google.oauth2 import service_account
from googleapiclient.discovery import build

from double import Double, Judge

PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only"
TEAM = ("resource.name.startsWith('projects/_/buckets/alpha/objects/team/') || "
        "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('team/')")


def main():
    judge = Judge()
    with Double("gcp_double.py") as double:
        source = service_account.Credentials.from_service_account_info(double["key"], scopes=[PLATFORM])

        def impersonated(email, *scopes, seconds=900, delegates=None):
            url = f"{double['endpoint']}/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
            made = impersonated_credentials.Credentials(source, email, list(scopes), delegates=delegates, lifetime=seconds,
                                                        iam_endpoint_override=url)
            made.refresh(Request())
            return made

        def bounded(bucket, role, expression=None):
            downscoped._STS_TOKEN_URL_PATTERN = double["endpoint"] + "/v1/token"
            condition = expression and downscoped.AvailabilityCondition(expression)
            rule = downscoped.AccessBoundaryRule(f"//storage.googleapis.com/projects/_/buckets/{bucket}", [f"inRole:{role}"], condition)
            made = downscoped.Credentials(impersonated(double["agent"], PLATFORM), downscoped.CredentialAccessBoundary([rule]))
            made.refresh(Request())
            return made

        def client(credentials):
            return storage.Client(double["project"], credentials, client_options={"api_endpoint": double["endpoint"]})

        read = lambda c, bucket, name: client(c).bucket(bucket).blob(name).download_as_bytes()
        names = lambda c, bucket, prefix=None: [blob.name for blob in client(c).list_blobs(bucket, prefix=prefix)]
        write = lambda c, bucket, name: client(c).bucket(bucket).blob(name).upload_from_string("new")
        delete = lambda c, bucket, name: client(c).bucket(bucket).blob(name).delete()

        reader = impersonated(double["agent"], READ_ONLY)
        judge.allowed("a read-only scope reads", lambda: read(reader, "alpha", "hello.txt"), b"hello from gcs\n")
        judge.denied("a read-only scope does not write", lambda: write(reader, "alpha", "new.txt"), "SCOPE")
        everything = impersonated(double["agent"], PLATFORM)
        judge.allowed("cloud-platform writes", lambda: write(everything, "alpha", "new.txt"))
        judge.allowed("cloud-platform deletes", lambda: delete(everything, "alpha", "new.txt"))
        judge.allowed("cloud-platform lists buckets", lambda: [b.name for b in client(everything).list_buckets()], ["alpha", "beta"])

        viewer = bounded("alpha", "roles/storage.objectViewer")
        judge.allowed("a boundary reads its bucket", lambda: read(viewer, "alpha", "hello.txt"))
        judge.denied("a boundary reads no other bucket", lambda: read(viewer, "beta", "hello.txt"), "boundary")
        judge.denied("a viewer's boundary does not write", lambda: write(viewer, "alpha", "new.txt"), "boundary")
        judge.denied("a boundary lists no buckets", lambda: [b.name for b in client(viewer).list_buckets()], "boundary")
        team = bounded("alpha", "roles/storage.objectViewer", TEAM)
        judge.allowed("a prefix reads below it", lambda: read(team, "alpha", "team/a.txt"))
        judge.denied("a prefix reads nothing else", lambda: read(team, "alpha", "other/b.txt"), "boundary")
        judge.allowed("a prefix lists below it", lambda: names(team, "alpha", "team/"), ["team/a.txt"])
        judge.denied("a prefix does not list the bucket", lambda: names(team, "alpha"), "boundary")
        judge.denied("an unknown role is refused", lambda: bounded("alpha", "roles/storage.nothing"), "inRole")

        judge.denied("another account is refused", lambda: impersonated(double["other"], PLATFORM), "getAccessToken")
        delegates = [f"projects/-/serviceAccounts/{double['agent']}"]
        judge.allowed("unless through the delegate", lambda: bool(impersonated(double["other"], PLATFORM, delegates=delegates)))
        narrow = impersonated(double["other"], PLATFORM, delegates=delegates)
        judge.allowed("an account with one folder reads there", lambda: read(narrow, "alpha", "team/a.txt"))
        judge.denied("and nowhere else", lambda: read(narrow, "alpha", "other/b.txt"), "storage.objects.get")
        judge.denied("and does not write there", lambda: write(narrow, "alpha", "team/new.txt"), "storage.objects.create")
        judge.denied("two hours are too long", lambda: impersonated(double["agent"], PLATFORM, seconds=7200), "lifetime")
        judge_services(judge, double, everything, narrow, reader)

        Request()(double["endpoint"] + "/double/expire", method="POST")
        judge.denied("an expired token reads nothing", lambda: read(viewer, "alpha", "hello.txt"), "Anonymous", "401", "refresh")
    judge.end()


def judge_services(judge, double, broad, narrow, reader):
    """Judges Pub/Sub, Secret Manager, BigQuery and Resource Manager by permission and resource of the caller."""
    project, about = double["project"], f"projects/{double['project']}"

    def service(name, version, credentials):
        return build(name, version, credentials=credentials, static_discovery=True, cache_discovery=False,
                     client_options={"api_endpoint": double["endpoint"] + ("/bigquery/v2/" if name == "bigquery" else "")})

    def publish(credentials, topic):
        body = {"messages": [{"data": base64.b64encode(b"hello").decode()}]}
        return service("pubsub", "v1", credentials).projects().topics().publish(topic=f"{about}/topics/{topic}", body=body).execute()["messageIds"]

    def pull(credentials, name):
        pulled = service("pubsub", "v1", credentials).projects().subscriptions().pull(subscription=f"{about}/subscriptions/{name}", body={"maxMessages": 9}).execute()
        return [base64.b64decode(one["message"]["data"]) for one in pulled.get("receivedMessages", [])]

    def access(credentials, secret):
        versions = service("secretmanager", "v1", credentials).projects().secrets().versions()
        return base64.b64decode(versions.access(name=f"{about}/secrets/{secret}/versions/latest").execute()["payload"]["data"]).decode()

    def query(credentials, text):
        rows = service("bigquery", "v2", credentials).jobs().query(projectId=project, body={"query": text, "useLegacySql": False}).execute()["rows"]
        return [row["f"][0]["v"] for row in rows]

    topics = lambda c: service("pubsub", "v1", c).projects().topics()
    secrets = lambda c: service("secretmanager", "v1", c).projects().secrets()
    tables = lambda c: service("bigquery", "v2", c).tables()
    get = lambda c, name=project: service("cloudresourcemanager", "v1", c).projects().get(projectId=name).execute()["projectId"]

    judge.allowed("a topic's publisher publishes to it", lambda: publish(narrow, "orders"), ["1"])
    judge.denied("and to no other topic", lambda: publish(narrow, "billing"), "pubsub.topics.publish")
    judge.denied("and does not delete it", lambda: topics(narrow).delete(topic=f"{about}/topics/orders").execute(), "pubsub.topics.delete")
    judge.denied("and pulls nothing", lambda: pull(narrow, "orders"), "pubsub.subscriptions.consume")
    judge.denied("and lists nothing", lambda: topics(narrow).list(project=about).execute(), "pubsub.topics.list")
    judge.denied("a scope of Storage publishes nothing", lambda: publish(reader, "orders"), "scopes")
    judge.allowed("a broad account publishes anywhere", lambda: publish(broad, "billing"), ["2"])
    judge.allowed("and pulls what was published", lambda: pull(broad, "orders"), [b"hello"])
    judge.allowed("and from the other what went to the other", lambda: pull(broad, "billing"), [b"hello"])
    judge.allowed("and makes topics", lambda: topics(broad).create(name=f"{about}/topics/new", body={}).execute()["name"], f"{about}/topics/new")
    judge.denied("but not in another project", lambda: topics(broad).create(name="projects/foreign/topics/new", body={}).execute(), "pubsub.topics.create")

    judge.allowed("a secret's accessor reads it", lambda: access(narrow, "db"), double["secret"])
    judge.denied("and no other secret", lambda: access(narrow, "root"), "secretmanager.versions.access")
    judge.denied("and lists none", lambda: secrets(narrow).list(parent=about).execute(), "secretmanager.secrets.list")
    added = {"payload": {"data": base64.b64encode(b"new").decode()}}
    judge.denied("and adds no version", lambda: secrets(narrow).addVersion(parent=f"{about}/secrets/db", body=added).execute(), "secretmanager.versions.add")
    judge.allowed("a broad account adds a version", lambda: secrets(broad).addVersion(parent=f"{about}/secrets/db", body=added).execute()["name"], f"{about}/secrets/db/versions/2")
    judge.allowed("which is then the latest", lambda: access(narrow, "db"), "new")

    judge.allowed("a table's reader queries it", lambda: query(narrow, "SELECT cell FROM `sales.orders`"), ["one", "two"])
    judge.denied("and no other table", lambda: query(narrow, "SELECT cell FROM `staff.pay`"), "bigquery.tables.getData", "staff")
    judge.denied("and lists no tables", lambda: tables(narrow).list(projectId=project, datasetId="sales").execute(), "bigquery.tables.list")
    judge.denied("and deletes none", lambda: tables(narrow).delete(projectId=project, datasetId="sales", tableId="orders").execute(), "bigquery.tables.delete")
    judge.allowed("a broad account lists tables", lambda: len(tables(broad).list(projectId=project, datasetId="sales").execute()["tables"]), 1)

    judge.allowed("a broad account gets the project", lambda: get(broad), project)
    judge.denied("a narrow one does not", lambda: get(narrow), "resourcemanager.projects.get")
    judge.denied("nor does anyone another project", lambda: get(broad, "foreign"), "resourcemanager.projects.get")

    def seen():
        with urllib.request.urlopen(double["endpoint"] + "/double/seen") as reply:
            return json.loads(reply.read())["seen"]

    judge.allowed("the double tells who asked", lambda: seen()[-1], {"method": "GET", "path": "/v1/projects/foreign", "account": double["agent"]})


main()
