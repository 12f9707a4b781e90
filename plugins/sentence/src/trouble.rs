//! The reason why a sentence grants nothing. Each reason is a question: it asks for the missing information.

use std::fmt;

/// The reason why a sentence has no proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The sentence names no known service or thing.
    Nothing,
    /// The sentence has more characters than a description of a task.
    Long(usize),
    /// The sentence has more tasks or resources than a person can check.
    Many(usize),
    /// The sentence has no verb.
    NoVerb,
    /// The verb does not say what is done.
    Vague(String),
    /// The word asks for more than a sentence may.
    Broad(String),
    /// The sentence has a limit that a proposal cannot express.
    Limit(String),
    /// The words fit no service, or several services.
    NoService(String),
    /// One verb has several services.
    Several(Vec<String>),
    /// Neither the table nor the catalogue has such a task.
    NoAction(String),
    /// The noun is not known.
    NoThing(String),
    /// A thing has no name.
    Which(String),
    /// The name could belong to several things, or to none.
    Name(String),
    /// The actions cannot be limited to the name.
    Unlimited(String, String),
    /// The things of one list belong to different verbs.
    Joined(String),
    /// Each of two tasks has resources that would also get the other task's actions.
    Crossed(String),
    /// The sentence both asks for the verb and rules it out.
    RuledOut(String),
    /// An exclusion names a resource, or its extent is not certain.
    Excluded(String),
    /// The command is not known.
    Command(String),
}

impl Trouble {
    /// Returns true if the sentence asks for more than a sentence may.
    #[must_use]
    pub fn is_broad(&self) -> bool {
        matches!(self, Self::Broad(_))
    }

    /// Returns one action that can help the user.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Long(_) => "say it shorter",
            Self::Many(_) => "ask for less at once, or write a profile",
            Self::Broad(_) => "say what is done to which resource",
            Self::NoVerb | Self::Vague(_) => {
                "say what is done: read, list, write, delete, invoke, send …"
            }
            Self::Limit(_) => "name the resources that are meant, or give --allow and --resource",
            Self::Excluded(_) => {
                "end with \"but do not\" and the verb, or give --allow and --resource"
            }
            Self::NoService(_) => "name the service",
            Self::Which(_) => "give its name, in quotation marks if it is an ordinary word",
            Self::Name(_) => "say what has this name: the bucket \"b\", the queue \"q\"",
            Self::Unlimited(..) => "ask without the name to get it for every resource",
            Self::Several(_) | Self::Joined(_) => "make two requests, each with its own verb",
            Self::Crossed(_) => "ask for them one at a time",
            Self::RuledOut(_) => "remove either the request or its exclusion",
            Self::Command(_) => "give the permissions: --allow",
            Self::Nothing | Self::NoAction(_) | Self::NoThing(_) => {
                "say it in other words, as in \"read objects in the bucket b\"; or give the permissions: --allow"
            }
        };
        hint.to_owned()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("the sentence names no known service or kind of resource"),
            Self::Long(most) => write!(f, "the sentence has more than {most} characters"),
            Self::Many(most) => write!(f, "the sentence asks for more than {most} things at once"),
            Self::NoVerb => f.write_str("the sentence does not say what is done"),
            Self::Vague(word) => write!(f, "`{word}` does not say what is done"),
            Self::Broad(word) => write!(f, "`{word}` is more than a sentence can ask for"),
            Self::Limit(word) => write!(f, "the limit `{word}` cannot be enforced"),
            Self::NoService(word) => write!(f, "`{word}` does not say which service is meant"),
            Self::Several(services) => {
                write!(f, "one verb for several services: `{}`", services.join("`, `"))
            }
            Self::NoAction(task) => write!(f, "the permissions needed to {task} are unknown"),
            Self::NoThing(noun) => write!(f, "`{noun}` is not a known kind of resource"),
            Self::Which(thing) => write!(f, "the sentence does not say which {thing}"),
            Self::Name(name) => write!(f, "the sentence does not say what `{name}` is"),
            Self::Unlimited(action, name) => write!(f, "`{action}` cannot be limited to `{name}`"),
            Self::Joined(thing) => write!(f, "the sentence does not say what is done to `{thing}`"),
            Self::Crossed(resource) => {
                write!(
                    f,
                    "the actions for `{resource}` would also be allowed on the other resource"
                )
            }
            Self::RuledOut(verb) => write!(f, "the sentence asks for `{verb}` and rules it out"),
            Self::Excluded(thing) => {
                write!(f, "the exception `{thing}` is unclear or cannot be enforced")
            }
            Self::Command(command) => {
                write!(f, "the permissions of `{command}` are not known here")
            }
        }
    }
}
