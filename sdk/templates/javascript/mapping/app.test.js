import assert from "node:assert/strict";
import { test } from "node:test";
import { mapping } from "./app.js";

test("names of the table have a meaning and others have none", () => {
  const [known, unknown] = mapping.expand("aws", ["reports:read", "nobody:knows"]);
  assert.deepEqual(known.actions, ["s3:GetObject", "s3:ListBucket"]);
  assert.equal(unknown, undefined);
});

test("a name without a row for the provider has no actions", () => {
  assert.deepEqual(mapping.expand("gcp", ["reports:read"]), [{ actions: [] }]);
});
