// An intent engine that looks words up in a table: no model, no network, the same answer every time.

// A word, and what it means. The host checks what is proposed like anything a user types.
const WORDS = { report: ["s3:GetObject", "s3:ListBucket"], queue: ["sqs:SendMessage"] };

export const intent = {
  translate(text, provider) {
    text = text.toLowerCase();
    const candidates = Object.entries(WORDS)
      .filter(([word]) => text.includes(word))
      .flatMap(([word, actions]) =>
        actions.map((action) => ({ action, score: 100, reason: `the sentence has \`${word}\`` })),
      );
    if (candidates.length === 0) {
      const message = "no word of the sentence is in the table";
      throw { kind: "invalid-input", code: "no-word", message, hint: "write `report` or `queue`" };
    }
    const allow = candidates.map((candidate) => candidate.action);
    return { allow, resources: [], description: "what the words of the sentence stand for", candidates };
  },
};
