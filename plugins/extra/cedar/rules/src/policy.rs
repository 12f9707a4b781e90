//! The organisation's policies, in Cedar's form and with their names for reasons.

use std::collections::BTreeMap;

use cedar_policy::{
    Effect, ParseErrors, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};
use miette::Diagnostic as _;

use crate::fold::Names;
use crate::line;
use crate::nesting;

/// All policies, in the order of the text.
#[derive(Debug, Default)]
pub struct Policies {
    /// The policies for Cedar, with folded actions.
    pub set: PolicySet,
    /// One label for each policy.
    pub labels: Vec<Label>,
    places: BTreeMap<PolicyId, usize>,
}

/// The name and effect of a policy.
#[derive(Debug)]
pub struct Label {
    /// Its `@id`, or `policyN`, counted from 0 over all texts.
    pub name: String,
    /// Its `@reason`, the organisation's message to the user.
    pub reason: Option<String>,
    /// Its effect: permit or forbid.
    pub effect: Effect,
}

impl Policies {
    /// Reads every text.
    ///
    /// # Errors
    /// If Cedar cannot read a text, or a text has a template, which applies to nothing; the error is one line
    /// with text and line.
    pub fn parse<'a>(
        texts: impl Iterator<Item = (String, &'a str)>,
        schema: Option<&Schema>,
        names: &mut Names,
    ) -> Result<Self, String> {
        let mut all = Self::default();
        for (title, text) in texts {
            nesting::check(&title, text)?;
            let set: PolicySet =
                text.parse().map_err(|errors| unreadable(&title, text, &errors))?;
            if let Some(template) = set.templates().next() {
                return Err(format!(
                    "{title}: `{}` is a template, and applies to nothing",
                    template.id()
                ));
            }
            let mut written: Vec<&Policy> = set.policies().collect();
            // Cedar names policies policy0, policy1, … in the order of the text; `policy10` comes after
            // `policy9`.
            let id = |policy: &&Policy| policy.id().to_string();
            written.sort_by_key(|policy| (id(policy).len(), id(policy)));
            for policy in written {
                all.add(policy, schema, names).map_err(|why| format!("{title}: {why}"))?;
            }
        }
        Ok(all)
    }

    fn add(
        &mut self,
        policy: &Policy,
        schema: Option<&Schema>,
        names: &mut Names,
    ) -> Result<(), String> {
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

    /// Returns the first of these policies in the text: Cedar returns them in no fixed order.
    pub fn first<'a>(&self, ids: impl Iterator<Item = &'a PolicyId>) -> Option<usize> {
        ids.filter_map(|id| self.places.get(id).copied()).min()
    }

    /// Returns the policies in order.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        (0..self.labels.len())
            .filter_map(|place| self.set.policy(&PolicyId::new(format!("policy{place}"))))
    }

    /// Returns the name of the policy at this position.
    #[must_use]
    pub fn name(&self, place: usize) -> &str {
        self.labels.get(place).map_or("?", |label| &label.name)
    }
}

/// Checks a policy with the validator: unknown attributes and types are errors.
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
