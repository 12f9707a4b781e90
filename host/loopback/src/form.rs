//! Form-encoded parameters: the request bodies of Query APIs, and query strings.

use std::collections::BTreeMap;

use audex_core::percent::decode_pairs;

/// Decoded parameters; if a name is repeated, the last value counts.
#[derive(Debug, Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Decodes `name=value&…`; bytes that are not UTF-8 become replacement characters.
    pub(super) fn parse(text: &str) -> Self {
        Self(decode_pairs(&text.replace('+', "%20")).into_iter().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let form = Form::parse("Action=A%2Bb+c&Empty=&Bare&Odd=%zz%4");
        assert_eq!(form.get("Action"), Some("A+b c"));
        assert_eq!((form.get("Empty"), form.get("Bare")), (Some(""), Some("")));
        assert_eq!(form.get("Odd"), Some("%zz%4"));
        assert_eq!(form.get("action"), None);
    }
}
