"""The temporary credentials that the double has handed out, and what each may do.

moto keeps an AssumedRole object per AssumeRole and nothing for the other STS calls; neither carries a policy that anything reads.
"""

import dataclasses
import secrets
import time

from botocore.credentials import Credentials
from moto.iam.models import iam_backends

from . import policy

ACCOUNT = "123456789012"  # moto's default account; the double has one account and one partition

# Live sessions by access key id. Never cleaned: a dead session must answer "expired", not "unknown".
SESSIONS = {}

# Rules switched off: "all" while the double is being seeded, and what `--without` names, so that check_double.py can show that it
# notices. Empty in every other use.
OFF = set()


def iam():
    return iam_backends[ACCOUNT]["aws"]


@dataclasses.dataclass
class Session:
    """One temporary key."""

    kind: str  # "role", "federated" or "session"; scoping down keeps it
    owner: str  # role or user name whose identity policies are the first layer
    owner_id: str  # unique id: a role that was deleted and made again is another role
    arn: str
    user_id: str
    expires: float  # seconds since the epoch
    layers: list = dataclasses.field(default_factory=list)  # session policies; each layer must allow
    scoped: int = 0  # how many of the layers came from GetScopedCredentials
    access_key_id: str = ""
    secret: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(30))
    token: str = dataclasses.field(default_factory=lambda: "FwoG" + secrets.token_urlsafe(240))

    def register(self):
        """Files the session under a fresh ASIA key id, which moto must know to find the account."""
        self.access_key_id = iam().create_temp_access_key().access_key_id
        SESSIONS[self.access_key_id] = self
        return self

    def expired(self):
        return "expiry" not in OFF and time.time() >= self.expires

    def allows(self, action, resource):
        service = action.partition(":")[0].lower()
        operation = action.partition(":")[2]
        # AWS: federated and session tokens cannot call IAM (no MFA here), and next to nothing of STS.
        if self.kind != "role" and service == "iam":
            return False
        if self.kind != "role" and service == "sts":
            reach = {"GetCallerIdentity", "GetScopedCredentials"} | ({"AssumeRole"} if self.kind == "session" else set())
            if operation not in reach:
                return False
        layers = identity_layers(self.kind, self.owner, self.owner_id)
        return policy.allows(layers + ([] if "session-policy" in OFF else self.layers), action, resource)

    def create_credentials(self):
        return Credentials(self.access_key_id, self.secret, self.token)

    def principals(self):
        """The names by which a trust policy can mean this caller."""
        names = {self.arn, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"}
        if self.kind == "role":
            names.add(f"arn:aws:iam::{ACCOUNT}:role/{self.owner}")
        return names


class UserKey:
    """A user's long-term key, as moto keeps it."""

    kind = "user"

    def __init__(self, user, key):
        self.owner, self.owner_id, self.arn, self.user_id, self.key = user.name, user.id, user.arn, user.id, key

    def create_credentials(self):
        return Credentials(self.key.access_key_id, self.key.secret_access_key)

    def allows(self, action, resource):
        # AWS: every user may call GetSessionToken for itself.
        return action == "sts:GetSessionToken" or policy.allows(identity_layers("user", self.owner), action, resource)

    def principals(self):
        return {self.arn, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"}


def find(access_key_id):
    """Returns the Session or active UserKey of a key id, or None."""
    if access_key_id in SESSIONS:
        return SESSIONS[access_key_id]
    for user in iam().list_users("/", None, None):
        for key in user.access_keys:
            if key.access_key_id == access_key_id and key.status == "Active":
                return UserKey(user, key)
    return None


def identity_layers(kind, owner, owner_id=None):
    """Identity policies and permissions boundary as they are now; none (nothing allowed) when the owner is gone."""
    backend = iam()
    if kind == "role":
        role = next((r for r in backend.get_roles() if r.name == owner), None)
        if role is None or (owner_id and role.id != owner_id):
            return []
        documents = list(role.policies.values()) + [managed(arn) for arn in role.managed_policies]
        boundary = role.permissions_boundary_arn
        return [documents] + ([[managed(boundary)]] if boundary else [])
    user = next((u for u in backend.list_users("/", None, None) if u.name == owner), None)
    if user is None or (owner_id and user.id != owner_id):
        return []
    documents = list(user.policies.values()) + [managed(arn) for arn in user.managed_policies]
    for group in backend.get_groups_for_user(owner):
        documents += list(group.policies.values()) + [managed(arn) for arn in group.managed_policies]
    return [documents]


def managed(arn):
    return next(v.document for v in iam().get_policy(arn).versions if v.is_default)
