//! The table of services and things with their actions. It is read in place.

/// The table; its first lines explain the format.
const TABLE: &str = include_str!("../table.txt");

/// A thing that a word can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thing {
    /// The service; `*` if every service has the thing.
    pub service: &'static str,
    pub name: &'static str,
    /// The thing that this thing contains.
    pub inside: Option<&'static str>,
    /// True if the word alone does not decide the service.
    pub is_shy: bool,
}

/// The actions and resources for one verb on one kind of thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub actions: Vec<&'static str>,
    /// Templates of resources, with names of things in braces.
    pub templates: Vec<&'static str>,
}

/// Returns the cloud whose actions a provider uses.
#[must_use]
pub fn cloud_of(provider: &str) -> &str {
    if provider == "vault" { "aws" } else { provider }
}

/// Returns the service of `provider` that `word` names.
#[must_use]
pub fn service(provider: &str, word: &str) -> Option<&'static str> {
    lines("service ").find_map(|line| {
        let (clouds, rest) = line.split_once(' ')?;
        let (name, words) = rest.split_once(": ")?;
        (has(clouds, provider) && words.split(' ').any(|known| known == word)).then_some(name)
    })
}

/// Returns everything that `word` can stand for, the most usual thing first.
#[must_use]
pub fn things(provider: &str, word: &str) -> Vec<Thing> {
    let of_word = |line: &'static str| {
        let (thing, words) = thing(provider, line)?;
        words.split(' ').any(|known| known == word).then_some(thing)
    };
    lines("thing ").filter_map(of_word).collect()
}

/// Returns the thing that a sentence means if it names only `service`.
#[must_use]
pub fn main_thing(provider: &str, service: &str) -> Option<Thing> {
    lines("thing ")
        .filter_map(|line| thing(provider, line))
        .map(|(thing, _)| thing)
        .find(|thing| thing.service == service)
}

/// Returns the row for `verb` on a `thing` of `service`.
#[must_use]
pub fn row(provider: &str, service: &str, thing: &str, verb: &str) -> Option<Row> {
    rows()
        .find(|(cloud, of, things, verbs, _)| {
            *cloud == cloud_of(provider) && *of == service && has(things, thing) && has(verbs, verb)
        })
        .map(|(.., row)| row)
}

/// Returns every row: cloud, service, things, verbs, and the actions with their resources.
pub fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str, Row)>
{
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (head, takes) = line.split_once(" = ")?;
        let mut words = head.split(' ');
        let (cloud, service, things, verbs) =
            (words.next()?, words.next()?, words.next()?, words.next()?);
        let (actions, templates) = takes.split_once(" @ ").unwrap_or((takes, ""));
        let list = |text: &'static str| text.split(',').filter(|part| !part.is_empty()).collect();
        Some((
            cloud,
            service,
            things,
            verbs,
            Row { actions: list(actions), templates: list(templates) },
        ))
    })
}

fn thing(provider: &str, line: &'static str) -> Option<(Thing, &'static str)> {
    let (head, words) = line.split_once(": ")?;
    let mut parts = head.split(' ');
    let (clouds, service, name) = (parts.next()?, parts.next()?, parts.next()?);
    let name = name.split_once('=').map_or(name, |(_, meant)| meant);
    let (name, inside) =
        name.split_once('/').map_or((name, None), |(name, inside)| (name, Some(inside)));
    let is_shy = parts.next() == Some("~");
    has(clouds, provider).then_some((Thing { service, name, inside, is_shy }, words))
}

/// Returns true if a list with commas contains `item`.
fn has(list: &str, item: &str) -> bool {
    list.split(',').any(|one| one == item)
}

fn lines(kind: &'static str) -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter_map(move |line| line.strip_prefix(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_its_clouds_catalogue() {
        let mut seen = 0;
        for (cloud, service, things, _, row) in rows() {
            for action in row.actions {
                let known = match cloud {
                    "aws" => {
                        aws_catalogue::find(action).is_some_and(|found| found.full_name() == action)
                    }
                    "gcp" => gcp_catalogue::has(action),
                    _ => azure_catalogue::find(action).is_some_and(|found| found.name == action),
                };
                assert!(known, "{cloud} {service} {things}: {action}");
                seen += 1;
            }
        }
        assert!(seen > 200, "{seen}");
    }

    #[test]
    fn a_row_speaks_of_verbs_and_things_that_have_words() {
        for (cloud, service, names, verbs, row) in rows() {
            let is_known = |name: &str| {
                let mut all =
                    lines("thing ").filter_map(|line| thing(cloud, line)).map(|(thing, _)| thing);
                all.any(|thing| {
                    [service, "*"].contains(&thing.service)
                        && (thing.name == name || thing.inside == Some(name))
                })
            };
            for name in names.split(',') {
                assert!(is_known(name.trim_end_matches('+')), "{cloud} {service} {name}");
            }
            for verb in verbs.split(',') {
                assert_eq!(crate::verb::named(verb), Some(verb), "{cloud} {service} {names}");
            }
            for template in row.templates {
                for part in template.split('{').skip(1) {
                    let name = part.split('}').next().unwrap().trim_end_matches('!');
                    assert!(is_known(name), "{template}: {name}");
                }
            }
        }
    }

    #[test]
    fn words_lead_to_things_of_the_provider_asked() {
        let first = |provider, word| {
            things(provider, word).first().map(|thing| (thing.service, thing.name))
        };
        assert_eq!(first("aws", "bucket"), Some(("s3", "bucket")));
        assert_eq!(first("vault", "bucket"), Some(("s3", "bucket")));
        assert_eq!(first("gcp", "bucket"), Some(("storage", "bucket")));
        assert_eq!(first("azure", "bucket"), None);
    }
}
