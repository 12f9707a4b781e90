"""Shows with Google's own clients that gcp_double.py enforces: google-auth impersonates and downscopes, google-cloud-storage calls."""

from google.auth import downscoped, impersonated_credentials
from google.auth.transport.requests import Request
from google.cloud import storage
from google.oauth2 import service_account

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
        judge.denied("two hours are too long", lambda: impersonated(double["agent"], PLATFORM, seconds=7200), "lifetime")
        Request()(double["endpoint"] + "/double/expire", method="POST")
        judge.denied("an expired token reads nothing", lambda: read(viewer, "alpha", "hello.txt"), "Anonymous", "401", "refresh")
    judge.end()


main()
