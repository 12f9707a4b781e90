"""A vocabulary of a company's own, in place of the built-in one."""

from wit_world import exports
from wit_world.exports.mapping import Expansion, Row

# Name, provider, and what the name means there.
TABLE = [
    Row("reports:read", "aws", ["s3:GetObject", "s3:ListBucket"], None),
    Row("door:read", "acme", ["door:look"], None),
]


def meaning(provider, asked):
    rows = [row for row in TABLE if row.universal == asked]
    # A name of this table without a row for the provider has no actions; the host then says so.
    actions = [action for row in rows if row.provider == provider for action in row.actions]
    return Expansion(actions, None) if rows else None


class Mapping(exports.Mapping):
    def rows(self):
        return TABLE

    def expand(self, provider, permissions):
        return [meaning(provider, asked) for asked in permissions]
