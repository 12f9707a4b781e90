//! What the organisation wrote: `{"policies": …, "entities": …, "schema": …}`, contents and never file names.

use serde::Deserialize;

/// This filter's settings. A key that is not known is an error: a misspelt one must not be a rule that is missing.
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
    /// Whose hours `context.hour` and `context.weekday` are: a name of the IANA database, or an offset. UTC where it is not said.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// One text, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Several, which count as one.
    Several(Vec<String>),
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// One line that says what is wrong with them.
    pub fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| {
            format!("its settings need `policies`, and may have `entities`, `schema` and `time_zone`, all of them texts: {error}")
        })
    }

    /// The texts of policies, each with what to call it.
    pub fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        let (one, several) = match &self.policies {
            Texts::One(text) => (Some(("policies".to_owned(), text.as_str())), [].as_slice()),
            Texts::Several(texts) => (None, texts.as_slice()),
        };
        let several = several.iter().enumerate().map(|(at, text)| (format!("policies[{at}]"), text.as_str()));
        one.into_iter().chain(several)
    }
}
