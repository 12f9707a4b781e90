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
  attribute: (calls) => calls.map(() => ({ known: false, permissions: [] })),
  expand: (patterns) => patterns.map((name) => ({ name })),
  statements: refuse("statements"),
  effective: refuse("effective"),
};
