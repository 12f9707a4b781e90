// A filter that drops every permission to delete, and forbids the deletes that a wildcard covers.

import { covers, intersects } from "./pattern.js";

export const filter = {
  review(grant, context, settings) {
    const drop = [];
    let deny = [];
    grant.permissions.forEach(({ action }, at) => {
      const verb = action.split(":").at(-1).toLowerCase();
      if (covers("delete*", verb)) drop.push(at);
      // `s3:*` is more than deletes: it stays, and the cloud is told what it must not do.
      else if (intersects("delete*", verb)) deny = ["*:Delete*"];
    });
    if (drop.length === 0 && deny.length === 0) return { tag: "pass" };
    return { tag: "restrict", val: [{ drop, deny, reason: "this team deletes by ticket" }] };
  },

  approve(grant, plan, context, settings) {
    return { tag: "approve" };
  },
};
