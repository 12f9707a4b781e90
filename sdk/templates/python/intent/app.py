"""An intent engine that looks words up in a table: no model, no network, the same answer every time."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.intent import Candidate, Proposal
from wit_world.imports.types import Error, ErrorKind

# A word, and what it means. The host checks what is proposed like anything a user types.
WORDS = {"report": ["s3:GetObject", "s3:ListBucket"], "queue": ["sqs:SendMessage"]}


class Intent(exports.Intent):
    def translate(self, text, provider):
        text = text.lower()
        candidates = [
            Candidate(action, 100, f"the sentence has `{word}`")
            for word, actions in WORDS.items()
            if word in text
            for action in actions
        ]
        if not candidates:
            message = "no word of the sentence is in the table"
            raise Err(Error(ErrorKind.INVALID_INPUT, "no-word", message, "write `report` or `queue`"))
        allow = [candidate.action for candidate in candidates]
        return Proposal(allow, [], "what the words of the sentence stand for", candidates)
