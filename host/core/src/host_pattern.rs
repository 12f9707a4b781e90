//! Patterns of host names: a name, or `*.` and a name that stands for every host below it.

/// Returns true if `pattern` covers `host`; both are in lower case.
#[must_use]
pub fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(above) => {
            host.strip_suffix(above).is_some_and(|own| own.len() > 1 && own.ends_with('.'))
        }
        None => pattern == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label_or_more() {
        for (pattern, host, expected) in [
            ("*.googleapis.com", "storage.googleapis.com", true),
            ("*.googleapis.com", "pubsub.mtls.googleapis.com", true),
            ("*.googleapis.com", "googleapis.com", false),
            ("*.googleapis.com", ".googleapis.com", false),
            ("*.googleapis.com", "evilgoogleapis.com", false),
            ("*.googleapis.com", "googleapis.com.evil", false),
            ("management.azure.com", "management.azure.com", true),
            ("management.azure.com", "x.management.azure.com", false),
        ] {
            assert_eq!(covers(pattern, host), expected, "{pattern} {host}");
        }
    }
}
