//! The JSON of a policy: `Version` first, no statement ids, one-element lists without brackets.

use std::fmt::Write as _;

use serde::Serialize;

use super::condition::Conditions;
use super::group::Group;

/// The last character that STS accepts in the text of a policy; others are escaped. Source: STS API
/// reference, pattern of `Policy`.
const LAST_PLAIN: char = '\u{ff}';

/// A policy document. The fields are in the order in which people read policies.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document<'a> {
    version: &'static str,
    statement: Vec<Statement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    effect: &'static str,
    action: OneOrMany<'a>,
    resource: OneOrMany<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<&'a Conditions>,
}

/// A list that is written without brackets if it has one item: every character counts against the limit.
#[derive(Serialize)]
#[serde(untagged)]
pub enum OneOrMany<'a> {
    One(&'a str),
    Many(Vec<&'a str>),
}

impl<'a> FromIterator<&'a str> for OneOrMany<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(items: I) -> Self {
        let items: Vec<&str> = items.into_iter().collect();
        match items.as_slice() {
            [one] => Self::One(one),
            _ => Self::Many(items),
        }
    }
}

impl<'a> Document<'a> {
    pub fn new(groups: &'a [Group], denied: &'a [String], conditions: &'a Conditions) -> Self {
        let condition = Some(conditions).filter(|conditions| !conditions.is_empty());
        let allow = |group: &'a Group| Statement {
            effect: "Allow",
            action: group.actions.iter().map(String::as_str).collect(),
            resource: group.resources.iter().map(String::as_str).collect(),
            condition,
        };
        let mut statement: Vec<Statement> = groups.iter().map(allow).collect();
        if !denied.is_empty() {
            let action = denied.iter().map(String::as_str).collect();
            // A deny applies to every resource, without conditions.
            statement.push(Statement {
                effect: "Deny",
                action,
                resource: OneOrMany::One("*"),
                condition: None,
            });
        }
        Self { version: "2012-10-17", statement }
    }
}

impl std::fmt::Display for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A structure of strings always has a JSON form.
        let json = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        let mut units = [0; 2];
        for c in json.chars() {
            if c <= LAST_PLAIN {
                f.write_char(c)?;
                continue;
            }
            for unit in c.encode_utf16(&mut units) {
                write!(f, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}
