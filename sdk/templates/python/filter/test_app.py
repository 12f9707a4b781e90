import unittest

from app import Filter
from wit_world.exports.filter import Approval_Approve, Context, Isolation, Plan, Verdict_Pass
from wit_world.exports.types import Grant, Permission, Scope_Every

CONTEXT = Context(
    command=["aws"],
    user="ann",
    now=1_800_000_000,
    justification=None,
    profiles=[],
    isolation=Isolation.OFF,
    delivery=None,
    agent=None,
    subject="ann",
    parents=[],
    step_up=None,
)


def grant(*actions):
    permissions = [Permission(action, action, Scope_Every()) for action in actions]
    return Grant("aws", permissions, deny=[], ttl_seconds=900, session="audex-test", gateway=False)


def review(*actions):
    return Filter().review(grant(*actions), CONTEXT, "{}")


class NoDeletes(unittest.TestCase):
    def test_deletes_are_dropped_and_all_else_stays(self):
        self.assertEqual(review("s3:GetObject", "s3:DeleteObject").value[0].drop, [1])
        self.assertEqual(review("s3:GetObject"), Verdict_Pass())

    def test_deletes_that_a_wildcard_covers_are_forbidden(self):
        [found] = review("s3:*", "s3:?elete*").value
        self.assertEqual((found.drop, found.deny), ([], ["*:Delete*"]))

    def test_a_plan_is_approved(self):
        plan = Plan(method="assume-role", policy=None, permissions=[], longest_life_seconds=900)
        self.assertEqual(Filter().approve(grant(), plan, CONTEXT, "{}"), Approval_Approve())
