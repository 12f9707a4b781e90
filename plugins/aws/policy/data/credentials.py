"""Writes credentials.txt: the operations whose replies carry credentials, or addresses that are signed with some.

    tests/.venv/bin/python plugins/aws/policy/data/credentials.py > plugins/aws/policy/data/credentials.txt

Source: the output shapes of botocore's service models (Apache-2.0), by the names of their members, and MORE for what the shapes do not
show. A line is a signing name and an operation.
"""

import re

import botocore
import botocore.session

NAMES = re.compile(
    r"(secret_?access_?key|session_?token|authorization_?token|access_?token|refresh_?token|id_?token|bearer_?token|web_?identity_?token|open_?id_?token"
    r"|db_?password|admin_?password|service_?password|password_?data|private_?key|key_?material|auth_?token|join_?token|login_?token|user_?token"
    r"|pre_?signed.*|signed_?(url|uri|request).*|.*authorized_?(url|uri).*|.*_?sign_?in_?(url|uri|token)|embed_?url|user_?secret|client_?secret|service_?credential_?secret"
    r"|federation_?(url|token)|console_?url|authorization_?code)$",
    re.IGNORECASE,
)
# Operations with such a member that holds a file name, a setting of the caller's own, or a plain address.
NOT_OF = {"appmesh", "elasticloadbalancing"}
NOT = {("glue", name) for name in ("BatchGetJobs", "GetJob", "GetJobs")} | {
    ("ec2", f"{verb}VerifiedAccessTrustProvider{s}")
    for verb, s in (("Attach", ""), ("Create", ""), ("Delete", ""), ("Describe", "s"), ("Detach", ""), ("Modify", ""))
}
MORE = [
    ("lambda", "GetFunction"),  # Code.Location
    ("lambda", "GetLayerVersion"),  # Content.Location
    ("lambda", "GetLayerVersionByArn"),
    ("lambda", "PublishLayerVersion"),
    ("ecr", "GetDownloadUrlForLayer"),  # downloadUrl
    ("s3", "CreateSession"),
    ("sts", "GetFederationToken"),
    ("ssm", "StartSession"),  # TokenValue, StreamUrl
    ("ssm", "ResumeSession"),
    ("ecs", "ExecuteCommand"),  # session.tokenValue
    ("eks-auth", "AssumeRoleForPodIdentity"),
    ("rolesanywhere", "CreateSession"),
    ("lightsail", "GetInstanceAccessDetails"),
    ("gamelift", "GetComputeAuthToken"),
    ("gamelift", "RequestUploadCredentials"),
    ("cognito-identity", "GetOpenIdTokenForDeveloperIdentity"),
    ("quicksight", "GetDashboardEmbedUrl"),
    ("quicksight", "GetSessionEmbedUrl"),
]


def yields(shape, seen):
    if shape is None or shape.name in seen:
        return False
    seen = seen | {shape.name}
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if member.type_name in ("string", "blob") and NAMES.fullmatch(name):
                return True
            if name not in NOT_OF and yields(member, seen):
                return True
    if shape.type_name == "list":
        return yields(shape.member, seen)
    if shape.type_name == "map":
        return yields(shape.value, seen)
    return False


def main():
    session = botocore.session.get_session()
    found = set(MORE)
    for folder in session.get_available_services():
        model = session.get_service_model(folder)
        name = model.metadata.get("signingName") or model.metadata["endpointPrefix"]
        for operation in map(model.operation_model, model.operation_names):
            if name not in NOT_OF and yields(operation.output_shape, frozenset()):
                found.add((name, operation.name))
    print(f"# Operations whose replies carry credentials or signed addresses, from botocore {botocore.__version__} (Apache-2.0) by credentials.py.")
    for line in sorted(found - NOT):
        print(*line)


if __name__ == "__main__":
    main()
