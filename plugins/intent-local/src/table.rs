//! The table of verbs, services and what it takes; read in place.

/// See its own first lines.
const TABLE: &str = include_str!("../table.txt");

/// What it takes to do one thing to one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub actions: Vec<&'static str>,
    /// With `{}` for a name.
    pub resources: Vec<&'static str>,
}

/// Whose actions a provider speaks.
#[must_use]
pub fn cloud_of(provider: &str) -> &str {
    if provider == "vault" { "aws" } else { provider }
}

/// The verb that people call `word`.
#[must_use]
pub fn verb(word: &str) -> Option<&'static str> {
    lines("verb ").find_map(|line| {
        let (name, words) = line.split_once(": ")?;
        words.split(' ').any(|known| known == word).then_some(name)
    })
}

/// The service of `provider` that people call `word`.
#[must_use]
pub fn service(provider: &str, word: &str) -> Option<&'static str> {
    let of_provider = |clouds: &str| clouds.split(',').any(|cloud| cloud == provider);
    lines("service ").find_map(|line| {
        let (clouds, rest) = line.split_once(' ')?;
        let (name, words) = rest.split_once(": ")?;
        (of_provider(clouds) && words.split(' ').any(|known| known == word)).then_some(name)
    })
}

/// What it takes to do `verb` to `service`.
#[must_use]
pub fn row(provider: &str, service: &str, verb: &str) -> Option<Row> {
    rows()
        .find(|(cloud, of, to, _)| (*cloud, *of, *to) == (cloud_of(provider), service, verb))
        .map(|(.., row)| row)
}

/// Every row: cloud, service, verb and what it takes.
pub fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str, Row)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (head, takes) = line.split_once(" = ")?;
        let mut words = head.split(' ');
        let (cloud, service, verb) = (words.next()?, words.next()?, words.next()?);
        let (actions, resources) = takes.split_once(" @ ").unwrap_or((takes, ""));
        let list = |text: &'static str| text.split(',').filter(|part| !part.is_empty()).collect();
        Some((cloud, service, verb, Row { actions: list(actions), resources: list(resources) }))
    })
}

/// What each service of `provider` is called, for saying what is understood.
#[must_use]
pub fn services(provider: &str) -> Vec<&'static str> {
    let cloud = cloud_of(provider);
    let mut names: Vec<&str> =
        rows().filter(|(of, ..)| *of == cloud).map(|(_, service, ..)| service).collect();
    names.dedup();
    names
}

fn lines(kind: &str) -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter_map(move |line| line.strip_prefix(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_its_clouds_catalogue() {
        let mut seen = 0;
        for (cloud, service, verb, row) in rows() {
            for action in row.actions {
                let known = match cloud {
                    "aws" => aws_catalogue::find(action).is_some_and(|found| found.full_name() == action),
                    "gcp" => gcp_catalogue::has(action),
                    _ => azure_catalogue::find(action).is_some_and(|found| found.name == action),
                };
                assert!(known, "{cloud} {service} {verb}: {action}");
                seen += 1;
            }
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn every_row_is_about_a_service_and_a_verb_that_have_words() {
        for (cloud, service, verb_name, _) in rows() {
            let named = lines("service ").any(|line| {
                let mut words = line.split([' ', ':']);
                words.next().is_some_and(|clouds| clouds.split(',').any(|one| one == cloud))
                    && words.next() == Some(service)
            });
            assert!(named, "{cloud} {service}");
            assert!(lines("verb ").any(|line| line.starts_with(&format!("{verb_name}:"))), "{verb_name}");
        }
    }

    #[test]
    fn words_lead_to_services_of_the_provider_asked() {
        assert_eq!(service("aws", "bucket"), Some("s3"));
        assert_eq!(service("vault", "bucket"), Some("s3"));
        assert_eq!(service("gcp", "bucket"), Some("storage"));
        assert_eq!(
            (service("azure", "bucket"), verb("uploads"), verb("bucket")),
            (None, Some("write"), None)
        );
    }
}
