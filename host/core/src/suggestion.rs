//! "Did you mean": the known name that is most like one that is not known.

/// Names less alike than this (0 to 1, Jaro-Winkler) are not suggested; one or two wrong letters stay above it.
const LIKENESS: f64 = 0.8;

/// The name of `known` that `name` was probably meant to be.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 >= LIKENESS).then(|| best.1.to_owned())
}
