import assert from "node:assert/strict";
import { test } from "node:test";
import { provider } from "./app.js";

const grant = (...actions) => ({
  provider: "acme",
  permissions: actions.map((action) => ({ action, origin: action, resources: { tag: "every" } })),
  deny: [],
  ttlSeconds: 900,
  gateway: false,
  session: "audex-test",
});

test("actions that there are none of are not known", () => {
  const found = provider.check(["door:*", "door:opne", "door"]);
  assert.deepEqual(found.map((one) => one.status), ["known", "unknown", "malformed"]);
});

test("a token is of the building and ends at the ttl", () => {
  globalThis.host = { now: 1000n, settings: { building: "north" } };
  const asked = grant("door:open");
  const minted = provider.mint(asked, provider.plan(asked));
  assert.equal(minted.expiresAt, 1900n);
  assert.equal(minted.variables[0].value.val, "north");
  assert.equal(minted.variables[1].value.val.plain, "acme-north-audex-test");
});

test("advice is given to who may not open doors", () => {
  assert.deepEqual(provider.preflight(grant("door:*"), ["/bin/open-door"]), []);
  assert.deepEqual(provider.preflight(grant(), ["/bin/open-door"])[0].missing, ["door:open"]);
});

test("documents are JSON", () => {
  assert.equal(provider.document(grant("door:open"), 'a"b', "json"), '{"name":"a\\"b","may":["door:open"]}');
  assert.throws(() => provider.document(grant(), "a", "terraform"), { code: "operation-unsupported" });
});
