import unittest

from app import Mapping


class House(unittest.TestCase):
    def test_names_of_the_table_have_a_meaning_and_others_have_none(self):
        known, unknown = Mapping().expand("aws", ["reports:read", "nobody:knows"])
        self.assertEqual(known.actions, ["s3:GetObject", "s3:ListBucket"])
        self.assertIsNone(unknown)

    def test_a_name_without_a_row_for_the_provider_has_no_actions(self):
        [known] = Mapping().expand("gcp", ["reports:read"])
        self.assertEqual(known.actions, [])
