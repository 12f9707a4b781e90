// A whole provider: doors that open by a token made here. A real one would ask its cloud in `mint`.

import { now } from "audex:plugin/clock@0.1.0";
import { Secret } from "audex:plugin/secrets@0.1.0";
import { get } from "audex:plugin/settings@0.1.0";
import { defaults, unsupported } from "./audex.js";
import { matches } from "./pattern.js";

const quoted = (text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

// All that there is to be allowed.
const ACTIONS = ["door:open", "door:close", "door:lock", "door:inspect"];

export const provider = {
  ...defaults,

  describe: () => ({
    id: "acme",
    title: "Acme doors",
    actionSyntax: "thing:verb, for example `door:open`",
    settings: [{ key: "building", description: "the building", env: "AUDEX_ACME_BUILDING" }],
    profiles: [],
    sets: ["ACME_ACCOUNT", "ACME_TOKEN", "ACME_CREDENTIALS"],
    configuredBy: [],
    learnSources: [],
    broadest: [],
    fronts: [],
  }),

  check: (actions) =>
    actions.map((action) => {
      if (ACTIONS.some((one) => matches(action, one))) return { status: "known", actions: [action] };
      return { status: action.includes(":") ? "unknown" : "malformed", actions: [] };
    }),

  plan: (grant) => ({
    method: "static-token",
    permissions: grant.permissions.map(({ action, origin }) => {
      // Said out loud: this token opens every door of the building.
      return { action, origin, enforcedBy: "token", note: "the whole building" };
    }),
    longestLifeSeconds: grant.ttlSeconds,
    notices: [],
    decides: [],
  }),

  preflight(grant, command) {
    const program = command[0]?.split("/").at(-1);
    const mayOpen = grant.permissions.some(({ action }) => matches(action, "door:open"));
    if (program !== "open-door" || mayOpen) return [];
    return [{ message: "`open-door` opens a door", missing: ["door:open"] }];
  },

  document(grant, name, format) {
    if (format !== "json") throw unsupported(`document ${format}`);
    const may = grant.permissions.map(({ action }) => quoted(action));
    return `{"name":${quoted(name)},"may":[${may.join(",")}]}`;
  },

  mint(grant, plan) {
    const building = get("building") ?? "main";
    const token = () => ({ tag: "secret", val: new Secret(`acme-${building}-${grant.session}`) });
    return {
      variables: [
        { name: "ACME_ACCOUNT", value: { tag: "plain", val: building } },
        { name: "ACME_TOKEN", value: token() },
      ],
      files: [{ name: "acme/token", contents: token(), env: "ACME_CREDENTIALS" }],
      endpoints: [],
      git: [],
      // A `u64` is a BigInt.
      expiresAt: now() + BigInt(grant.ttlSeconds),
      method: plan.method,
      notices: [],
    };
  },
};
