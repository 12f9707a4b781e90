//! "Did you mean": the known name that is most similar to an unknown one.

/// The lowest similarity (0 to 1, Jaro-Winkler) that is suggested; one or two wrong letters stay above this value.
const LIKENESS: f64 = 0.8;

/// Returns the name in `known` that is most similar to `name`, if it is similar enough.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 >= LIKENESS).then(|| best.1.to_owned())
}
