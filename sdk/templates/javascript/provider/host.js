// Natively there is no host but the one that a test makes: what this component imports, and what the test wants it to answer.

import { register } from "node:module";

globalThis.host = { now: 0n, settings: {} };

const host = `
  export const now = () => globalThis.host.now;
  export const get = (key) => globalThis.host.settings[key];
  export class Secret { constructor(plain) { this.plain = plain; } }
`;
const url = (text) => `data:text/javascript,${encodeURIComponent(text)}`;
register(
  url(`export const resolve = (name, context, next) => name.startsWith("audex:")
    ? { url: ${JSON.stringify(url(host))}, shortCircuit: true }
    : next(name, context);`),
);
