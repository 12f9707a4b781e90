"""STS whose credentials are sessions that the double enforces; GetScopedCredentials added.

Replaced in `moto.sts.responses.TokenResponse`: AssumeRole (moto stores the session policy and never reads it, and accepts a role that does
not exist), GetSessionToken and GetFederationToken (moto returns constant keys), GetCallerIdentity (moto knows only assumed roles).
GetScopedCredentials (November 2026) is not in the botocore that moto runs on here: its shapes, as botocore 1.44.8 has them, are added to
moto's loaded model. The need for an `sts:GetScopedCredentials` allow is our reading; the model does not say.
"""

import datetime
import re
import secrets
import time
import uuid

from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.sts.exceptions import STSClientError, STSValidationError
from moto.sts.responses import TokenResponse

from . import policy, session
from .authentication import caller, refusal
from .session import ACCOUNT, Session

POLICY_CHARACTERS = 2048  # AWS's plaintext limit for a session policy
CHAINED_SECONDS = 3600  # AWS: a role assumed with a role's credentials lives at most an hour
LONGEST = 129600  # AWS: 36 hours, the most any of the token calls gives
SCOPED_POLICIES = 3  # botocore 1.44.8, ScopedPoliciesCount: a call that would add a fourth policy is denied
TOKEN_BYTES = 4096  # botocore 1.44.8: the largest session token
DESCRIPTION = re.compile(r"[\t\n\r\x20-\x7E\xA1-\xFF]{2,256}")
SCOPED_POLICY = re.compile(r"[\t\n\r\x20-\xFF]+")
SCOPED_ERRORS = ("InsufficientSessionLifetime", "InvalidSubjectCredentials")
SCOPED_PARAMETERS = {"Action", "Version", "Policy", "DurationSeconds", "MinimumSessionTokenSize", "ScopedSessionDescription"}


def install():
    model = get_service_model("sts")._service_description
    model["operations"]["GetScopedCredentials"] = {
        "name": "GetScopedCredentials",
        "http": {"method": "POST", "requestUri": "/"},
        "input": {"shape": "GetScopedCredentialsRequest"},
        "output": {"shape": "GetScopedCredentialsResponse", "resultWrapper": "GetScopedCredentialsResult"},
        "errors": model["operations"]["AssumeRole"]["errors"] + [{"shape": f"{code}Exception"} for code in SCOPED_ERRORS],
    }
    for code in SCOPED_ERRORS:
        error = {"code": code, "httpStatusCode": 400, "senderFault": True}
        model["shapes"][f"{code}Exception"] = {
            "type": "structure", "members": {"message": {"shape": "arnType"}}, "error": error, "exception": True}
    text, number = {"shape": "arnType"}, {"shape": "roleDurationSecondsType"}
    for name, members in {
        "GetScopedCredentialsRequest": {
            "Policy": text, "DurationSeconds": number, "MinimumSessionTokenSize": number, "ScopedSessionDescription": text},
        "ScopedSession": {"ScopedSessionId": text, "Arn": text},
        "GetScopedCredentialsResponse": {
            "Credentials": {"shape": "Credentials"}, "SessionInfo": {"shape": "ScopedSession"}, "SessionTokenUtilization": number,
            "SessionTokenSize": number, "ScopedPoliciesCount": number},
    }.items():
        model["shapes"][name] = {"type": "structure", "members": members}
    for handler in (assume_role, get_session_token, get_federation_token, get_scoped_credentials, get_caller_identity):
        setattr(TokenResponse, handler.__name__, handler)
    # What nobody asked of this double must not answer with something unenforced.
    for name in ("assume_role_with_web_identity", "assume_role_with_saml"):
        delattr(TokenResponse, name)


def assume_role(request):
    by, arn, name = caller(), request._get_param("RoleArn"), request._get_param("RoleSessionName")
    role = next((r for r in session.iam().get_roles() if r.arn == arn), None)
    needed = ["sts:AssumeRole"] + ["sts:TagSession"] * bool(request._get_param("Tags"))
    needed += ["sts:SetSourceIdentity"] * bool(request._get_param("SourceIdentity"))
    for action in needed:
        if role is None or not policy.trusts(role.assume_role_policy_document, action, by.principals()):
            raise refusal("query", "denied", f"User: {by.arn} is not authorized to perform: {action} on resource: {arn}")
    if not name or not 2 <= len(name) <= 64:
        raise STSValidationError("roleSessionName must have between 2 and 64 characters")
    longest = CHAINED_SECONDS if by.kind != "user" else role.max_session_duration or 3600
    made = Session(
        kind="role",
        owner=role.name,
        owner_id=role.id,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/{name}",
        user_id=f"{role.id}:{name}",
        expires=time.time() + _duration(request, 900, longest, 3600),
        layers=_session_policies(request),
    ).register()
    user = {"AssumedRoleId": made.user_id, "Arn": made.arn}
    return _answer(made, AssumedRoleUser=user, SourceIdentity=request._get_param("SourceIdentity"), PackedPolicySize=6)


def get_session_token(request):
    by = _long_term(caller(), "GetSessionToken")
    expires = time.time() + _duration(request, 900, LONGEST, 43200)
    return _answer(Session("session", by.owner, by.owner_id, by.arn, by.user_id, expires).register())


def get_federation_token(request):
    by, name = _long_term(caller(), "GetFederationToken"), request._get_param("Name")
    if not name or not 2 <= len(name) <= 32:
        raise STSValidationError("name must have between 2 and 32 characters")
    made = Session(
        kind="federated",
        owner=by.owner,
        owner_id=by.owner_id,
        arn=f"arn:aws:sts::{ACCOUNT}:federated-user/{name}",
        user_id=f"{ACCOUNT}:{name}",
        expires=time.time() + _duration(request, 900, LONGEST, 43200),
        # AWS: without a policy a federated user may do nothing, hence the empty layer.
        layers=_session_policies(request) or [[]],
    ).register()
    return _answer(made, FederatedUser={"FederatedUserId": made.user_id, "Arn": made.arn}, PackedPolicySize=6)


def get_scoped_credentials(request):
    by = caller()
    if by.kind == "user":
        raise STSClientError("InvalidSubjectCredentials", "GetScopedCredentials takes the credentials of a session")
    unknown = set(request.querystring) - SCOPED_PARAMETERS
    if unknown:
        raise STSValidationError(f"this double does not take the parameters {sorted(unknown)}")
    inline, description = request._get_param("Policy"), request._get_param("ScopedSessionDescription")
    if inline is None and request._get_param("DurationSeconds") is None:
        raise STSValidationError("at least one of Policy and DurationSeconds must be given")
    if inline is not None and not SCOPED_POLICY.fullmatch(inline):
        raise STSValidationError(f"policy must be of {SCOPED_POLICY.pattern}")
    if description is not None and not DESCRIPTION.fullmatch(description):
        raise STSValidationError(f"scopedSessionDescription must be of {DESCRIPTION.pattern}")
    least = request._get_int_param("MinimumSessionTokenSize", 0)
    if not 0 <= least <= TOKEN_BYTES:
        raise STSValidationError(f"minimumSessionTokenSize must be from 0 to {TOKEN_BYTES}")
    remaining = by.expires - time.time()
    seconds = _duration(request, 1, LONGEST, remaining)
    if seconds > remaining:
        raise STSClientError("InsufficientSessionLifetime", f"the calling session has {int(remaining)} s left")
    added = _session_policies(request)
    if added and by.scoped >= SCOPED_POLICIES:
        raise refusal("query", "denied", f"the session has {SCOPED_POLICIES} scope down policies, which is the maximum")
    expires = min(by.expires, time.time() + seconds)
    made = Session(by.kind, by.owner, by.owner_id, by.arn, by.user_id, expires, by.layers + added, by.scoped + len(added))
    made.token += secrets.token_hex(max(least - len(made.token), 0))[: max(least - len(made.token), 0)]
    made.register()
    return _answer(
        made, SessionInfo={"ScopedSessionId": str(uuid.uuid4()), "Arn": by.arn}, SessionTokenSize=len(made.token),
        SessionTokenUtilization=len(made.token) * 100 // TOKEN_BYTES, ScopedPoliciesCount=made.scoped)


def get_caller_identity(request):
    by = caller()
    return ActionResult({"UserId": by.user_id, "Account": ACCOUNT, "Arn": by.arn})


def _answer(made, **more):
    credentials = {
        "AccessKeyId": made.access_key_id,
        "SecretAccessKey": made.secret,
        "SessionToken": made.token,
        "Expiration": datetime.datetime.fromtimestamp(made.expires, datetime.timezone.utc),
    }
    return ActionResult({"Credentials": credentials} | {k: v for k, v in more.items() if v is not None})


def _long_term(by, operation):
    if by.kind != "user":
        raise refusal("query", "denied", f"Cannot call {operation} with session credentials")
    return by


def _duration(request, shortest, longest, default):
    asked = request._get_int_param("DurationSeconds")
    if asked is None:
        return default
    if not shortest <= asked <= longest:
        raise STSValidationError(f"DurationSeconds {asked} is not between {shortest} and {longest}, the limits for this call")
    return asked


def _session_policies(request):
    """Returns no layer, or the one layer that the inline and the managed session policies make together."""
    inline = request._get_param("Policy")
    layer = [session.managed(entry["arn"]) for entry in request._get_param("PolicyArns", [])]
    if inline is not None:
        if len(inline) > POLICY_CHARACTERS:
            raise STSClientError("PackedPolicyTooLarge", f"the session policy has {len(inline)} characters; {POLICY_CHARACTERS} is the most")
        try:
            IAMPolicyDocumentValidator(inline).validate()
            if any("Principal" in s or "NotPrincipal" in s for s in policy.statements(inline)):
                raise MalformedPolicyDocument("A session policy has no principal.")
        except MalformedPolicyDocument as error:
            raise STSClientError("MalformedPolicyDocument", error.message) from None
        layer.append(inline)
    return [layer] if layer else []
