import assert from "node:assert/strict";
import { test } from "node:test";
import { filter } from "./app.js";

// As the host hands it over: a `u64` is a BigInt, and an option that is none is undefined.
const context = {
  command: ["aws"],
  user: "ann",
  now: 1_800_000_000n,
  justification: undefined,
  profiles: [],
  isolation: "off",
  delivery: undefined,
  agent: undefined,
  subject: "ann",
  parents: [],
  stepUp: undefined,
};

const grant = (...actions) => ({
  provider: "aws",
  permissions: actions.map((action) => ({ action, origin: action, resources: { tag: "every" } })),
  deny: [],
  ttlSeconds: 900,
  gateway: false,
  session: "audex-test",
});
const review = (...actions) => filter.review(grant(...actions), context, "{}");

test("deletes are dropped and all else stays", () => {
  assert.deepEqual(review("s3:GetObject", "s3:DeleteObject").val[0].drop, [1]);
  assert.deepEqual(review("s3:GetObject"), { tag: "pass" });
});

test("deletes that a wildcard covers are forbidden", () => {
  const [{ drop, deny }] = review("s3:*", "s3:?elete*").val;
  assert.deepEqual([drop, deny], [[], ["*:Delete*"]]);
});

test("a plan is approved", () => {
  const plan = { method: "assume-role", policy: undefined, permissions: [], longestLifeSeconds: 900 };
  assert.deepEqual(filter.approve(grant(), plan, context, "{}"), { tag: "approve" });
});
