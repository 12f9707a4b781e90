//! The grammar of the paths of Resource Manager: a scope, then providers with pairs of a type and a name.

use super::{Unread, ambiguous};
use crate::read::shown;
use crate::read::text::decoded;

const SUBSCRIPTIONS: &str = "Microsoft.Resources/subscriptions";
const GROUPS: &str = "resourceGroups";
const RESOURCES: &str = "Microsoft.Resources";
/// The most segments of a path. Ids have at most some twenty.
const SEGMENTS: usize = 64;

/// The form of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A resource.
    Item,
    /// Every resource of a type at one place.
    Collection,
    /// An action on a resource; the id is that of the resource.
    Action,
}

/// The target of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The resource provider and the types below, as requested.
    pub types: Vec<String>,
    /// The id, in lower case and without a slash at the end.
    pub id: String,
    /// The part of the id before the last `/providers/`, or the scope that a type lies below.
    pub base: String,
    pub kind: Kind,
    /// False for what belongs to subscriptions and groups themselves.
    pub is_of_provider: bool,
    /// The last word of the operation, such as `read`, or `start/action`.
    verb: String,
}

impl Target {
    /// Reads a path; `None` if no rule has it.
    ///
    /// # Errors
    /// If the path has more than one meaning.
    pub fn of(method: &str, path: &str) -> Result<Option<Self>, Unread> {
        let segments = segments(path)?;
        let Some(mut target) = walk(&segments)? else { return Ok(None) };
        let verb = match method {
            "GET" | "HEAD" => "read",
            "PUT" | "PATCH" => "write",
            "DELETE" => "delete",
            "POST" => return Ok(target.act().then_some(target)),
            _ => return Ok(None),
        };
        verb.clone_into(&mut target.verb);
        Ok(Some(target))
    }

    /// Makes the last part of the path the action. Returns false if it is none.
    fn act(&mut self) -> bool {
        let Some((parent, last)) = self.id.rsplit_once('/') else { return false };
        let (parent, last) = (parent.to_owned(), last.to_owned());
        match self.kind {
            Kind::Collection => {
                let Some(action) = self.types.pop() else { return false };
                self.verb = format!("{action}/action");
                self.kind = Kind::Action;
            }
            // `…/locations/NAME` with POST: only if the catalogue has the name as an action of the type.
            Kind::Item | Kind::Action => {
                self.verb = format!("{last}/action");
                if azure_catalogue::find(&self.operation()).is_none() {
                    return false;
                }
                self.kind = Kind::Collection;
            }
        }
        self.id = parent;
        // `/providers/NAMESPACE/ACTION` is an action at the scope before it.
        !self.types.is_empty()
    }

    /// Returns the operation, by Azure's rule for names.
    pub fn operation(&self) -> String {
        format!("{}/{}", self.types.join("/"), self.verb)
    }

    /// Returns the provider and the types in lower case.
    pub fn lower(&self) -> String {
        self.types.join("/").to_ascii_lowercase()
    }

    /// Returns the last word of the operation in lower case.
    pub fn verb(&self) -> String {
        self.verb.to_ascii_lowercase()
    }

    /// Returns the last name of an item, in lower case.
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }
}

/// Splits a path. Security: a segment that the cloud could read in another way is refused.
fn segments(path: &str) -> Result<Vec<String>, Unread> {
    let wrong = |what: &str| ambiguous(format!("the path `{}` has {what}", shown(path)));
    let Some(rest) = path.strip_prefix('/') else { return Err(wrong("no slash at its beginning")) };
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for segment in rest.split('/') {
        let text = decoded(segment).ok_or_else(|| wrong("a malformed escape"))?;
        if text.is_empty() {
            return Err(wrong("an empty segment"));
        }
        let is_odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '%' | '?' | '#');
        if text.contains(is_odd) || text.ends_with(['.', ' ']) || text.starts_with(' ') {
            return Err(wrong("a segment that can be read in two ways"));
        }
        all.push(text);
    }
    if all.len() > SEGMENTS { Err(wrong("too many segments")) } else { Ok(all) }
}

fn is(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

/// A walk along a path.
struct Walk<'a> {
    rest: std::slice::Iter<'a, String>,
    id: String,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let segment = self.rest.next()?;
        self.id.push('/');
        self.id.push_str(&segment.to_ascii_lowercase());
        Some(segment)
    }

    fn peek(&self) -> Option<&'a str> {
        self.rest.as_slice().first().map(String::as_str)
    }
}

fn walk(segments: &[String]) -> Result<Option<Target>, Unread> {
    let mut walk = Walk { rest: segments.iter(), id: String::new() };
    let Some(first) = walk.peek() else { return Ok(None) };
    if is(first, "subscriptions") {
        return subscription(walk);
    }
    if is(first, "providers") {
        return provider(walk, &[RESOURCES]);
    }
    if is(first, "tenants") && segments.len() == 1 {
        walk.next();
        return pairs(
            walk,
            vec![RESOURCES.to_owned(), first.to_owned()],
            String::new(),
            false,
            true,
        );
    }
    Ok(None)
}

fn subscription(mut walk: Walk<'_>) -> Result<Option<Target>, Unread> {
    walk.next();
    let is_list = walk.next().is_none();
    let own = [SUBSCRIPTIONS];
    match walk.peek() {
        None => pairs(walk, owned(&own), String::new(), false, is_list),
        Some(word) if is(word, GROUPS) => {
            let base = walk.id.clone();
            walk.next();
            let is_list = walk.next().is_none();
            let own = [SUBSCRIPTIONS, GROUPS];
            match walk.peek() {
                None => pairs(walk, owned(&own), base, false, is_list),
                Some(word) if is(word, "providers") => provider(walk, &own),
                Some(_) => {
                    let base = walk.id.clone();
                    pairs(walk, owned(&own), base, false, false)
                }
            }
        }
        Some(word) if is(word, "providers") => provider(walk, &own),
        Some(_) => {
            let base = walk.id.clone();
            pairs(walk, owned(&own), base, false, false)
        }
    }
}

fn owned(types: &[&str]) -> Vec<String> {
    types.iter().map(|&one| one.to_owned()).collect()
}

/// Reads `/providers/NAMESPACE/…`; `above` are the types of the scope before it.
fn provider(mut walk: Walk<'_>, above: &[&str]) -> Result<Option<Target>, Unread> {
    let base = walk.id.clone();
    let Some(word) = walk.next() else { return Ok(None) };
    let Some(namespace) = walk.next() else {
        let types = above.iter().map(|&one| one.to_owned()).chain([word.to_owned()]).collect();
        return pairs(walk, types, base, false, true);
    };
    if walk.peek().is_none() {
        // The registration of a provider.
        let types = above.iter().map(|&one| one.to_owned()).chain([word.to_owned()]).collect();
        return pairs(walk, types, base, false, false);
    }
    pairs(walk, vec![namespace.to_owned()], base, true, false)
}

/// Reads pairs of a type and a name to the end of the path.
fn pairs(
    mut walk: Walk<'_>,
    mut types: Vec<String>,
    base: String,
    is_of_provider: bool,
    mut is_list: bool,
) -> Result<Option<Target>, Unread> {
    while let Some(kind) = walk.peek() {
        if is(kind, "providers") {
            // An extension of the resource so far belongs to its own provider.
            let above: Vec<&str> = types.iter().map(String::as_str).collect();
            return provider(walk, &above);
        }
        walk.next();
        types.push(kind.to_owned());
        is_list = match walk.next() {
            Some(name) if is(name, "providers") => {
                return Err(ambiguous("a resource with the name `providers`".to_owned()));
            }
            name => name.is_none(),
        };
    }
    let is_type = |text: &String| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '$'))
    };
    if !types.iter().all(is_type)
        || is_of_provider && !types.first().is_some_and(|one| one.contains('.'))
    {
        return Ok(None);
    }
    let kind = if is_list { Kind::Collection } else { Kind::Item };
    Ok(Some(Target { types, id: walk.id, base, kind, is_of_provider, verb: String::new() }))
}
