//! Grades the engine's proposals for the sentences in `tests/data`. The README there has the rules.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

const SENTENCES: &str = include_str!("../data/sentences.json");

/// The sums over all sentences.
#[derive(Debug, Default)]
pub struct Marks {
    /// Actions that the sentences need, and the number of them that were proposed.
    pub needed: usize,
    pub met: usize,
    /// Actions that were proposed, and the number of them that are needed or acceptable.
    pub proposed: usize,
    pub fitting: usize,
    /// Sentences that should be granted, and the number of them with the right actions.
    pub grants: usize,
    pub exact: usize,
    /// Sentences with a proposal, and the number of proposals with an action or a resource too many.
    pub answered: usize,
    pub too_wide: usize,
    /// Sentences that name resources, and the number of proposals that name exactly these.
    pub naming: usize,
    pub named: usize,
    /// Sentences that were granted but should be questioned or rejected.
    pub wrong_grants: usize,
    /// One line for each wrong answer.
    pub faults: Vec<String>,
}

impl fmt::Display for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "recall           {:4} of {}", self.met, self.needed)?;
        writeln!(f, "precision        {:4} of {}", self.fitting, self.proposed)?;
        writeln!(f, "exactly right    {:4} of {}", self.exact, self.grants)?;
        writeln!(f, "too wide         {:4} of {}", self.too_wide, self.answered)?;
        writeln!(f, "named resources  {:4} of {}", self.named, self.naming)?;
        writeln!(f, "wrong grants     {:4}", self.wrong_grants)?;
        self.faults.iter().try_for_each(|fault| writeln!(f, "{fault}"))
    }
}

/// Grades `answer`, which returns the actions and resources for a sentence and a provider, or `None`.
pub fn grade(answer: impl Fn(&str, &str) -> Option<(Vec<String>, Vec<String>)>) -> Marks {
    let mut marks = Marks::default();
    let sentences: Vec<Value> = serde_json::from_str(SENTENCES).unwrap();
    for sentence in &sentences {
        let text = |field: &str| sentence[field].as_str().unwrap();
        let got = answer(text("text"), text("provider"));
        let id = format!("{} {:?} -> {got:?}", text("id"), text("text"));
        if text("kind") == "grant" {
            one(&mut marks, sentence, got, &id);
        } else if got.is_some() {
            marks.wrong_grants += 1;
            marks.faults.push(format!("GRANT {id}"));
        }
    }
    marks
}

fn one(marks: &mut Marks, sentence: &Value, got: Option<(Vec<String>, Vec<String>)>, id: &str) {
    let list = |field: &str| -> BTreeSet<String> {
        let items = sentence[field].as_array().unwrap().iter();
        items.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    let fold = |action: &String| match sentence["provider"].as_str() {
        Some("gcp") => action.clone(),
        _ => action.to_lowercase(),
    };
    let needed: BTreeSet<String> = list("allow").iter().map(fold).collect();
    let fine: BTreeSet<String> = list("also_ok").iter().map(fold).chain(needed.clone()).collect();
    let named: BTreeSet<String> =
        list("resources").iter().filter(|name| *name != "*").map(|name| plain(name)).collect();
    marks.grants += 1;
    marks.needed += needed.len();
    marks.naming += usize::from(!named.is_empty());
    let Some((allow, resources)) = got else {
        marks.faults.push(format!("none  {id}"));
        return;
    };
    let allow: BTreeSet<String> = allow.iter().map(fold).collect();
    marks.answered += 1;
    marks.met += allow.intersection(&needed).count();
    marks.proposed += allow.len();
    marks.fitting += allow.intersection(&fine).count();
    let has_all = allow.is_superset(&needed);
    let has_only = allow.is_subset(&fine);
    let given: BTreeSet<String> = resources.iter().map(|name| plain(name)).collect();
    // If a needed action takes no resource, every open resource of a kind without names is right.
    let ends_open = |name: &&String| list("resources").contains("*") && name.ends_with('*');
    let open: BTreeSet<String> =
        resources.iter().filter(ends_open).map(|name| plain(name)).collect();
    let is_open = |name: &String| {
        open.contains(name) && !named.iter().any(|known| known.starts_with(name.as_str()))
    };
    let brought = |name: &String| {
        // An acceptable action may add the resource that it needs.
        named.contains(name)
            || is_open(name)
            || named.iter().any(|known| known.starts_with(&format!("{name}/")))
    };
    let is_named = given.is_superset(&named) && given.iter().all(brought);
    marks.exact += usize::from(has_all && has_only);
    marks.named += usize::from(!named.is_empty() && is_named);
    let is_wide =
        !has_only || !given.iter().all(brought) || (given.is_empty() && !named.is_empty());
    marks.too_wide += usize::from(is_wide);
    if !(has_all && has_only && (named.is_empty() || is_named)) {
        marks.faults.push(format!("{}  {id}", if is_wide { "WIDE" } else { "less" }));
    }
}

/// Returns a resource in one common spelling.
fn plain(name: &str) -> String {
    let name = name.replace("//storage.googleapis.com/projects/_/buckets/", "gs://");
    if name.starts_with("arn:") {
        let mut parts: Vec<&str> = name.splitn(6, ':').collect();
        if let [_, _, _, region, account, _] = parts.as_mut_slice() {
            let is_known = |part: &str| !part.is_empty();
            (*region, *account) =
                (if is_known(region) { "*" } else { "" }, if is_known(account) { "*" } else { "" });
        }
        let name = parts.join(":").replace("-??????", "-*");
        return name.strip_suffix(":*").unwrap_or(&name).to_owned();
    }
    if let Some(rest) = name.strip_prefix("gs://") {
        return format!("gs://{}", rest.trim_end_matches('*').trim_end_matches('/'));
    }
    if let Some(rest) = name.strip_prefix("https://") {
        return format!("https://{}", rest.trim_end_matches("/*"));
    }
    if let Some(rest) = name.strip_prefix("//") {
        return rest.split_once('/').map_or(rest, |(_, path)| path).to_owned();
    }
    name.to_lowercase()
}
