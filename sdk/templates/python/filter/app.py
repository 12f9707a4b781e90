"""A filter that drops every permission to delete, and forbids the deletes that a wildcard covers."""

from pattern import covers, intersects
from wit_world import exports
from wit_world.exports.filter import Approval_Approve, Restriction, Verdict_Pass, Verdict_Restrict


class Filter(exports.Filter):
    def review(self, grant, context, settings):
        drop, deny = [], []
        for at, permission in enumerate(grant.permissions):
            verb = permission.action.rsplit(":")[-1].lower()
            if covers("delete*", verb):
                drop.append(at)
            elif intersects("delete*", verb):
                # `s3:*` is more than deletes: it stays, and the cloud is told what it must not do.
                deny = ["*:Delete*"]
        if not drop and not deny:
            return Verdict_Pass()
        return Verdict_Restrict([Restriction(drop, deny, None, None, None, "this team deletes by ticket")])

    def approve(self, grant, plan, context, settings):
        return Approval_Approve()
