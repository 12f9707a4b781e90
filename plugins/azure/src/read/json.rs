//! A JSON body in which no object has a name twice: readers differ in which of the two values counts.

use std::fmt;

use audex_sdk::provider::SeenRequest;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Unread, ambiguous, header, shown};

/// A value of a body. Numbers and the like name no resource.
#[derive(Debug)]
pub enum Node {
    Plain,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads the body of a request; `None` if it has none.
    ///
    /// # Errors
    /// If the body is not JSON, is not there in full, or has a name twice.
    pub fn of(request: &SeenRequest) -> Result<Option<Self>, Unread> {
        if !request.complete {
            return Err(ambiguous("a body that is too long or is not JSON".to_owned()));
        }
        if request.body.is_empty() {
            return Ok(None);
        }
        let kind = header(request, "content-type")?.unwrap_or_default().to_ascii_lowercase();
        let (kind, parameters) = kind.split_once(';').unwrap_or((&kind, ""));
        let kind = kind.trim();
        // In another encoding, a text would have other letters than the ones that are read.
        let is_read = |one: &str| {
            !one.starts_with("charset")
                || one.trim_start_matches("charset=").trim_matches('"') == "utf-8"
        };
        if !parameters.split(';').map(str::trim).all(is_read) {
            return Err(ambiguous("a body in another encoding than UTF-8".to_owned()));
        }
        if !(kind == "application/json"
            || kind.starts_with("application/") && kind.ends_with("+json"))
        {
            return Err(ambiguous(format!("a body of type `{}`, which is not read", shown(kind))));
        }
        let wrong = |error: serde_json::Error| ambiguous(format!("its body is not read: {error}"));
        serde_json::from_slice(&request.body).map(Some).map_err(wrong)
    }

    /// Returns the value of a name of an object, in any case.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, node)| node)
    }

    /// Returns the text of a name of an object.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Self::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Visits every text, names included.
    pub fn each_text(
        &self,
        visit: &mut impl FnMut(&str) -> Result<(), Unread>,
    ) -> Result<(), Unread> {
        match self {
            Self::Plain => Ok(()),
            Self::Text(text) => visit(text),
            Self::List(items) => items.iter().try_for_each(|item| item.each_text(visit)),
            Self::Object(members) => members.iter().try_for_each(|(name, node)| {
                visit(name)?;
                node.each_text(visit)
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Unique)
    }
}

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut known = std::collections::HashSet::new();
        let mut members = Vec::new();
        while let Some((name, node)) = map.next_entry::<String, Node>()? {
            // Resource Manager ignores the case of names.
            if !known.insert(name.to_lowercase()) {
                let message = format!("the name `{}` is there twice", shown(&name));
                return Err(A::Error::custom(message));
            }
            members.push((name, node));
        }
        Ok(Node::Object(members))
    }
}
