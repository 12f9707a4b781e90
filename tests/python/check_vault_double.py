"""Proves that the Vault double answers as hvac, the ecosystem's own client, expects; without Audex.

    python check_vault_double.py

Needs hvac and moto (the AWS behind the double). Exits 1 with the first thing that is not so.
"""

import json
import pathlib
import subprocess
import sys

import boto3
import hvac
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultDown

HERE = pathlib.Path(__file__).parent


def start(program, *arguments):
    command = [sys.executable, str(HERE / program), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())


def expect(what, found, wanted=True):
    if found != wanted:
        sys.exit(f"not so: {what} (found {found!r}, wanted {wanted!r})")
    print(f"ok: {what}")


def refuses(what, error, call):
    try:
        call()
    except error:
        return expect(what, True)
    sys.exit(f"not so: {what} (nothing was refused)")


def main():
    aws, cloud = start("moto_enforcing.py")
    keys = [cloud["access_key_id"], cloud["secret_access_key"]]
    options = {
        "aws": cloud["endpoint"], "region": cloud["region"], "role_arn": cloud["role_arn"], "source": keys, "user": keys,
    }
    double, vault = start("vault_double.py", json.dumps(options))
    try:
        check(vault, cloud)
    finally:
        for process in (double, aws):
            process.kill()


def check(vault, cloud):
    def client(token=None):
        made = hvac.Client(url=vault["address"], token=token)
        made.session.headers["X-Vault-Request"] = "true"
        return made

    def control(**change):
        made = client()
        made.adapter.session.post(f"{vault['address']}/double/set", json=change)

    expect("it is up", client().sys.read_health_status(method="GET")["sealed"], False)
    expect("the user's token is one", client(vault["token"]).is_authenticated())
    expect("another is none", client("hvs.other").is_authenticated(), False)

    app = client()
    login = app.auth.approle.login(role_id=vault["role_id"], secret_id=vault["secret_id"])
    expect("AppRole gives a token", login["auth"]["client_token"], app.token)
    refuses("a wrong SecretID is refused", InvalidRequest, lambda: client().auth.approle.login(vault["role_id"], "wrong"))
    pod = client()
    pod.auth.kubernetes.login(role="my-k8s-role", jwt=vault["jwt"])
    expect("Kubernetes gives a token", pod.is_authenticated())
    refuses("a wrong jwt is refused", Forbidden, lambda: client().auth.kubernetes.login("my-k8s-role", "wrong"))

    given = app.secrets.aws.generate_credentials(name="my-vault-role", endpoint="sts", ttl="900s")
    expect("sts/ gives a lease", given["lease_id"].startswith("aws/sts/my-vault-role/"))
    data = given["data"]
    sts = boto3.client(
        "sts", endpoint_url=cloud["endpoint"], region_name=cloud["region"], aws_access_key_id=data["access_key"],
        aws_secret_access_key=data["secret_key"], aws_session_token=data["security_token"],
    )
    expect("and keys that AWS accepts", ":assumed-role/" in sts.get_caller_identity()["Arn"])
    refuses("iam_user has no sts/", InvalidRequest, lambda: app.secrets.aws.generate_credentials("user", endpoint="sts"))
    keys = app.secrets.aws.generate_credentials("user", endpoint="creds")["data"]
    expect("creds/ gives keys without a token", keys["security_token"], None)
    refuses("an unknown role is refused", InvalidRequest, lambda: app.secrets.aws.generate_credentials("no", endpoint="sts"))
    refuses("a wrong mount is denied", Forbidden, lambda: app.secrets.aws.generate_credentials("user", mount_point="no"))
    expect("a role can be read", app.secrets.aws.read_role("user")["data"]["credential_type"], "iam_user")
    refuses("one that is not there cannot", InvalidPath, lambda: app.secrets.aws.read_role("no"))

    refuses("an AppRole may not end leases", Forbidden, lambda: app.sys.revoke_lease(given["lease_id"]))
    user = client(vault["token"])
    user.sys.revoke_lease(given["lease_id"])
    refuses("a lease ends once", InvalidRequest, lambda: user.sys.revoke_lease(given["lease_id"]))
    app.auth.token.revoke_self()
    expect("a revoked token is none", app.is_authenticated(), False)
    control(sealed=True)
    refuses("a sealed Vault answers nothing", VaultDown, lambda: client(vault["token"]).auth.token.lookup_self())


if __name__ == "__main__":
    main()
