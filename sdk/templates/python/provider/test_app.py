import unittest
from unittest import mock

import app
from app import Provider
from componentize_py_types import Err
from wit_world.exports.provider import Status
from wit_world.imports.types import Grant, Permission, Scope_Every

PERMISSION = Permission("door:open", "door:open", Scope_Every())
GRANT = Grant("acme", [PERMISSION], deny=[], ttl_seconds=900, session="audex-test", gateway=False)


class Acme(unittest.TestCase):
    def test_actions_that_there_are_none_of_get_the_nearest_that_there_is(self):
        found = Provider().check(["door:*", "door:opne", "door"])
        self.assertEqual([one.status for one in found], [Status.KNOWN, Status.UNKNOWN, Status.MALFORMED])
        self.assertEqual(found[1].suggestion, "door:open")

    # Natively there is no host but the one that a test makes.
    @mock.patch.object(app, "Secret", str)
    @mock.patch.object(app.clock, "now", lambda: 1000)
    @mock.patch.object(app.settings, "get", lambda key: {"building": "north"}.get(key))
    def test_a_token_is_of_the_building_and_ends_at_the_ttl(self):
        plan = Provider().plan(GRANT)
        minted = Provider().mint(GRANT, plan)
        self.assertEqual(minted.expires_at, 1900)
        self.assertEqual([one.value.value for one in minted.variables], ["north", "acme-north-audex-test"])

    def test_advice_is_given_to_who_may_not_open_doors(self):
        self.assertEqual(Provider().preflight(GRANT, ["/bin/open-door"]), [])
        nothing = Grant("acme", [], deny=[], ttl_seconds=900, session="audex-test", gateway=False)
        self.assertEqual(Provider().preflight(nothing, ["/bin/open-door"])[0].missing, ["door:open"])

    def test_documents_are_json(self):
        self.assertEqual(Provider().document(GRANT, 'a"b', "json"), '{"name":"a\\"b","may":["door:open"]}')
        with self.assertRaises(Err):
            Provider().document(GRANT, "a", "terraform")
