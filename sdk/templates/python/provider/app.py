"""A whole provider: doors that open by a token made here. A real one would ask its cloud in `mint`."""

from difflib import get_close_matches

import audex
from pattern import matches
from wit_world.exports.provider import (
    Advice,
    Description,
    Enforcer,
    File,
    Finding,
    GrantPlan,
    Minted,
    Planned,
    Setting,
    Status,
    Value_Plain,
    Value_Secret,
    Variable,
)
from wit_world.imports import clock, settings
from wit_world.imports.secrets import Secret

# All that there is to be allowed.
ACTIONS = ["door:open", "door:close", "door:lock", "door:inspect"]


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Provider(audex.Provider):
    def describe(self):
        return Description(
            id="acme",
            title="Acme doors",
            action_syntax="thing:verb, for example `door:open`",
            settings=[Setting("building", "the building", "AUDEX_ACME_BUILDING")],
            profiles=[],
            sets=["ACME_ACCOUNT", "ACME_TOKEN", "ACME_CREDENTIALS"],
            tool_logins=None,
            configured_by=[],
            learn_sources=[],
            broadest=[],
            calls_to=None,
            fronts=[],
        )

    def check(self, actions):
        def finding(action):
            if any(matches(action, one) for one in ACTIONS):
                return Finding(Status.KNOWN, [action], access=None, note=None, suggestion=None)
            if ":" not in action:
                return Finding(Status.MALFORMED, [], access=None, note=None, suggestion=None)
            near = next(iter(get_close_matches(action, ACTIONS)), None)
            return Finding(Status.UNKNOWN, [], access=None, note=None, suggestion=near)

        return [finding(action) for action in actions]

    def plan(self, grant):
        return GrantPlan(
            method="static-token",
            policy=None,
            policy_limit=None,
            # Said out loud: this token opens every door of the building.
            permissions=[
                Planned(one.action, one.origin, Enforcer.TOKEN, "the whole building") for one in grant.permissions
            ],
            longest_life_seconds=grant.ttl_seconds,
            notices=[],
            decides=[],
        )

    def preflight(self, grant, command):
        program = command[0].rsplit("/")[-1] if command else None
        if program != "open-door" or any(matches(one.action, "door:open") for one in grant.permissions):
            return []
        return [Advice("`open-door` opens a door", ["door:open"])]

    def document(self, grant, name, format):
        if format != "json":
            raise audex.unsupported(f"document {format}")
        may = ",".join(quoted(one.action) for one in grant.permissions)
        return f'{{"name":{quoted(name)},"may":[{may}]}}'

    def mint(self, grant, plan):
        building = settings.get("building")
        building = "main" if building is None else building

        def token():
            return Value_Secret(Secret(f"acme-{building}-{grant.session}"))

        return Minted(
            variables=[Variable("ACME_ACCOUNT", Value_Plain(building)), Variable("ACME_TOKEN", token())],
            files=[File("acme/token", token(), "ACME_CREDENTIALS")],
            endpoints=[],
            git=[],
            expires_at=clock.now() + grant.ttl_seconds,
            identity=None,
            credential_id=None,
            lease=None,
            settle_seconds=None,
            method=plan.method,
            notices=[],
        )
