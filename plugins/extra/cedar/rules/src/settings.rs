//! The organisation's settings: `{"policies": …, "entities": …, "schema": …}`, contents and never file names.

use serde::Deserialize;

/// This filter's settings. An unknown key is an error: a misspelt key must not silently disable a rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// One text of Cedar policies, or several.
    pub policies: Texts,
    /// Cedar's JSON of entities, as text.
    #[serde(default)]
    pub entities: Option<String>,
    /// A schema in Cedar's own syntax, which every policy must fit.
    #[serde(default)]
    pub schema: Option<String>,
    /// The time zone of `context.hour` and `context.weekday`: a name of the IANA database, or an offset. The
    /// default is UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// One text, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    /// One text.
    One(String),
    /// Several texts, which count as one.
    Several(Vec<String>),
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// If the settings are malformed; the error is one line that describes the problem.
    pub fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| {
            format!("its settings need `policies`, and may have `entities`, `schema` and `time_zone`, all of them texts: {error}")
        })
    }

    /// Returns the texts of policies, each with a name for messages.
    pub fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        let (one, several) = match &self.policies {
            Texts::One(text) => (Some(("policies".to_owned(), text.as_str())), [].as_slice()),
            Texts::Several(texts) => (None, texts.as_slice()),
        };
        let several =
            several.iter().enumerate().map(|(at, text)| (format!("policies[{at}]"), text.as_str()));
        one.into_iter().chain(several)
    }
}
