//! Groups actions by their resources.

use audex_sdk::pattern;
use audex_sdk::provider::Grant;
use aws_catalogue::{Found, ResourceType, Service, service};

use super::{arn, join};

/// The most names in a notice, so that it stays readable.
const NAMED: usize = 8;

/// Actions that share their resources, as one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    /// The number of the grant's list of resources: a fact about one list says nothing about another.
    pub part: usize,
}

/// Permissions of a grant that are limited to the same resources.
struct Part<'a> {
    resources: &'a [String],
    actions: Vec<&'a str>,
}

/// A grant's actions, each with only the resources it can work on.
#[derive(Debug, Default)]
pub struct Groups {
    /// The groups, in the order in which the actions were requested.
    pub list: Vec<Group>,
    /// Actions that work on none of their resources, and these resources.
    pub idle: Vec<(String, Vec<String>)>,
    /// The resources that idle actions take, in words, in the form that a user would write.
    pub takes: Vec<String>,
    pub notices: Vec<String>,
}

/// The effect of the given resources on one action.
enum Reach {
    /// The action works on these of the given resources, by place.
    Some { places: Vec<usize>, lost: Vec<Found> },
    /// The action takes no resource: these names need every resource.
    Every(Vec<String>),
    /// The action takes resources of other kinds than the given ones; holds the ARN format of one such kind.
    None(Option<String>),
}

impl Groups {
    /// Groups the permissions of `grant`.
    pub fn of(grant: &Grant) -> Self {
        let parts = parts(grant);
        let everywhere: Vec<&str> = parts
            .iter()
            .filter(|part| is_every(part.resources))
            .flat_map(|part| part.actions.clone())
            .collect();
        let mut groups = Self::default();
        for (number, part) in parts.iter().enumerate() {
            if is_every(part.resources) {
                let actions = minimal(&part.actions);
                groups.list.push(Group { actions, resources: vec!["*".to_owned()], part: number });
                continue;
            }
            // An action that is allowed on every resource anyway needs no statement for some of them.
            let allowed = |action: &str| everywhere.iter().any(|wide| covers(wide, action));
            let (open, limited): (Vec<&str>, Vec<&str>) =
                part.actions.iter().partition(|action| allowed(action));
            // An action requested by its name, or on every resource, needs no notice.
            let asked = |found: &Found| {
                let name = found.full_name();
                allowed(&name)
                    || grant.permissions.iter().any(|one| one.action.eq_ignore_ascii_case(&name))
            };
            let limited = Part { resources: part.resources, actions: limited };
            groups.limit(&open, &limited, asked, number);
        }
        join::drop_covered(&mut groups.list);
        groups.say_once();
        groups
    }

    /// Removes repeated notices: several lists of resources can cause the same notice.
    fn say_once(&mut self) {
        let all = std::mem::take(&mut self.notices);
        for notice in all {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
    }

    /// Adds the actions of one part, which are limited to `resources`; the actions of `open` are allowed on
    /// every resource anyway.
    fn limit(
        &mut self,
        open: &[&str],
        limited: &Part,
        by_name: impl Fn(&Found) -> bool,
        part: usize,
    ) {
        let Part { resources, actions: asked } = limited;
        if asked.is_empty() {
            return;
        }
        let mut given = Given::new(narrowest(resources));
        for action in open {
            // Only for the notice about resources that no action works on.
            given.reach(action);
        }
        // The places of the resources, or `None` for the actions that take no resource.
        let mut sorted: Vec<(Option<Vec<usize>>, Vec<&str>)> = Vec::new();
        let mut expanded: Vec<String> = Vec::new();
        if asked.contains(&"*") {
            let notice = "`*` on these resources leaves out every action that takes no resource: ask for those by name";
            self.notices.push(notice.to_owned());
        }
        let mut on_nothing: Vec<&str> = Vec::new();
        for &action in asked {
            match given.reach(action) {
                Reach::Some { places, mut lost } => {
                    lost.retain(|found| !by_name(found));
                    self.notices.extend(not_granted(action, &lost));
                    place(&mut sorted, Some(places), action);
                }
                Reach::Every(names) => {
                    if aws_catalogue::needs_no_resource(action) {
                        on_nothing.push(action);
                    }
                    place(&mut sorted, None, action);
                    expanded.extend(names);
                }
                Reach::None(format) => self.leave_out(action, resources, format),
            }
        }
        self.notices.extend(granted_anywhere(&on_nothing));
        self.notices.extend(given.unused());
        self.list.extend(given.list(&sorted, &expanded, part));
    }

    fn leave_out(&mut self, action: &str, resources: &[String], format: Option<String>) {
        let meant = format.map(|format| arn::example(&format, resources));
        let takes =
            meant.as_ref().map(|meant| format!(" (it takes `{}`)", meant.arn)).unwrap_or_default();
        self.notices.push(format!(
            "`{action}` grants nothing: no given resource is of a kind it works on{takes}"
        ));
        let said = meant.map(|arn::Example { inside, arn }| match inside {
            Some(kind) => format!("for its {kind}s write `{arn}`"),
            None => format!("`{action}` takes `{arn}`"),
        });
        self.takes.extend(said.filter(|said| !self.takes.contains(said)));
        self.idle.push((action.to_owned(), resources.to_vec()));
    }
}

/// The given resources, and the known facts about them.
struct Given<'a> {
    resources: Vec<&'a str>,
    parsed: Vec<arn::Resource<'a>>,
    used: Vec<bool>,
    /// The places of the resources that fit each resource type of a service, by service.
    fitting: Vec<(&'static str, Kinds)>,
}

struct Kinds {
    types: Vec<ResourceType>,
    /// For each type, the places of the resources that fit.
    places: Vec<Vec<usize>>,
}

impl<'a> Given<'a> {
    fn new(resources: Vec<&'a str>) -> Self {
        let parsed = resources.iter().map(|text| arn::Resource::of(text)).collect();
        let used = vec![false; resources.len()];
        Self { resources, parsed, used, fitting: Vec::new() }
    }

    fn reach(&mut self, action: &str) -> Reach {
        let prefix = action.split_once(':').map_or("*", |(prefix, _)| prefix);
        let Some(service) = service(prefix) else {
            return self.all();
        };
        let found = aws_catalogue::matching(action);
        if found.is_empty() {
            // An action let through as unknown works on unknown resources too.
            return self.all();
        }
        let (with, lost): (Vec<Found>, Vec<Found>) =
            found.into_iter().partition(Found::takes_resource);
        if with.is_empty() {
            return Reach::Every(lost.iter().map(Found::full_name).collect());
        }
        self.limited(action, service, &with, lost)
    }

    fn limited(
        &mut self,
        action: &str,
        service: Service,
        with: &[Found],
        lost: Vec<Found>,
    ) -> Reach {
        if !self.fitting.iter().any(|(known, _)| *known == service.name()) {
            self.fitting.push((service.name(), Kinds::of(service, &self.parsed)));
        }
        let Some((_, kinds)) = self.fitting.iter().find(|(known, _)| *known == service.name())
        else {
            return Reach::None(None);
        };
        let mut sets: Vec<usize> = with.iter().map(|found| found.set).collect();
        sets.sort_unstable();
        sets.dedup();
        let mut fits = vec![false; self.resources.len()];
        let mut taken: Option<String> = None;
        for (kind, _) in sets.into_iter().flat_map(|set| service.types_of(set)) {
            // The shortest format is the plainest: a bucket rather than an access point.
            let plainer =
                |arn: &&String| taken.as_ref().is_none_or(|taken| arn.len() < taken.len());
            if let Some(arn) = kinds.types.get(kind).map(|kind| &kind.arn).filter(plainer) {
                taken = Some(arn.clone());
            }
            for &place in kinds.places.get(kind).into_iter().flatten() {
                if let Some(fit) = fits.get_mut(place) {
                    *fit = true;
                }
            }
        }
        let places: Vec<usize> =
            (0..).zip(&fits).filter(|(_, fit)| **fit).map(|(place, _)| place).collect();
        if places.is_empty() {
            if let [one] = with
                && aws_catalogue::needs_no_resource(action)
            {
                return Reach::Every(vec![one.full_name()]);
            }
            return Reach::None(taken);
        }
        self.used.iter_mut().zip(fits).for_each(|(used, fit)| *used |= fit);
        Reach::Some { places, lost }
    }

    fn all(&mut self) -> Reach {
        self.used.fill(true);
        Reach::Some { places: (0..self.resources.len()).collect(), lost: Vec::new() }
    }

    fn unused(&self) -> Vec<String> {
        let unused = self.resources.iter().zip(&self.used).filter(|(_, used)| !**used);
        unused
            .map(|(resource, _)| {
                format!(
                    "`{resource}` is of no kind that an asked action works on: it has no effect"
                )
            })
            .collect()
    }

    fn list(
        &self,
        sorted: &[(Option<Vec<usize>>, Vec<&str>)],
        expanded: &[String],
        part: usize,
    ) -> Vec<Group> {
        let mut list = Vec::new();
        for (places, actions) in sorted {
            let Some(places) = places else {
                let named: Vec<&str> = expanded.iter().map(String::as_str).collect();
                list.push(Group {
                    actions: minimal(&named),
                    resources: vec!["*".to_owned()],
                    part,
                });
                continue;
            };
            let resources = places
                .iter()
                .filter_map(|&place| self.resources.get(place))
                .map(|&r| r.to_owned())
                .collect();
            list.push(Group { actions: minimal(actions), resources, part });
        }
        list
    }
}

impl Kinds {
    fn of(service: Service, resources: &[arn::Resource]) -> Self {
        let types = service.types();
        let fitting = |kind: &ResourceType| -> Vec<usize> {
            (0..)
                .zip(resources)
                .filter(|(_, resource)| resource.may_be(&kind.arn))
                .map(|(place, _)| place)
                .collect()
        };
        let places = types.iter().map(fitting).collect();
        Self { types, places }
    }
}

/// Returns the lists of resources of `grant`, in the order of first mention, each with its actions.
fn parts(grant: &Grant) -> Vec<Part<'_>> {
    let mut parts: Vec<Part> = Vec::new();
    for permission in &grant.permissions {
        // A list with `*` and no limit at all count as one list.
        let named = permission.resources.named();
        let resources: &[String] = if is_every(named) { &[] } else { named };
        match parts.iter_mut().find(|part| part.resources == resources) {
            Some(part) => part.actions.push(&permission.action),
            None => parts.push(Part { resources, actions: vec![&permission.action] }),
        }
    }
    parts
}

/// Returns true if a list of resources limits nothing.
fn is_every(resources: &[String]) -> bool {
    resources.is_empty() || resources.iter().any(|resource| resource == "*")
}

/// Drops actions that another action of the list covers; keeps the order of first mention.
pub fn minimal(actions: &[&str]) -> Vec<String> {
    let covered = |position: usize, action: &str| {
        let others = actions.iter().enumerate().filter(|(other, _)| *other != position);
        // If two cover each other, the first stays.
        others.into_iter().any(|(other, text)| {
            covers(text, action) && (other < position || !covers(action, text))
        })
    };
    let kept = actions.iter().enumerate().filter(|(position, action)| !covered(*position, action));
    kept.map(|(_, action)| (*action).to_owned()).collect()
}

/// Returns true if `wide` matches every action that `narrow` matches; never true wrongly.
pub fn covers(wide: &str, narrow: &str) -> bool {
    let head = wide.find(['*', '?']).unwrap_or(wide.len());
    if head == wide.len() {
        return wide.eq_ignore_ascii_case(narrow);
    }
    // Most pairs of a long list differ in their services.
    let starts = |text: &str| {
        wide.get(..head)
            .zip(text.get(..head))
            .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
    };
    starts(narrow) && pattern::covers(&wide.to_ascii_lowercase(), &narrow.to_ascii_lowercase())
}

/// Returns true if `wide` matches every resource that `narrow` matches; never true wrongly.
pub fn reaches(wide: &str, narrow: &str) -> bool {
    pattern::covers(&aws_catalogue::unescaped(wide), &aws_catalogue::unescaped(narrow))
}

/// Drops resources that another one covers. (An earlier check ensures that each is an ARN.)
pub fn narrowest(resources: &[String]) -> Vec<&str> {
    let covered = |position: usize, text: &str| {
        let others = resources.iter().enumerate().filter(|(other, _)| *other != position);
        others
            .into_iter()
            .any(|(other, wide)| reaches(wide, text) && (other < position || !reaches(text, wide)))
    };
    let kept = resources.iter().enumerate().filter(|(position, text)| !covered(*position, text));
    kept.map(|(_, text)| text.as_str()).collect()
}

fn place<'a>(
    sorted: &mut Vec<(Option<Vec<usize>>, Vec<&'a str>)>,
    places: Option<Vec<usize>>,
    action: &'a str,
) {
    match sorted.iter_mut().find(|(known, _)| *known == places) {
        Some((_, actions)) => actions.push(action),
        None => sorted.push((places, vec![action])),
    }
}

fn granted_anywhere(actions: &[&str]) -> Option<String> {
    let (takes, it) = if actions.len() == 1 { ("takes", "it is") } else { ("take", "they are") };
    let names = actions.join("`, `");
    (!actions.is_empty())
        .then(|| format!("`{names}` {takes} no resource: {it} granted on every one"))
}

fn not_granted(action: &str, lost: &[Found]) -> Option<String> {
    let names: Vec<String> =
        lost.iter().take(NAMED).map(|found| format!("`{}`", found.full_name())).collect();
    let more = match lost.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let which = names.join(", ");
    let (takes, it) = if lost.len() == 1 { ("takes", "it") } else { ("take", "them") };
    (!lost.is_empty())
        .then(|| format!("`{action}` on these resources leaves out {which}{more}, which {takes} no resource: ask for {it} by name"))
}
