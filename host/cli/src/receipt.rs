//! The receipt of a session: what was asked, granted, used and refused, as the audit log has it.

pub mod show;
pub mod summary;
mod tighter;

use std::collections::BTreeMap;

use self::summary::Summary;
use audex_audit::{
    Added, Answered, Asked, Denied, Ended, Entry, Event, Failed, Issued, Issuing, Record, Used,
};

pub use self::tighter::{Tighter, tighter};

/// Everything that the log says about one session.
#[derive(Debug, Default)]
pub struct Receipt {
    /// The state of the session and of its credentials.
    pub summary: Summary,
    /// The request and its plan.
    pub issuing: Option<Issuing>,
    /// The credentials that were issued last.
    pub issued: Option<Issued>,
    /// The decisions of the gateway, if the session had one and has ended.
    pub used: Option<Used>,
    /// What the command asked for while it ran, by the id of the ask.
    pub asks: BTreeMap<String, AskAccount>,
    /// The end of the session.
    pub end: Option<End>,
    /// The records.
    pub entries: Vec<Entry>,
}

/// One ask of a session, and what became of it.
#[derive(Debug, Default)]
pub struct AskAccount {
    /// The ask.
    pub asked: Asked,
    /// The answer, if there was one.
    pub answered: Option<Answered>,
    /// The credentials that were made for it.
    pub added: Option<Added>,
    /// What became of its grant before the session ended: `used` or `ended`.
    pub over: Option<String>,
}

/// The end of a session.
#[derive(Debug)]
pub enum End {
    /// The command ended.
    Ended(Ended),
    /// The request was denied.
    Denied(Denied),
    /// A stage failed.
    Failed(Failed),
}

impl Receipt {
    /// Adds the next record of the session and its hash.
    pub fn add(&mut self, record: Record, mac: &str) {
        self.summary.add(&record);
        self.entries.push(Entry { seq: record.seq, mac: mac.to_owned() });
        match record.event {
            Event::Issuing(issuing) => self.issuing = Some(issuing),
            Event::Issued(issued) => self.issued = Some(issued),
            Event::Used(used) => {
                for (ask, over) in &used.asks_over {
                    self.asks.entry(ask.clone()).or_default().over = Some(over.clone());
                }
                self.used = Some(used);
            }
            Event::Asked(asked) => {
                let account = self.asks.entry(asked.ask.clone()).or_default();
                account.asked = asked;
            }
            Event::Answered(answered) => {
                let account = self.asks.entry(answered.ask.clone()).or_default();
                account.answered = Some(answered);
            }
            Event::Added(added) => {
                let account = self.asks.entry(added.ask.clone()).or_default();
                account.added = Some(added);
            }
            Event::Ended(ended) => self.end = Some(End::Ended(ended)),
            Event::Denied(denied) => self.end = Some(End::Denied(denied)),
            Event::Failed(failed) => self.end = Some(End::Failed(failed)),
            Event::Leasing(_) | Event::Renewed(_) | Event::Adding(_) | Event::CleanedUp(_) => {}
        }
    }
}
