//! The settings of filters and the choice of the mapping in `config.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::config_file::{Mapping, OrganisationFile};
use super::{DEFAULT_MAPPING, SettingsError, source};
use audex_core::reachable;

/// The maximum size of a file that filter settings name. The policies of an organisation are kilobytes.
const FILE_BYTES: u64 = 1024 * 1024;

/// Returns each filter's own settings: the organisation's, and the user's for filters that the organisation
/// does not mention.
///
/// Security: the user may not loosen a filter that the organisation has set or requires. The same name in the
/// user's file is therefore an error, not a matter of precedence.
///
/// # Errors
/// When a file that the settings name cannot be read, or the user sets a filter of the organisation.
pub fn filters(
    organisation: &OrganisationFile,
    at: &Path,
    user: BTreeMap<String, Value>,
    user_at: &Path,
) -> Result<BTreeMap<String, Value>, SettingsError> {
    let is_theirs = |name: &String| {
        organisation.filters.contains_key(name) || organisation.plugins.required(name).is_some()
    };
    if let Some(name) = user.keys().find(|name| is_theirs(name)) {
        let (place, at) = (source::place(user_at, &["filters", name]), at.to_path_buf());
        return Err(SettingsError::Theirs { place, what: "filter", name: name.clone(), at });
    }
    let with = |(name, value): (String, Value), file: &Path| Ok((name, included(value, file)?));
    let organisation = organisation.filters.clone().into_iter().map(|entry| with(entry, at));
    organisation.chain(user.into_iter().map(|entry| with(entry, user_at))).collect()
}

/// Returns the name of the mapping: the organisation's, else the user's, else the built-in one.
///
/// Security: a mapping decides what a universal name grants. The user may not replace a mapping that the
/// organisation has named.
///
/// # Errors
/// When the user names another mapping than the organisation.
pub fn mapping(
    organisation: &OrganisationFile,
    at: &Path,
    user: Mapping,
    user_at: &Path,
) -> Result<String, SettingsError> {
    match (organisation.mapping.component.clone(), user.component) {
        (Some(theirs), Some(name)) if name != theirs => {
            let (place, at) = (source::place(user_at, &["mapping", "component"]), at.to_path_buf());
            Err(SettingsError::Mapping { place, name, theirs, at })
        }
        (Some(named), _) | (None, Some(named)) => Ok(named),
        (None, None) => Ok(DEFAULT_MAPPING.to_owned()),
    }
}

/// Returns `value` with each `{ file = "…" }` replaced by that file's text. Relative paths start at the
/// directory of the settings file.
fn included(value: Value, settings: &Path) -> Result<Value, SettingsError> {
    match value {
        Value::Object(table)
            if table.len() == 1 && table.get("file").is_some_and(Value::is_string) =>
        {
            let name = table.get("file").and_then(Value::as_str).unwrap_or_default();
            let path = settings.parent().unwrap_or(Path::new("/")).join(name);
            let failed = |source| SettingsError::Read { path: path.clone(), source };
            text_of(&path).map(Value::String).map_err(failed)
        }
        Value::Object(table) => {
            table.into_iter().map(|(key, value)| Ok((key, included(value, settings)?))).collect()
        }
        Value::Array(list) => list.into_iter().map(|value| included(value, settings)).collect(),
        other => Ok(other),
    }
}

fn text_of(path: &Path) -> std::io::Result<String> {
    let file = reachable::open(path)?.ok_or(std::io::ErrorKind::NotFound)?;
    reachable::text_of(file, FILE_BYTES)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tables(value: Value) -> BTreeMap<String, Value> {
        BTreeMap::from([("cedar".to_owned(), value)])
    }

    fn organisation(text: &str) -> OrganisationFile {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn files_are_put_in_their_place_from_beside_the_settings() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a.cedar"), "permit(principal, action, resource);")
            .unwrap();
        let at = home.path().join("config.toml");
        let asked =
            json!({ "policies": [{ "file": "a.cedar" }, "forbid"], "file": "stays", "n": 1 });
        let own = filters(&organisation(""), &at, tables(asked), &at).unwrap();
        let wanted = json!({ "policies": ["permit(principal, action, resource);", "forbid"], "file": "stays", "n": 1 });
        assert_eq!(own["cedar"], wanted);
        let missing = filters(
            &organisation("[filters.cedar]\nfile = \"b.cedar\""),
            &at,
            BTreeMap::new(),
            &at,
        );
        assert!(matches!(missing, Err(SettingsError::Read { .. })));
    }

    #[test]
    fn what_the_organisation_has_set_is_an_error_in_the_users_file() {
        let home = tempfile::tempdir().unwrap();
        let (at, user_at) =
            (home.path().join("organisation.toml"), home.path().join("config.toml"));
        std::fs::write(&user_at, "ttl = \"15m\"\n[filters.cedar]\npolicies = \"\"\n").unwrap();
        for theirs in [
            "[filters.cedar]
policies = \"x\"",
            "[plugins]
required_filters = [\"cedar\"]",
        ] {
            let outcome = filters(&organisation(theirs), &at, tables(json!({})), &user_at);
            let error = outcome.unwrap_err().to_string();
            assert!(
                error.contains("config.toml:2: only your organisation may set filter `cedar`"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_organisations_mapping_cannot_be_replaced() {
        let home = tempfile::tempdir().unwrap();
        let (at, user_at) =
            (home.path().join("organisation.toml"), home.path().join("config.toml"));
        std::fs::write(&user_at, "ttl = \"15m\"\n[mapping]\ncomponent = \"mine\"\n").unwrap();
        let named = |theirs: &str, name: Option<&str>| {
            let user = Mapping { component: name.map(str::to_owned) };
            mapping(&organisation(theirs), &at, user, &user_at).map_err(|error| error.to_string())
        };
        let pinned = "[mapping]\ncomponent = \"corporate\"";
        assert_eq!(named("", None).unwrap(), "universal");
        assert_eq!(named("", Some("mine")).unwrap(), "mine");
        assert_eq!(named(pinned, None).unwrap(), "corporate");
        assert_eq!(named(pinned, Some("corporate")).unwrap(), "corporate");
        let error = named(pinned, Some("mine")).unwrap_err();
        assert!(error.contains("config.toml:3: the mapping is `corporate`"), "{error}");
        assert!(organisation(pinned).rules_components() && !organisation("").rules_components());
    }
}
