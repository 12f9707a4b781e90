"""gcloud and gsutil with what tryaudex hands out, against gcp_double.py."""

import json
import shutil

from double import Double
from session import Home
from tls import Front, certificate

BUCKET = ["--provider", "gcp", "--allow", "storage.objects.get,storage.objects.list", "--resource", "gs://alpha"]


def missing():
    return None if shutil.which("gcloud") and shutil.which("gsutil") else "gcloud and gsutil are not installed (no package registry has them)"


def check(judge):
    with Double("gcp_double.py") as double:
        home = Home()
        home.environment |= {
            "GOOGLE_APPLICATION_CREDENTIALS": str(home.write("key.json", json.dumps(double["key"]))),
            "AUDEX_GCP_SERVICE_ACCOUNT": double["agent"],
            "AUDEX_GCP_IAMCREDENTIALS_URL": double["endpoint"],
            "AUDEX_GCP_STS_URL": double["endpoint"],
        }
        # By a name that is not a copy of what the command must not have.
        base = double["endpoint"].replace("127.0.0.1", "localhost")
        home.environment["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"] = f"{base}/storage/v1/"
        _gcloud(judge, home, double)
        _gsutil(judge, home, Front(double["endpoint"].removeprefix("http://"), certificate(home.path)).port)


def _gcloud(judge, home, double):
    run = lambda *words: home.run(BUCKET, ["gcloud", *words])
    judge.allowed("gcloud reads an object", lambda: run("storage", "cat", "gs://alpha/team/a.txt"), "team a\n")
    judge.allowed("gcloud lists the bucket", lambda: "gs://alpha/hello.txt" in run("storage", "ls", "gs://alpha"), True)
    judge.denied("gcloud reads another bucket", lambda: run("storage", "cat", "gs://beta/hello.txt"), "403")
    judge.denied("gcloud deletes", lambda: run("storage", "rm", "gs://alpha/team/a.txt"), "403")
    judge.denied("gcloud lists buckets", lambda: run("storage", "ls"), "403")
    judge.allowed("gcloud is the agent and nobody else", lambda: run("auth", "list", "--format=value(account)").strip(), double["agent"])

    script = "gcloud storage cat gs://alpha/team/a.txt; gcloud storage rm gs://alpha/team/a.txt"
    learned = home.learn(BUCKET, ["sh", "-c", script])
    judge.allowed("learn sees what gcloud was allowed", lambda: learned["allow"], ["storage.objects.get"])
    judge.allowed("learn sees what gcloud was denied",
                  lambda: [one["action"] for one in learned["observed"] if one["denied"]], ["storage.objects.delete"])


def _gsutil(judge, home, port):
    """gsutil takes no endpoint by a variable, and speaks https only."""
    tool = ["gsutil", "-o", "Credentials:gs_json_host=localhost", "-o", f"Credentials:gs_json_port={port}",
            "-o", "Boto:https_validate_certificates=False", "-o", "Boto:num_retries=0"]
    run = lambda *words: home.run(BUCKET, [*tool, *words])
    judge.allowed("gsutil reads an object", lambda: run("cat", "gs://alpha/team/a.txt"), "team a\n")
    judge.allowed("gsutil lists the bucket", lambda: "gs://alpha/hello.txt" in run("ls", "gs://alpha"), True)
    judge.denied("gsutil reads another bucket", lambda: run("cat", "gs://beta/hello.txt"), "403", "protected data")
    late = ["sh", "-c", f"sleep 4; exec {' '.join(tool)} cat gs://alpha/team/a.txt"]
    judge.denied("gsutil has no access after the ttl", lambda: home.run([*BUCKET, "--ttl", "2s"], late), "401", "Anonymous", "credentials",
                 "onnection", "ServiceException", "AccessDenied")
