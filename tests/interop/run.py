"""The real clients of AWS, Google Cloud and Azure under `tryaudex run`, against doubles that enforce; and components from a real
registry. See `make test-interop`. `run.py mcp` runs only the clients of MCP; `run.py moto`, or the names of services, only moto's own tests."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]

import agents  # noqa: E402
import aws_tools  # noqa: E402
import az  # noqa: E402
import azurite  # noqa: E402
import google_tools  # noqa: E402
import mcp_clients  # noqa: E402
import moto_tests  # noqa: E402
import registry  # noqa: E402
from double import Judge  # noqa: E402


def main():
    judge, skipped = Judge(), []
    if sys.argv[1:] == ["mcp"]:
        if reason := mcp_clients.missing():
            sys.exit(f"error: the clients of MCP cannot run: {reason}")
        mcp_clients.check(judge)
        judge.end()
    if services := sys.argv[1:]:
        if reason := moto_tests.missing():
            sys.exit(f"error: moto's tests cannot run: {reason}")
        moto_tests.check(judge, moto_tests.SERVICES if services == ["moto"] else services)
        judge.end()
    for name, client in (("gcloud, gsutil", google_tools), ("az", az), ("Azurite", azurite), ("OCI registry", registry), ("coding agents", agents), ("MCP", mcp_clients),
                         ("moto's tests", moto_tests), *((tool.name, tool) for tool in aws_tools.TOOLS)):
        if reason := client.missing():
            skipped.append(f"{name}: {reason}")
        else:
            client.check(judge)
    skipped.append("Go clients of Google Cloud and Azure: none is written; hvac, google-auth, azure-identity, boto3, the aws CLI and the "
                   "JavaScript SDK run in `make test`")
    for line in skipped:
        print(f"skipped {line}")
    judge.end()


if __name__ == "__main__":
    main()
