//! Tables of operations by HTTP method and path: the one place that knows their layout and the matching.
//!
//! The first line names the source of the table. A line `name offset length` follows for each section,
//! sorted, then an empty line, then the sections. Each section is raw DEFLATE of lines
//! `METHOD /path/{label} operation[ condition…]`, sorted. A condition is `name` or `name=value` of the query, or
//! `!name` for a header. `{label+}` matches slashes too; literal text may follow a label (`{name}:verb`).
//! `method_table.py` makes the tables. Requests are hostile input: bounded, and never assumed to be well
//! formed.

pub mod sorted;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use percent_encoding::percent_decode_str;

/// The size limit of a decompressed section; the largest section has a tenth of this size.
const SECTION_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    /// The sections that were used, by the address of their table and their name. A name that has no section is
    /// not kept, so requests cannot fill it.
    static INFLATED: RefCell<HashMap<usize, HashMap<String, Rc<str>>>> = RefCell::default();
}

/// A table of operations.
#[derive(Clone, Copy, Debug)]
pub struct Table(&'static [u8]);

/// The request to look up in a table.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path as sent, percent-encoded.
    pub path: &'a str,
    /// The query, decoded.
    pub query: &'a [(String, String)],
    /// The headers, with names in lower case.
    pub headers: &'a [(String, String)],
}

/// An operation, with the decoded labels of its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The name in the table.
    pub operation: String,
    /// The path of the table that the request's fits.
    pub template: String,
    /// Names and values of the labels.
    pub labels: Vec<(String, String)>,
    /// The names of the query's parameters that are conditions of the operation.
    pub conditions: Vec<String>,
}

impl Table {
    /// Wraps the table in `data`.
    #[must_use]
    pub const fn new(data: &'static [u8]) -> Self {
        Self(data)
    }

    /// Returns true if the table has a section of this name.
    #[must_use]
    pub fn has(self, section: &str) -> bool {
        self.place(section).is_some()
    }

    /// Returns the one operation of the section that fits best, or `None` if two fit equally well.
    #[must_use]
    pub fn find(self, section: &str, request: Request<'_>) -> Option<Found> {
        let lines = self.section(section)?;
        let mut best: Option<Fit<'_>> = None;
        let mut is_tie = false;
        let lines = sorted::lines_of(&lines, request.method).lines();
        for fit in lines.filter_map(|line| fit(line, request)) {
            match best.as_ref().map_or(Ordering::Greater, |best| fit.rank.cmp(&best.rank)) {
                Ordering::Greater => (best, is_tie) = (Some(fit), false),
                Ordering::Equal => {
                    is_tie |= best.as_ref().is_some_and(|best| best.operation != fit.operation);
                }
                Ordering::Less => {}
            }
        }
        let best = best.filter(|_| !is_tie)?;
        let Fit { operation, template, labels, conditions, .. } = best;
        let (operation, template) = (operation.to_owned(), template.to_owned());
        Some(Found { operation, template, labels, conditions })
    }

    /// Returns the names of all sections.
    pub fn sections(self) -> impl Iterator<Item = &'static str> {
        self.index().lines().filter_map(|line| line.split(' ').next())
    }

    /// Returns the lines of a section. It is inflated once; an instance that stays uses it again.
    #[must_use]
    pub fn section(self, name: &str) -> Option<Rc<str>> {
        let table = self.0.as_ptr().addr();
        let known = INFLATED.with_borrow(|all| all.get(&table)?.get(name).cloned());
        if known.is_some() {
            return known;
        }
        let section: Rc<str> = self.inflate(name)?.into();
        INFLATED.with_borrow_mut(|all| {
            all.entry(table).or_default().insert(name.to_owned(), Rc::clone(&section))
        });
        Some(section)
    }

    fn inflate(self, name: &str) -> Option<String> {
        let (offset, length) = self.place(name)?;
        let start = self.title().len() + self.index().len() + 1 + offset;
        let block = self.0.get(start..start.checked_add(length)?)?;
        let text = miniz_oxide::inflate::decompress_to_vec_with_limit(block, SECTION_BYTES).ok()?;
        String::from_utf8(text).ok()
    }

    /// Returns the offset and length of a section.
    fn place(self, section: &str) -> Option<(usize, usize)> {
        let line = sorted::rest_of(self.index(), section)?;
        let mut numbers = line.split(' ').map(str::parse::<usize>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    }

    /// Returns the first line, with its line break.
    fn title(self) -> &'static str {
        let end = self.0.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.text(0, end)
    }

    /// Returns the lines of the index, up to the empty line.
    fn index(self) -> &'static str {
        let start = self.title().len();
        let rest = self.0.get(start..).unwrap_or_default();
        let end = rest.windows(2).position(|two| two == b"\n\n").map_or(0, |at| at + 1);
        self.text(start, start + end)
    }

    fn text(self, start: usize, end: usize) -> &'static str {
        self.0.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// A line that fits a request.
struct Fit<'a> {
    operation: &'a str,
    template: &'a str,
    labels: Vec<(String, String)>,
    conditions: Vec<String>,
    /// The number of literal parts of the path, then of conditions: the higher rank is the more specific
    /// line.
    rank: (usize, usize),
}

fn fit<'a>(line: &'a str, request: Request<'_>) -> Option<Fit<'a>> {
    let mut words = line.split(' ');
    let (method, template, operation) = (words.next()?, words.next()?, words.next()?);
    if method != request.method {
        return None;
    }
    let mut conditions = 0;
    for condition in words.clone() {
        let met = if let Some(header) = condition.strip_prefix('!') {
            request.headers.iter().any(|(name, _)| name == header)
        } else {
            let (name, value) = condition
                .split_once('=')
                .map_or((condition, None), |(name, value)| (name, Some(value)));
            request
                .query
                .iter()
                .any(|(known, had)| known == name && value.is_none_or(|value| value == had))
        };
        if !met {
            return None;
        }
        conditions += 1;
    }
    let (labels, literals) = labels(template, request.path)?;
    let names = words.filter(|condition| !condition.starts_with('!'));
    let names = names.map(|condition| condition.split('=').next().unwrap_or_default().to_owned());
    Some(Fit {
        operation,
        template,
        labels,
        conditions: names.collect(),
        rank: (literals, conditions),
    })
}

/// Returns the labels of `template` in `path`, and the number of literal parts.
fn labels(template: &str, path: &str) -> Option<(Vec<(String, String)>, usize)> {
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    let mut found = Vec::new();
    let mut literals = 0;
    let template = template.strip_prefix('/').unwrap_or(template);
    let mut segments = template.split('/').filter(|segment| !segment.is_empty());
    while let Some(segment) = segments.next() {
        let label = segment.strip_prefix('{').and_then(|label| label.split_once('}'));
        if let Some((greedy, "")) = label
            && let Some(greedy) = greedy.strip_suffix('+')
        {
            // The greedy label takes everything before the rest of the template.
            let tail: Vec<&str> = segments.by_ref().collect();
            let (count, tail) = (tail.len(), tail.join("/"));
            let value =
                if tail.is_empty() { rest } else { rest.strip_suffix(&tail)?.strip_suffix('/')? };
            if value.is_empty() {
                return None;
            }
            found.push((greedy.to_owned(), decode(value)));
            return Some((found, literals + count));
        }
        let (value, after) = rest.split_once('/').unwrap_or((rest, ""));
        match label {
            Some((label, suffix)) => {
                let value = value.strip_suffix(suffix).filter(|value| !value.is_empty())?;
                literals += usize::from(!suffix.is_empty());
                found.push((label.to_owned(), decode(value)));
            }
            None if segment == value || segment == decode(value) => literals += 1,
            None => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some((found, literals))
}

/// Decodes `%XX`; what is no UTF-8 becomes U+FFFD.
#[must_use]
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(template: &str, path: &str) -> Option<(Vec<(String, String)>, usize)> {
        labels(template, path)
    }

    #[test]
    fn labels_take_one_segment_their_suffix_or_the_rest() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(of("/a/{b}/c", "/a/x%2Fy/c"), Some((vec![pair("b", "x/y")], 2)));
        assert_eq!(of("/a/{b}:verb", "/a/x:verb"), Some((vec![pair("b", "x")], 2)));
        assert_eq!(of("/{b}/{k+}", "/x//y/"), Some((vec![pair("b", "x"), pair("k", "/y/")], 0)));
        assert_eq!(of("/{k+}/tail", "/x/y/tail"), Some((vec![pair("k", "x/y")], 1)));
        assert_eq!(of("/a/", "/a"), Some((vec![], 1)));
        for (template, path) in [
            ("/a/{b}", "/a/"),
            ("/a", "/a/b"),
            ("/a/{b}:verb", "/a/x"),
            ("/{b}/{k+}", "/x/"),
            ("/a", ""),
        ] {
            assert_eq!(of(template, path), None, "{template} {path}");
        }
    }

    #[test]
    fn what_is_no_table_has_nothing() {
        for data in [
            &b""[..],
            b"\n",
            b"title\nx 0 9\n\n",
            b"title\nx 0 18446744073709551615\n\nab",
            b"title\nx\n\n\xff\xff",
        ] {
            let table = Table::new(data);
            let request = Request { method: "GET", path: "/", query: &[], headers: &[] };
            assert!(table.find("x", request).is_none() && table.section("y").is_none());
        }
    }
}
