// Wildcard patterns: `*` is any run, `?` one character. Fold case first where the cloud ignores it.
//
// What is asked for may have wildcards too: a rule that compares names with `===` or `startsWith` overlooks `s3:*`.

/** Whether `pattern` matches the plain `text`. */
export const matches = (pattern, text) => takes([...pattern], [...text], () => true);

/** Whether every text that `narrow` matches is matched by `wide` too. Never true wrongly. */
export const covers = (wide, narrow) => takes(normal(wide), normal(narrow), (symbol) => symbol !== "*");

/** Whether some text is matched by both patterns. */
export function intersects(left, right) {
  [left, right] = [[...left], [...right]];
  const todo = [[0, 0]];
  const seen = new Set();
  while (todo.length > 0) {
    const [l, r] = todo.pop();
    const at = l * (right.length + 1) + r;
    if (seen.has(at)) continue;
    seen.add(at);
    const [a, b] = [left[l], right[r]];
    if (a === undefined && b === undefined) return true;
    if (a === "*" || b === "*") {
      // The star takes what stands on the other side, or ends.
      if (a !== undefined) todo.push([l + 1, r]);
      if (b !== undefined) todo.push([l, r + 1]);
    } else if (a !== undefined && b !== undefined && (a === b || a === "?" || b === "?")) {
      todo.push([l + 1, r + 1]);
    }
  }
  return false;
}

/** Takes the least for each star, and goes back to the last star only. `one` says which symbols a `?` may take. */
function takes(pattern, symbols, one) {
  let [p, s, star] = [0, 0, undefined];
  while (p < pattern.length || s < symbols.length) {
    if (pattern[p] === "*") {
      star = [p + 1, s];
      p += 1;
    } else if (s < symbols.length && (pattern[p] === symbols[s] || (pattern[p] === "?" && one(symbols[s])))) {
      p += 1;
      s += 1;
    } else if (star && star[1] < symbols.length) {
      star[1] += 1;
      [p, s] = star;
    } else {
      return false;
    }
  }
  return true;
}

/** Each run of wildcards as its question marks and then at most one star. */
const normal = (pattern) => [
  ...pattern.replace(/[*?]+/g, (run) => run.replaceAll("*", "") + (run.includes("*") ? "*" : "")),
];
