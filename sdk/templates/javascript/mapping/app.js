// A vocabulary of a company's own, in place of the built-in one.

const TABLE = [
  { universal: "reports:read", provider: "aws", actions: ["s3:GetObject", "s3:ListBucket"] },
  { universal: "door:read", provider: "acme", actions: ["door:look"] },
];

function meaning(provider, asked) {
  const rows = TABLE.filter((row) => row.universal === asked);
  if (rows.length === 0) return undefined;
  // A name of this table without a row for the provider has no actions; the host then says so.
  return { actions: rows.filter((row) => row.provider === provider).flatMap((row) => row.actions) };
}

export const mapping = {
  rows: () => TABLE,
  expand: (provider, permissions) => permissions.map((asked) => meaning(provider, asked)),
};
