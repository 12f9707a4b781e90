//! The organisation's policies, as Cedar takes them and as they are called in reasons.

use std::collections::BTreeMap;

use cedar_policy::{Effect, ParseErrors, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic as _;

use crate::fold::Names;
use crate::line;
use crate::nesting;

/// All policies, in the order in which they are written.
#[derive(Debug, Default)]
pub struct Policies {
    /// For Cedar, with folded actions.
    pub set: PolicySet,
    /// One for each policy.
    pub labels: Vec<Label>,
    places: BTreeMap<PolicyId, usize>,
}

/// What a policy is called.
#[derive(Debug)]
pub struct Label {
    /// Its `@id`, or `policyN`, counted from 0 over all texts.
    pub name: String,
    /// Its `@reason`: what the organisation wants the user to read.
    pub reason: Option<String>,
    /// Whether it permits or forbids.
    pub effect: Effect,
}

impl Policies {
    /// Reads every text.
    ///
    /// # Errors
    /// One line with text and line, for what Cedar cannot read and for templates, which apply to nothing.
    pub fn parse<'a>(
        texts: impl Iterator<Item = (String, &'a str)>,
        schema: Option<&Schema>,
        names: &mut Names,
    ) -> Result<Self, String> {
        let mut all = Self::default();
        for (title, text) in texts {
            nesting::check(&title, text)?;
            let set: PolicySet = text.parse().map_err(|errors| unreadable(&title, text, &errors))?;
            if let Some(template) = set.templates().next() {
                return Err(format!("{title}: `{}` is a template, and applies to nothing", template.id()));
            }
            let mut written: Vec<&Policy> = set.policies().collect();
            // Cedar calls them policy0, policy1, … in the order of the text; `policy10` comes after `policy9`.
            let id = |policy: &&Policy| policy.id().to_string();
            written.sort_by_key(|policy| (id(policy).len(), id(policy)));
            for policy in written {
                all.add(policy, schema, names).map_err(|why| format!("{title}: {why}"))?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, policy: &Policy, schema: Option<&Schema>, names: &mut Names) -> Result<(), String> {
        let place = self.labels.len();
        let id = PolicyId::new(format!("policy{place}"));
        let annotation = |key| policy.annotation(key).filter(|text| !text.is_empty());
        let name = annotation("id").map_or_else(|| id.to_string(), str::to_owned);
        let reason = annotation("reason").map(str::to_owned);
        let wrong = |error: &dyn std::error::Error| format!("policy `{name}`: {}", line(error));
        if let Some(schema) = schema {
            fits(policy, schema).map_err(|why| format!("policy `{name}`: {why}"))?;
        }
        let mut json = policy.to_json().map_err(|e| wrong(&e))?;
        names.fold(&mut json);
        let folded = Policy::from_json(Some(id.clone()), json).map_err(|e| wrong(&e))?;
        self.set.add(folded).map_err(|e| wrong(&e))?;
        self.labels.push(Label { name, reason, effect: policy.effect() });
        self.places.insert(id, place);
        Ok(())
    }

    /// The first in the text of these policies: Cedar gives them in no order.
    pub fn first<'a>(&self, ids: impl Iterator<Item = &'a PolicyId>) -> Option<usize> {
        ids.filter_map(|id| self.places.get(id).copied()).min()
    }

    /// The policies in order.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        (0..self.labels.len()).filter_map(|place| self.set.policy(&PolicyId::new(format!("policy{place}"))))
    }

    /// What the policy at this place is called.
    #[must_use]
    pub fn name(&self, place: usize) -> &str {
        self.labels.get(place).map_or("?", |label| &label.name)
    }
}

/// Whether the validator finds the policy sound: no attribute that is not there, no type that there is none of.
fn fits(policy: &Policy, schema: &Schema) -> Result<(), String> {
    let set = PolicySet::from_policies([policy.clone()]).map_err(|error| line(&error))?;
    let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    let mut found: Vec<String> = result.validation_errors().map(|error| line(error)).collect();
    found.sort();
    found.into_iter().next().map_or(Ok(()), Err)
}

fn unreadable(title: &str, text: &str, errors: &ParseErrors) -> String {
    let Some(error) = errors.iter().next() else {
        return format!("{title}: cannot be read");
    };
    let offset = error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
    let before = offset.and_then(|offset| text.get(..offset)).unwrap_or_default();
    format!("{title}, line {}: {}", before.matches('\n').count() + 1, line(error))
}
