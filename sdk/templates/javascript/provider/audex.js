// What a provider answers where it has nothing of its own to say.

export const unsupported = (operation) => ({
  kind: "unsupported",
  code: "operation-unsupported",
  message: `this provider does not offer \`${operation}\``,
});

const refuse = (operation) => () => {
  throw unsupported(operation);
};

export const defaults = {
  preflight: () => [],
  document: refuse("document"),
  revoke: refuse("revoke"),
  settled: () => true,
  leftovers: () => [],
  health: () => [],
  observed: refuse("observed"),
  recognise: (requests) =>
    requests.map(({ service, host, method, path }) => ({
      service: service ?? host,
      operation: `${method} ${path}`,
      known: false,
      resources: [],
      count: 1,
      denied: false,
      source: "",
    })),
  read: ({ method, path }) => ({ tag: "unknown", val: `${method} ${path}` }),
  refuse: (_request, message) => ({
    status: 403,
    headers: [["content-type", "text/plain; charset=utf-8"]],
    body: new TextEncoder().encode(message),
  }),
  attribute: (calls) => calls.map(() => ({ known: false, permissions: [] })),
  expand: (patterns) => patterns.map((name) => ({ name, yieldsCredentials: false })),
  statements: refuse("statements"),
  effective: refuse("effective"),
};
