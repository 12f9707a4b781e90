//! A mapping that answers out of step, not at all, or with what cannot be.

use audex_sdk::mapping::{Expansion, Mapping, Row};

#[path = "../../case.rs"]
mod case;

struct Hostile;

impl Mapping for Hostile {
    fn rows() -> Vec<Row> {
        case::play(case::case().strip_prefix("rows-").unwrap_or_default());
        Vec::new()
    }

    fn expand(_provider: String, permissions: Vec<String>) -> Vec<Option<Expansion>> {
        let case = case::case();
        case::play(&case);
        match case.as_str() {
            "more" => vec![None; permissions.len() + 1],
            "foreign" => {
                let expansion =
                    Expansion { actions: vec!["storage.objects.get".to_owned()], notice: None };
                permissions.iter().map(|_| Some(expansion.clone())).collect()
            }
            "many" => {
                let actions = (0..200_000).map(|n| format!("s3:{n}")).collect();
                let mut expansions = vec![None; permissions.len()];
                expansions[0] = Some(Expansion { actions, notice: None });
                expansions
            }
            "empty" => {
                let changes = |name: &str| {
                    ["write", "put", "delete", "set"].iter().any(|verb| name.contains(verb))
                };
                let nothing = || Expansion { actions: Vec::new(), notice: None };
                permissions.iter().map(|name| changes(&name.to_lowercase()).then(nothing)).collect()
            }
            "control" => {
                let expansion = Expansion {
                    actions: vec!["s3:Get\u{1b}[2JObject".to_owned()],
                    notice: Some("x\u{9b}2J\nerror: forged".to_owned()),
                };
                permissions.iter().map(|_| Some(expansion.clone())).collect()
            }
            _ => vec![None; permissions.len()],
        }
    }
}

audex_sdk::mapping!(Hostile);
