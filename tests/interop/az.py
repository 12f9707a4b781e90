"""az with what tryaudex hands out, against azure_double.py behind TLS."""

from double import Double
from session import ROOT, Home
from tls import Front, certificate

AZ = ROOT / "target/interop/venv/bin/az"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


def missing():
    return None if AZ.exists() else "azure-cli is not installed (make test-interop installs it: 735 MB)"


def check(judge):
    with Double("azure_double.py") as double:
        home = Home()
        files = certificate(home.path)
        port = Front(double["endpoint"].removeprefix("http://"), files).port
        base = f"https://localhost:{port}"
        home.write(".azure/clouds.config", _cloud(base))
        home.environment |= {
            "AZURE_TENANT_ID": double["tenant"], "AZURE_SUBSCRIPTION_ID": double["subscription"],
            "AZURE_CLIENT_ID": double["client_id"], "AZURE_CLIENT_SECRET": double["client_secret"],
            "AZURE_AUTHORITY_HOST": double["endpoint"], "AUDEX_AZURE_RESOURCE_MANAGER_URL": double["endpoint"],
            "AZURE_STORAGE_SERVICE_ENDPOINT": f"{base}/{double['account']}",
            "AZURE_CLOUD_NAME": "double", "REQUESTS_CA_BUNDLE": str(files.authority),
            "AZURE_CORE_COLLECT_TELEMETRY": "no", "AZURE_CORE_ONLY_SHOW_ERRORS": "yes",
        }
        _manager(judge, home, double)
        _blobs(judge, home, double, f"{base}/{double['account']}")


def _cloud(base):
    """A cloud as `az cloud register` writes it, in the user's own directory: the run takes it along."""
    endpoints = {"management": "https://management.core.windows.net/", "resource_manager": base + "/", "active_directory": base,
                 "active_directory_resource_id": "https://management.core.windows.net/",
                 "active_directory_graph_resource_id": "https://graph.windows.net/"}
    lines = [f"endpoint_{name} = {url}" for name, url in endpoints.items()]
    return "\n".join(["[double]", *lines, "suffix_storage_endpoint = core.windows.net", "suffix_keyvault_dns = .vault.azure.net", ""])


def _manager(judge, home, double):
    options = ["--provider", "azure", "--allow", "Microsoft.Storage/storageAccounts/read"]
    run = lambda *words: home.run(options, [AZ, *words, "--output", "tsv"])
    judge.allowed("az lists storage accounts without a login",
                  lambda: run("storage", "account", "list", "--query", "[].name").strip(), double["account"])
    judge.allowed("az knows its subscription", lambda: run("account", "show", "--query", "id").strip(), double["subscription"])
    judge.denied("az gets no token for another audience", lambda: run("account", "get-access-token", "--resource", "https://vault.azure.net"),
                 "exit 1")

    base = home.environment["AZURE_STORAGE_SERVICE_ENDPOINT"].rsplit("/", 1)[0]
    learned = home.learn(options, [AZ, "storage", "account", "list"], AUDEX_AZURE_RESOURCE_MANAGER_URL=base)
    judge.allowed("learn sees what az asked for", lambda: learned["allow"], ["Microsoft.Storage/storageAccounts/read"])


def _blobs(judge, home, double, service):
    options = ["--provider", "azure", "--allow", f"{BLOBS}/read", "--resource", f"https://{double['account']}.blob.core.windows.net/alpha"]
    run = lambda *words: home.run(options, [AZ, "storage", "blob", *words, "--output", "tsv", "--blob-endpoint", service])
    judge.allowed("az lists blobs by the signature", lambda: "hello.txt" in run("list", "-c", "alpha", "--query", "[].name"), True)
    saved = home.path / "saved"
    read = ["download", "-c", "alpha", "-n", "team/a.txt", "--no-progress", "-f", str(saved)]
    judge.allowed("az downloads a blob by the signature", lambda: run(*read) and saved.read_text(), "team a\n")
    judge.denied("az reads another container", lambda: run("list", "-c", "beta"), "Authori", "Authenti", "exit 1")
    judge.denied("az deletes", lambda: run("delete", "-c", "alpha", "-n", "hello.txt"), "Authori", "Authenti", "exit 1")
