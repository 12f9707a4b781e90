//! Operations by method and path. The table is made by `generate.py`; how it is laid out stands there.

use audex_sdk::provider::SeenRequest;
use percent_encoding::percent_decode_str;

use crate::Asked;

static DATA: &[u8] = include_bytes!("../operations.bin");
/// The largest section is a tenth of this.
const SECTION_BYTES: usize = 1024 * 1024;
/// How S3 names a bucket in a host: `bucket.s3.eu-west-1.amazonaws.com`, `bucket.s3-fips.…`.
const BUCKET_HOSTS: [&str; 2] = [".s3.", ".s3-"];

/// Whether services that sign so name operations by method and path.
pub fn has(service: &str) -> bool {
    place(service).is_some()
}

/// The one operation of the request's service that fits it best.
pub fn recognise(request: &SeenRequest) -> Option<Asked> {
    let service = request.service.as_deref()?;
    let section = section(service)?;
    let path = match bucket(service, &request.host) {
        Some(bucket) => format!("/{bucket}{}", request.path),
        None => request.path.clone(),
    };
    let mut best: Option<Fit<'_>> = None;
    let mut is_tie = false;
    for fit in section.lines().filter_map(|line| fit(line, request, &path)) {
        let order = best.as_ref().map_or(std::cmp::Ordering::Greater, |best| fit.rank.cmp(&best.rank));
        match order {
            std::cmp::Ordering::Greater => (best, is_tie) = (Some(fit), false),
            std::cmp::Ordering::Equal => {
                is_tie |= best.as_ref().is_some_and(|best| best.operation != fit.operation);
            }
            std::cmp::Ordering::Less => {}
        }
    }
    let best = best.filter(|_| !is_tie)?;
    Some(Asked { operation: best.operation.to_owned(), parameters: best.labels })
}

/// A line that fits a request.
struct Fit<'a> {
    operation: &'a str,
    labels: Vec<(String, String)>,
    /// Literal segments of the path, then conditions: more of them say more.
    rank: (usize, usize),
}

fn fit<'a>(line: &'a str, request: &SeenRequest, path: &str) -> Option<Fit<'a>> {
    let mut words = line.split(' ');
    let (method, template, operation) = (words.next()?, words.next()?, words.next()?);
    if method != request.method {
        return None;
    }
    let mut conditions = 0;
    for condition in words {
        let met = match condition.strip_prefix('!') {
            Some(header) => request.headers.iter().any(|(name, _)| name == header),
            None => {
                let (name, value) =
                    condition.split_once('=').map_or((condition, None), |(n, v)| (n, Some(v)));
                request
                    .query
                    .iter()
                    .any(|(known, had)| known == name && value.is_none_or(|value| value == had))
            }
        };
        if !met {
            return None;
        }
        conditions += 1;
    }
    let (labels, literals) = labels(template, path)?;
    Some(Fit { operation, labels, rank: (literals, conditions) })
}

/// The labels of `template` in `path`, and how many segments are literal.
fn labels(template: &str, path: &str) -> Option<(Vec<(String, String)>, usize)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    let mut found = Vec::new();
    let mut literals = 0;
    let template = template.strip_prefix('/').unwrap_or(template);
    let mut segments = template.split('/').filter(|segment| !segment.is_empty()).peekable();
    while let Some(segment) = segments.next() {
        let label = segment.strip_prefix('{').and_then(|label| label.strip_suffix('}'));
        if let Some(greedy) = label.and_then(|label| label.strip_suffix('+')) {
            // Whatever comes before the rest of the template.
            let tail: Vec<&str> = segments.by_ref().collect();
            let tail = tail.join("/");
            let value = if tail.is_empty() { rest } else { rest.strip_suffix(&tail)?.strip_suffix('/')? };
            if value.is_empty() {
                return None;
            }
            literals += tail.split('/').filter(|segment| !segment.is_empty()).count();
            found.push((greedy.to_owned(), decode(value)));
            return Some((found, literals));
        }
        let (value, after) = rest.split_once('/').unwrap_or((rest, ""));
        match label {
            Some(_) if value.is_empty() => return None,
            Some(label) => found.push((label.to_owned(), decode(value))),
            None if segment == value || segment == decode(value) => literals += 1,
            None => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some((found, literals))
}

fn bucket<'a>(service: &str, host: &'a str) -> Option<&'a str> {
    let at = BUCKET_HOSTS.iter().filter_map(|part| host.find(part)).min()?;
    host.get(..at).filter(|bucket| service == "s3" && !bucket.is_empty())
}

/// Offset and length of a service's section.
fn place(service: &str) -> Option<(usize, usize)> {
    index().lines().find_map(|line| {
        let mut words = line.split(' ');
        let name = words.next()?;
        let mut number = || words.next()?.parse::<usize>().ok();
        (name == service).then(|| Some((number()?, number()?)))?
    })
}

fn section(service: &str) -> Option<String> {
    let (offset, length) = place(service)?;
    let start = index().len() + title().len() + 1 + offset;
    let block = DATA.get(start..start.checked_add(length)?)?;
    let text = miniz_oxide::inflate::decompress_to_vec_with_limit(block, SECTION_BYTES).ok()?;
    String::from_utf8(text).ok()
}

/// The first line, with its end.
fn title() -> &'static str {
    let end = DATA.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    text(0, end)
}

/// The lines of the index, up to the empty one.
fn index() -> &'static str {
    let start = title().len();
    let rest = DATA.get(start..).unwrap_or_default();
    let end = rest.windows(2).position(|two| two == b"\n\n").map_or(0, |at| at + 1);
    text(start, start + end)
}

fn text(start: usize, end: usize) -> &'static str {
    DATA.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Every operation: section and name.
#[cfg(test)]
pub fn all() -> Vec<(String, String, String)> {
    let services = index().lines().filter_map(|line| line.split(' ').next());
    services
        .flat_map(|service| {
            let lines = section(service).unwrap();
            lines
                .lines()
                .map(|line| (service.to_owned(), line.split(' ').nth(2).unwrap().to_owned(), line.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}
