import unittest

from app import Intent
from componentize_py_types import Err


class Table(unittest.TestCase):
    def test_words_of_the_table_are_found_and_nothing_is_guessed(self):
        self.assertEqual(Intent().translate("put it on the queue", "aws").allow, ["sqs:SendMessage"])
        with self.assertRaises(Err) as refused:
            Intent().translate("do what I mean", "aws")
        self.assertEqual(refused.exception.value.code, "no-word")
