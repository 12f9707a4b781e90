//! Combines the tasks of a sentence into one proposal. A proposal has one list of actions and one list of
//! resources, and each action applies to each resource. If that would grant more than the sentence says,
//! there is no proposal.

use crate::command;
use crate::exclusion::{Exclusion, exclusions, forbids};
use crate::family::singular;
use crate::names::{self, Names};
use crate::phrase::{Clause, Parsed, Phrase, parse};
use crate::piece::{Piece, pieces};
use crate::resolve::{Context, Need, is_of_all, resolve, service_of, unnamed};
use crate::table;
use crate::task::{MOST, Task, tasks};
use crate::token::{Token, tokens};
use crate::trouble::Trouble;

/// The maximum length of a sentence in characters. A longer text does not describe one task.
const LONGEST: usize = 4000;

/// The permissions that a sentence asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// The actions in the cloud's own spelling, each once.
    pub allow: Vec<String>,
    /// The resources that the actions are limited to; empty for every resource.
    pub resources: Vec<String>,
    /// The purpose of the actions.
    pub description: String,
    /// The part of the sentence that each action of `allow` is based on.
    pub reasons: Vec<String>,
}

/// Finds the permissions that `text` asks `provider` for.
///
/// # Errors
/// If the permissions are not clear, or are more than a sentence can ask for.
pub fn propose(text: &str, provider: &str) -> Result<Proposal, Trouble> {
    if text.chars().nth(LONGEST).is_some() {
        return Err(Trouble::Long(LONGEST));
    }
    let tokens = tokens(text);
    let excluded = exclusions(&tokens);
    if let Some(unclear) = excluded.iter().find(|exclusion| !exclusion.is_clear) {
        return Err(Trouble::Excluded(shown(&tokens, unclear)));
    }
    let said = pieces(provider, &tokens, &excluded);
    let parsed = parse(provider, &said);
    match parsed.trouble.clone() {
        Some(Piece::Broad(word)) => return Err(Trouble::Broad(word)),
        Some(Piece::Vague(word)) => return Err(Trouble::Vague(word)),
        Some(Piece::Limit(word)) => return Err(Trouble::Limit(word)),
        _ => {}
    }
    let (mut needs, context) = needs(provider, &parsed, &said)?;
    for need in &needs {
        // `In the logs bucket, delete objects`
        let lost =
            context.phrases.iter().find_map(|phrase| unnamed(provider, &need.service, phrase));
        if let Some((word, _)) = lost {
            return Err(Trouble::Which(word));
        }
    }
    share(provider, &mut needs, &context)?;
    for exclusion in &excluded {
        keep_out(provider, &tokens, exclusion, &needs)?;
    }
    let ruled_out: Vec<&str> =
        excluded.iter().flat_map(|exclusion| exclusion.verbs.iter().copied()).collect();
    for need in &mut needs {
        let all = std::mem::take(&mut need.actions);
        need.actions =
            all.into_iter().filter(|action| forbids(&ruled_out, action).is_none()).collect();
        if need.actions.is_empty() {
            return Err(Trouble::RuledOut(need.verb.to_owned()));
        }
    }
    let proposal = assemble(provider, &needs)?;
    for exclusion in &excluded {
        is_limit_kept(provider, &tokens, exclusion, &needs, &proposal)?;
    }
    if proposal.resources.is_empty() && said.contains(&Piece::Called) {
        return Err(Trouble::Which("name".to_owned()));
    }
    is_every_name_kept(&context, &proposal)?;
    Ok(proposal)
}

/// The parts of the sentence outside the tasks.
#[derive(Default)]
struct Around {
    /// The service, thing and names that the sentence mentions before the verbs.
    last: Option<(String, String, Names)>,
    /// The names in these parts, which the proposal has to keep.
    names: Vec<String>,
    /// Names that belong to no known thing, such as the name of the person who asks.
    loose: Vec<String>,
    /// All phrases of these parts.
    phrases: Vec<Phrase>,
}

fn needs(provider: &str, parsed: &Parsed, said: &[Piece]) -> Result<(Vec<Need>, Around), Trouble> {
    let mut context = Context::default();
    for piece in said {
        if let Piece::Service(service) = piece
            && !context.services.contains(service)
        {
            context.services.push(service.clone());
        }
    }
    let mut around = Around::default();
    let mut needs = Vec::new();
    for line in &parsed.commands {
        needs.extend(command::needs(provider, line)?);
    }
    for clause in &parsed.clauses {
        if clause.verbs.is_empty() {
            spoken_of(provider, clause, &mut context, &mut around);
            continue;
        }
        if !parsed.commands.is_empty() && only_runs(clause) {
            continue;
        }
        for task in tasks(provider, clause)? {
            let need = resolve(provider, &task, &context)?;
            context.last = Some((need.service.clone(), need.thing.clone(), need.names.clone()));
            needs.push(need);
        }
        if needs.len() > MOST {
            return Err(Trouble::Many(MOST));
        }
    }
    let says_something = parsed.clauses.iter().any(|clause| clause.phrases.iter().any(has_thing));
    if !needs.is_empty() {
        return Ok((needs, around));
    }
    Err(if says_something { Trouble::NoVerb } else { Trouble::Nothing })
}

fn has_thing(phrase: &Phrase) -> bool {
    !(phrase.things.is_empty() && phrase.services.is_empty() && phrase.addresses.is_empty())
}

/// Returns true for a clause that only says to run the command beside it, such as `I want to run`.
fn only_runs(clause: &Clause) -> bool {
    clause.verbs.iter().all(|verb| ["run", "invoke"].contains(verb))
        && clause.phrases.iter().all(|phrase| !has_thing(phrase) && phrase.names.is_empty())
}

/// Records the things that a clause without a verb mentions: `Rotation function for the secret s:`.
fn spoken_of(provider: &str, clause: &Clause, context: &mut Context, around: &mut Around) {
    for phrase in &clause.phrases {
        around.phrases.push(phrase.clone());
        let task = Task { object: phrase.clone(), ..Task::default() };
        let said = phrase.names.iter().map(|(_, name)| name.clone());
        let is_named = !phrase.names.is_empty() || !phrase.addresses.is_empty();
        let is_service = !phrase.services.is_empty();
        let found = service_of(provider, &task, &Context::default())
            .and_then(|service| Ok((names::names_of(provider, &service, &task)?, service)));
        let Ok((names, service)) = found else {
            around.loose.extend(said);
            continue;
        };
        around.names.extend(names.all().map(str::to_owned));
        if is_named || is_service {
            let main = table::main_thing(provider, &service);
            let thing = main.map(|main| main.inside.unwrap_or(main.name)).unwrap_or_default();
            context.last = Some((service, thing.to_owned(), names));
            around.last.clone_from(&context.last);
        }
    }
}

/// Gives each task the names that the rest of the sentence has for the same service: a named thing is the
/// only thing.
fn share(provider: &str, needs: &mut [Need], around: &Around) -> Result<(), Trouble> {
    let known: Vec<(String, Names)> = needs
        .iter()
        .map(|need| (need.service.clone(), need.names.clone()))
        .chain(around.last.iter().map(|(service, _, names)| (service.clone(), names.clone())))
        .collect();
    for need in needs {
        let main = table::main_thing(provider, &need.service).map(|thing| thing.name);
        let is_open = need.names.is_empty();
        let wanted: Vec<String> = need
            .templates
            .iter()
            .flat_map(|(_, template)| names::things(template))
            .map(|thing| thing.trim_end_matches('!').to_owned())
            .filter(|thing| {
                !need.names.has(thing)
                    && (is_open || Some(thing.as_str()) == main || is_of_all(provider, thing))
            })
            .collect();
        for thing in wanted {
            let of_service = known
                .iter()
                .filter(|(service, _)| *service == need.service || is_of_all(provider, &thing));
            let mut lists: Vec<&[String]> =
                of_service.filter_map(|(_, names)| names.get(&thing)).collect();
            lists.dedup();
            match lists.as_slice() {
                // The task mentions such a thing itself, and may mean another one.
                [_, ..] if need.said.contains(&thing) => return Err(Trouble::Which(thing)),
                [only] if need.names.arns.is_empty() => need.names.inherit_thing(&thing, only),
                [] | [_] => {}
                _ => return Err(Trouble::Which(thing)),
            }
        }
        let mut arns = known
            .iter()
            .filter(|(service, names)| *service == need.service && !names.arns.is_empty());
        if need.names.is_empty()
            && let Some((_, names)) = arns.next()
        {
            if let Some(thing) = main.filter(|main| need.said.iter().any(|said| said == main)) {
                return Err(Trouble::Which(thing.to_owned()));
            }
            need.names.inherit(names);
        }
    }
    Ok(())
}

/// Rejects an exclusion of things that the tasks use: a proposal cannot express an exception.
fn keep_out(
    provider: &str,
    tokens: &[Token],
    exclusion: &Exclusion,
    needs: &[Need],
) -> Result<(), Trouble> {
    if !exclusion.verbs.is_empty() {
        return Ok(());
    }
    let range = tokens.get(exclusion.range.clone()).unwrap_or_default();
    let said = pieces(provider, range, &[]);
    let is_thing = |piece: &&Piece| matches!(piece, Piece::Service(_) | Piece::Thing(..));
    let has_thing = said.iter().any(|piece| is_thing(&piece));
    for piece in &said {
        let is_out = match piece {
            Piece::Service(service) => needs.iter().any(|need| need.service == *service),
            Piece::Thing(word, _) => needs.iter().any(|need| need.speaks_of(provider, word)),
            Piece::Name(_) | Piece::Address(_) | Piece::Command(_) | Piece::Limit(_) => true,
            Piece::Unknown(word) => !has_thing && !is_negator(word),
            _ => false,
        };
        if is_out {
            return Err(Trouble::Excluded(shown(tokens, exclusion)));
        }
    }
    Ok(())
}

/// Rejects an exclusion with a limit that could apply to the tasks too:
/// `write without deleting in the bucket b`.
fn is_limit_kept(
    provider: &str,
    tokens: &[Token],
    exclusion: &Exclusion,
    needs: &[Need],
    proposal: &Proposal,
) -> Result<(), Trouble> {
    let range = tokens.get(exclusion.range.clone()).unwrap_or_default();
    let is_container = |need: &Need, word: &str| {
        let main = table::main_thing(provider, &need.service).map(|thing| thing.name);
        let mut things = table::things(provider, word).into_iter();
        things.any(|thing| {
            thing.service == need.service && (Some(thing.name) == main || thing.inside.is_some())
        })
    };
    let is_lost = pieces(provider, range, &[]).iter().any(|piece| match piece {
        Piece::Name(_) | Piece::Address(_) => true,
        Piece::Thing(word, _) => needs.iter().any(|need| is_container(need, word)),
        _ => false,
    });
    if is_lost && proposal.resources.is_empty() {
        Err(Trouble::Excluded(shown(tokens, exclusion)))
    } else {
        Ok(())
    }
}

/// Returns the first words of an exclusion for a message.
fn shown(tokens: &[Token], exclusion: &Exclusion) -> String {
    let range = tokens.get(exclusion.range.clone()).unwrap_or_default();
    let words = range.iter().map(Token::lower).filter(|word| !word.is_empty());
    words.take(8).collect::<Vec<_>>().join(" ")
}

/// Returns true if `word` is the negation of an exclusion, such as `not`.
fn is_negator(word: &str) -> bool {
    !exclusions(&[Token::Word(word.to_owned())]).is_empty()
}

fn assemble(provider: &str, needs: &[Need]) -> Result<Proposal, Trouble> {
    let is_named = needs.iter().any(|need| !need.names.is_empty());
    let mut proposal = Proposal::default();
    let mut filled = Vec::new();
    for need in needs {
        let resources = need.resources()?;
        let shows =
            |name: &str| resources.values().flatten().any(|resource| resource.contains(name));
        if let (true, Some(name), Some(action)) =
            (need.is_named, need.names.all().next(), need.actions.first())
            && !need.names.all().any(shows)
        {
            return Err(Trouble::Unlimited(action.clone(), name.to_owned()));
        }
        let is_open = |resource: &String| resource.contains("://*");
        if is_named && resources.values().flatten().any(is_open) {
            return Err(Trouble::Which(
                if provider == "azure" { "storage account" } else { "bucket" }.to_owned(),
            ));
        }
        for action in need.actions.iter().filter(|action| !action.is_empty()) {
            if !proposal.allow.contains(action) {
                proposal.allow.push(action.clone());
                proposal.reasons.push(need.to_string());
            }
        }
        filled.push(resources);
    }
    for (number, (need, resources)) in needs.iter().zip(&filled).enumerate() {
        for (other, theirs) in needs.iter().zip(&filled).skip(number.saturating_add(1)) {
            let crossed = resources
                .iter()
                .find(|(kind, given)| theirs.get(*kind).is_some_and(|their| their != *given));
            if let Some((_, given)) = crossed
                && need.actions != other.actions
            {
                return Err(Trouble::Crossed(given.join(", ")));
            }
        }
    }
    if is_named {
        proposal.resources = filled
            .into_iter()
            .flat_map(std::collections::BTreeMap::into_values)
            .flatten()
            .collect();
        proposal.resources.sort_unstable();
        proposal.resources.dedup();
    }
    let shown: Vec<String> = needs.iter().map(Need::to_string).collect();
    let text = shown.join(", ");
    let mut letters = text.chars();
    proposal.description = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    Ok(proposal)
}

/// Rejects a proposal that omits a name from outside the tasks.
fn is_every_name_kept(around: &Around, proposal: &Proposal) -> Result<(), Trouble> {
    let is_kept = |name: &&String| {
        let name = name.trim_start_matches('/').trim_end_matches('*');
        proposal.resources.iter().any(|resource| resource.contains(name))
    };
    let lost = around.names.iter().find(|name| !is_kept(name));
    let loose = around.loose.iter().find(|_| proposal.resources.is_empty());
    match lost.or(loose) {
        Some(name) => Err(Trouble::Name(name.clone())),
        None => Ok(()),
    }
}

impl Need {
    /// Returns true if `word` can stand for the thing of this need.
    fn speaks_of(&self, provider: &str, word: &str) -> bool {
        let mut things =
            table::things(provider, word).into_iter().filter(|thing| thing.service == self.service);
        things.any(|thing| thing.name == self.thing || self.names.has(thing.name))
            || singular(word) == self.thing
    }
}
