"""Writes credentials.txt: the operations whose replies carry credentials, or addresses that are signed with some.

    tests/.venv/bin/python plugins/aws/policy/data/credentials.py > plugins/aws/policy/data/credentials.txt

Source: the output shapes of botocore's service models (Apache-2.0), by the names of their members. MORE has the operations whose
credentials have another name. A line is a signing name and an operation.

A name that ends like a credential counts, unless a reviewed exclusion below says why it does not. A service's own texts decide; if they
leave open that a reply has the value, the operation is in the list: it then has to be named in `--allow`.
Values that a service keeps or computes for its caller do not count (`secretsmanager GetSecretValue`, `ssm GetParameter`, `kms Decrypt`).
"""

import re

import botocore
import botocore.session

NAMES = re.compile(
    r".*token(_?value)?|.*secret|.*password(_?data)?|.*(private|secret|api|stream|access)_?key(_?pair|_?material|_?value)?.*|key_?material"
    r"|.*(pre_?signed|signed|upload|download|streaming|stream|session|embed|dashboard|sign_?in|console|federation|authorized)_?ur[li].*"
    r"|pre_?signed.*|signed_?request.*|authorization_?code",
    re.IGNORECASE,
)
NOT_NAMES = re.compile(
    # Places in a list, versions and names of requests.
    r".*(next|page|pagination|continuation|client|request|idempotency|creation|update|lock|change|sequence|marker|continue|start|version)_?token"
    r"|next.*token|token_?code|tags"
    # The id, the place or the kind of a credential.
    r"|(aws_?)?access_?key_?id|.*_?key_?(arn|id|name|version|header|source|selection_?expression)|.*(json_?key|secret_?source)",
    re.IGNORECASE,
)
# Members that are not credentials, by service.
NOT_MEMBERS = {
    # A name or ARN in Secrets Manager, or a file on the caller's machine.
    "appmesh": "privateKey",
    "bedrock-agentcore": "credentials token",  # a secret's ARN; a currency
    "fsx": "DomainJoinServiceAccountSecret FsxAdminPassword",  # "always redacted in the response"
    "mediaconvert": "CertificateSecret",
    "mediapackage": "CdnIdentifierSecret",
    "mediapackage-vod": "CdnIdentifierSecret",
    "pipes": "Credentials",
    # Masked in replies: `<MasterUserPassword>****</MasterUserPassword>` in the examples of RDS and Redshift.
    "rds": "MasterUserPassword",
    "redshift": "MasterUserPassword",
    "ec2": "ClientSecret PurchaseToken TokenValue",  # OIDC settings; an offer; a text for DNS
    "elasticloadbalancing": "ClientSecret",
    "securityhub": "MasterUserPassword",
    # The id of an access key.
    "datasync": "AccessKey",
    # Plain addresses, whose visitor logs in.
    "odb": "serviceConsoleUrl",
    "quicksight": "DashboardUrl",
    # Texts that are published to prove a domain.
    "securityagent": "token",
    "ses": "VerificationToken",
    # Addresses of devices.
    "chime": "DeviceToken VoipDeviceToken",
    "mobiletargeting": "UpdatedToken",
    # The name of a job, an offer, a question or a state, for a later call that needs a permission of its own.
    "appconfig": "InitialConfigurationToken NextPollConfigurationToken",
    "bedrock": "offerToken",
    "cloudformation": "RegistrationToken",
    "codepipeline": "token",
    "cognito-sync": "SyncSessionToken",
    "config": "ResultToken",
    "devops-guru": "LogAnomalyToken",
    "entityresolution": "token",
    "inspector": "previewToken",
    "kendra": "FeedbackToken",
    "kinesisanalytics": "ConditionalToken",
    "lakeformation": "WorkUnitToken",
    "lambda": "CheckpointToken",
    "license-manager": "LicenseConsumptionToken",
    "neptune-db": "token",
    "sagemaker": "CallbackToken",
    "servicecatalog": "CopyProductToken PortfolioShareToken",
    "states": "taskToken",
    "swf": "taskToken",
    "xray": "RetrievalToken",
    # What the caller computes with keys of its own.
    "kms": "GrantToken ImportToken PrivateKeyCiphertextBlob PrivateKeyPlaintext SharedSecret",
    "payment-cryptography": "ExportToken ImportToken",
    "secretsmanager": "RandomPassword",
}
# A setting of the caller's own: the login of a job's Git repository.
NOT = {("glue", name) for name in ("BatchGetJobs", "GetJob", "GetJobs")}
UNMODELLED = {("rolesanywhere", "CreateSession")}  # only in the documentation
# The member is in the comment. Not in the list: `eks DescribeCluster`, which has the activation code only until the cluster is connected.
MORE = """
amplify GetArtifactUrl  # artifactUrl
apigateway CreateApiKey  # value
apigateway GetApiKey
apigateway GetApiKeys
apigateway UpdateApiKey
appsync CreateApiKey  # apiKey.id is the key
appsync ListApiKeys
appsync UpdateApiKey
auditmanager GetAssessmentReportUrl  # preSignedUrl.link
devicefarm CreateTestGridUrl  # url
devicefarm CreateUpload  # upload.url
devicefarm GetUpload
devicefarm ListArtifacts  # artifacts.url
devicefarm ListUploads
ec2 ExportVerifiedAccessInstanceClientConfiguration  # UserTrustProvider.ClientSecret
ecr GetDownloadUrlForLayer
ecs ExecuteCommand  # session.tokenValue
eks RegisterCluster  # connectorConfig.activationCode
eks-auth AssumeRoleForPodIdentity
finspace GetKxConnectionString  # signedConnectionString
gamelift GetComputeAuthToken
gamelift RequestUploadCredentials
grafana CreateWorkspaceApiKey  # key
grafana CreateWorkspaceServiceAccountToken  # serviceAccountToken.key
iam CreateVirtualMFADevice  # Base32StringSeed, QRCodePNG
iotwireless GetWirelessDevice  # PrivateKeys.Value
ivs BatchGetStreamKey  # streamKeys.value
ivs CreateChannel  # streamKey.value
ivs CreateStreamKey
ivs GetStreamKey
lambda CreateMicrovmAuthToken  # authToken, a map
lambda CreateMicrovmShellAuthToken
lambda GetFunction  # Code.Location
lambda GetLayerVersion  # Content.Location
lambda GetLayerVersionByArn
lambda PublishLayerVersion
lightsail GetInstanceAccessDetails
quicksight GetDashboardEmbedUrl
quicksight GetSessionEmbedUrl
s3 CreateSession
snowball GetJobManifest  # ManifestURI
snowball GetJobUnlockCode  # UnlockCode
ssm CreateActivation  # ActivationCode
ssm ResumeSession
ssm StartSession
sts GetFederationToken
transcribe GetCallAnalyticsJob  # Transcript.TranscriptFileUri
transcribe GetTranscriptionJob
workdocs GetDocument  # Metadata.LatestVersionMetadata.Source
workdocs GetDocumentVersion
"""


def yields(shape, excluded, seen):
    if shape is None or shape.name in seen:
        return False
    seen = seen | {shape.name}
    if shape.type_name == "structure":
        return any(is_credential(name, member, excluded) or yields(member, excluded, seen) for name, member in shape.members.items())
    if shape.type_name == "list":
        return yields(shape.member, excluded, seen)
    if shape.type_name == "map":
        return yields(shape.value, excluded, seen)
    return False


def is_credential(name, member, excluded):
    if name in excluded or NOT_NAMES.fullmatch(name):
        return False
    if member.type_name == "structure":
        return name.lower() == "credentials"
    return member.type_name in ("string", "blob") and NAMES.fullmatch(name) is not None


def main():
    session = botocore.session.get_session()
    operations, found = set(), set()
    for folder in session.get_available_services():
        model = session.get_service_model(folder)
        name = model.metadata.get("signingName") or model.metadata["endpointPrefix"]
        excluded = NOT_MEMBERS.get(name, "").split()
        for operation in map(model.operation_model, model.operation_names):
            operations.add((name, operation.name))
            if yields(operation.output_shape, excluded, frozenset()):
                found.add((name, operation.name))
    more = {tuple(line.split("#")[0].split()) for line in MORE.split("\n") if line}
    if unknown := more - operations:
        raise SystemExit(f"MORE names operations that botocore does not have: {sorted(unknown)}")
    print(f"# Operations whose replies carry credentials or signed addresses, from botocore {botocore.__version__} (Apache-2.0) by credentials.py.")
    for line in sorted((found | more | UNMODELLED) - NOT):
        print(*line)


if __name__ == "__main__":
    main()
