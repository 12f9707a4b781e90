import assert from "node:assert/strict";
import { test } from "node:test";
import { intent } from "./app.js";

test("words of the table are found and nothing is guessed", () => {
  assert.deepEqual(intent.translate("put it on the queue", "aws").allow, ["sqs:SendMessage"]);
  assert.throws(() => intent.translate("do what I mean", "aws"), { code: "no-word" });
});
