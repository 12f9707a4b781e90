//! The entities of policies: those that the organisation declared, and patterns as groups of everything they
//! match.
//!
//! Cedar's `in` compares groups. `Action::"s3:*"` becomes the parent of `Action::"s3:getobject"`, and
//! `Resource::"gs://b/*"` that of `Resource::"gs://b/x"`, so that a policy can name a pattern wherever it can
//! name a group, and nowhere else.

use std::collections::{BTreeSet, HashMap, HashSet};

use cedar_policy::{Entities, Entity, EntityId, EntityUid, Policy, RestrictedExpression, Schema};
use serde_json::{Value, json};

use crate::fold::Names;
use crate::pattern::{Pattern, Relation, is_pattern, relation};
use crate::{ACTION, RESOURCE, USER, line};

/// All entities that a request may refer to.
#[derive(Debug)]
pub struct World {
    entities: Entities,
    groups: Vec<Group>,
    tree: bool,
}

/// A name that stands for more than itself.
#[derive(Debug)]
struct Group {
    kind: &'static str,
    id: String,
    reach: Vec<Pattern>,
}

/// Returns the patterns that a resource's name stands for.
///
/// Security: `tree` is for clouds where `gs://bucket` grants everything in the bucket. A forbid of
/// `gs://bucket/secret/*` must apply to such a grant, although neither name has a wildcard that covers it.
#[must_use]
pub fn reach(kind: &str, id: &str, tree: bool) -> Vec<Pattern> {
    let mut all = vec![Pattern::glob(id)];
    if tree && kind == RESOURCE {
        all.push(Pattern::glob(&format!("{}/*", id.trim_end_matches('/'))));
    }
    all
}

/// Returns the patterns that a requested resource may mean.
///
/// Security: IAM replaces `${…}` with a value, and `${aws:PrincipalTag/none, 'prod'}` is a way to write
/// `prod`.
#[must_use]
pub fn asked(resource: &str, tree: bool) -> Vec<Pattern> {
    let mut open = String::new();
    let mut rest = resource;
    while let Some((before, after)) = rest.split_once("${") {
        open = open + before + "*";
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    reach(RESOURCE, &(open + rest), tree)
}

/// Returns one entity's name, or `None` if Cedar rejects the type, which does not happen for the three
/// requested types.
#[must_use]
pub fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    Some(EntityUid::from_type_name_and_id(kind.parse().ok()?, EntityId::new(id)))
}

impl World {
    /// Reads the entities, and adds each action and resource to the groups of its name.
    ///
    /// # Errors
    /// If the entities cannot be read, do not fit the schema or contain a cycle; the error is one line.
    pub fn load(
        json: Option<&str>,
        schema: Option<&Schema>,
        names: &mut Names,
        tree: bool,
    ) -> Result<Self, String> {
        let wrong = |error: &dyn std::error::Error| format!("entities: {}", line(error));
        let declared =
            Entities::from_json_str(json.unwrap_or("[]"), schema).map_err(|e| wrong(&e))?;
        let mut declared = declared.to_json_value().map_err(|e| wrong(&e))?;
        names.fold(&mut declared);
        let mut world = Self { entities: Entities::empty(), groups: groups(names, tree), tree };
        for entity in declared.as_array_mut().into_iter().flatten() {
            world.place(entity);
        }
        world.entities = Entities::from_json_value(declared, None).map_err(|e| wrong(&e))?;
        Ok(world)
    }

    /// Adds a declared entity to the groups of its name, and sets its attribute `name`.
    fn place(&self, entity: &mut Value) {
        let text =
            |key: &str| entity.pointer(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (kind, id) = (text("/uid/type"), text("/uid/id"));
        let parents =
            self.parents(&kind, &id).map(|group| json!({"type": group.kind, "id": group.id}));
        let parents: Vec<Value> = parents.collect();
        if let Some(Value::Array(known)) = entity.get_mut("parents") {
            known.extend(parents);
        }
        if let (RESOURCE, Some(Value::Object(attributes))) =
            (kind.as_str(), entity.get_mut("attrs"))
        {
            attributes.insert("name".to_owned(), Value::String(id));
        }
    }

    /// Returns the groups that contain everything of this name. Equal groups do not contain each other: Cedar
    /// rejects cycles.
    fn parents(&self, kind: &str, id: &str) -> impl Iterator<Item = &Group> {
        let own = reach(kind, id, self.tree);
        self.groups.iter().filter(move |group| {
            let inside =
                |asked: &[Pattern], test: &[Pattern]| relation(asked, test) == Relation::Inside;
            group.kind == kind && inside(&own, &group.reach) && !inside(&group.reach, &own)
        })
    }

    /// Returns the certain members of a group: itself, the declared members, and the names matched by these.
    #[must_use]
    pub fn members(&self, group: &EntityUid, kind: &'static str) -> Vec<String> {
        let is = |uid: &EntityUid| uid.type_name().to_string() == kind;
        let inside = |entity: &&Entity| {
            is(&entity.uid()) && self.entities.is_ancestor_of(group, &entity.uid())
        };
        let declared = self.entities.iter().filter(inside).map(Entity::uid);
        let own = Some(group.clone()).filter(is);
        let ids = declared.chain(own).map(|uid| uid.id().unescaped().to_owned());
        ids.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Checks that every group that a policy names exists.
    ///
    /// # Errors
    /// If a named group has no members; the error names it. A forbid for a misspelt team would silently
    /// forbid nothing.
    pub fn knows(&self, policy: &Policy) -> Result<(), String> {
        let own = |uid: &EntityUid| {
            [USER, ACTION, RESOURCE].contains(&uid.type_name().to_string().as_str())
        };
        let is_group = |uid: &EntityUid| {
            self.entities.get(uid).is_some()
                || self
                    .entities
                    .iter()
                    .any(|entity| self.entities.is_ancestor_of(uid, &entity.uid()))
        };
        let mut named = policy.entity_literals().into_iter();
        match named.find(|uid| !own(uid) && !is_group(uid)) {
            Some(uid) => {
                Err(format!("names `{uid}`, which is in no entities and has nobody in it"))
            }
            None => Ok(()),
        }
    }

    /// Returns true if names stand for everything below them.
    #[must_use]
    pub fn is_tree(&self) -> bool {
        self.tree
    }

    /// Returns the entities together with these actions and resources.
    ///
    /// # Errors
    /// If Cedar rejects an entity; the error is one line.
    pub fn with<'a>(
        &self,
        actions: impl Iterator<Item = &'a str>,
        resources: impl Iterator<Item = &'a str>,
    ) -> Result<Entities, String> {
        let kinds = actions.map(|id| (ACTION, id)).chain(resources.map(|id| (RESOURCE, id)));
        let asked: BTreeSet<(&str, &str)> = kinds.collect();
        let new = asked.into_iter().filter(|(kind, id)| !self.is_declared(kind, id));
        let new: Option<Vec<Entity>> = new.map(|(kind, id)| self.entity(kind, id)).collect();
        let new = new.ok_or("an action or resource that Cedar cannot name")?;
        self.entities.clone().add_entities(new, None).map_err(|error| line(&error))
    }

    fn is_declared(&self, kind: &str, id: &str) -> bool {
        uid(kind, id).is_some_and(|uid| self.entities.get(&uid).is_some())
    }

    fn entity(&self, kind: &'static str, id: &str) -> Option<Entity> {
        let groups = self.parents(kind, id).map(|group| uid(group.kind, &group.id));
        let parents: Option<HashSet<EntityUid>> = groups.collect();
        let name = || ("name".to_owned(), RestrictedExpression::new_string(id.to_owned()));
        let attributes: HashMap<_, _> = (kind == RESOURCE).then(name).into_iter().collect();
        Entity::new(uid(kind, id)?, attributes, parents?).ok()
    }
}

/// Returns every pattern that policies or entities name, and, if names stand for everything below them, every
/// resource.
fn groups(names: &Names, tree: bool) -> Vec<Group> {
    let group = |kind, id: &String| Group { kind, id: id.clone(), reach: reach(kind, id, tree) };
    let actions = names.actions.keys().filter(|id| is_pattern(id)).map(|id| group(ACTION, id));
    let resources =
        names.resources.iter().filter(|id| tree || is_pattern(id)).map(|id| group(RESOURCE, id));
    actions.chain(resources).collect()
}
