//! A refused request becomes an ask: what the command is told, and how long its request waits.

use std::sync::Arc;
use std::time::Duration;

use crate::asks::board::Board;
use crate::asks::{State, Wanted};
use crate::later::Later;
use crate::settings::approve::{ApproveSettings, OnDenied};
use audex_gateway::decide::{Need, On};

/// Makes asks of refused requests.
pub struct Asking {
    board: Arc<Board>,
    on_denied: OnDenied,
    wait: Duration,
    /// The parts of the grant that are minted when they are needed.
    later: Later,
}

/// What becomes of a refused request.
pub(super) enum NextStep {
    /// It is decided again: the ask was granted meanwhile.
    DecideAgain,
    /// It stays refused, and the command is told this too.
    Tell(String),
}

impl Asking {
    /// Asks on `board`, as `settings` say.
    #[must_use]
    pub fn new(board: Arc<Board>, settings: &ApproveSettings, later: Later) -> Self {
        Self { board, on_denied: settings.on_denied, wait: settings.wait, later }
    }

    /// Returns the asks of the session.
    pub(in crate::pipeline) fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Asks for everything that one call needs.
    pub(super) async fn ask(&self, needs: &[Need]) -> NextStep {
        let own = self.later.wanted(needs);
        let on_denied = if own.is_some() { OnDenied::Wait } else { self.on_denied };
        if on_denied == OnDenied::Refuse {
            return NextStep::Tell(String::new());
        }
        if own.is_none() && needs.iter().any(|need| need.on == On::Unseen) {
            let told = "; it is not asked for, because the request does not show its resources: name them with `tryaudex ask`";
            return NextStep::Tell(told.to_owned());
        }
        let ask = match own {
            // The parts are few, so their number is limited without a rate.
            Some(own) => self.board.ask_own(own),
            None => self.board.ask(wanted(needs), None),
        };
        let ask = match ask {
            Ok(ask) => ask,
            Err(why) => return NextStep::Tell(format!("; it was not asked for, because {why}")),
        };
        let mut state = ask.state;
        if on_denied == OnDenied::Wait
            && state.is_open()
            && let Some(mut states) = self.board.states(&ask.id)
        {
            let answered = states.wait_for(|state| !state.is_open());
            // Without an answer in time, the state is the one so far.
            if let Ok(Ok(answered)) = tokio::time::timeout(self.wait, answered).await {
                state = answered.clone();
                if matches!(state, State::Granted { .. }) {
                    return NextStep::DecideAgain;
                }
            }
        }
        let id = &ask.id;
        NextStep::Tell(match state {
            State::Considered | State::Pending => {
                format!("; {id} asks for it, and the request can be repeated after a yes")
            }
            // The yes came after the decision.
            State::Granted { .. } => return NextStep::DecideAgain,
            State::Refused { by, reason } => format!("; {id} was refused by {by}: {reason}"),
            State::Used | State::Ended => format!("; {id} has ended"),
        })
    }

    /// Records that the one request of an ask was made.
    pub(super) fn used(&self, ask: &str) {
        self.board.set(ask, State::Used);
    }

    /// Records that the time of an ask's grant is over.
    pub(super) fn ended(&self, ask: &str) {
        self.board.set(ask, State::Ended);
    }
}

/// Returns the permissions of a call. What everybody may do needs no grant.
fn wanted(needs: &[Need]) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for Need { action, on, .. } in needs.iter().filter(|need| !need.free) {
        let resources = match on {
            On::These(named) => named.clone(),
            On::Every | On::Unseen => Vec::new(),
        };
        let one = Wanted::new(action.clone(), resources);
        if !wanted.contains(&one) {
            wanted.push(one);
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_of_a_call_is_asked_for_once_and_none_that_everybody_has() {
        let need = |action: &str, on: On, free| {
            let action = action.to_owned();
            Need { action, on, free, yields_credentials: false, uses: 1 }
        };
        let these = |name: &str| On::These(vec![name.to_owned()]);
        let asked = wanted(&[
            need("s3:GetObject", these("a"), false),
            need("s3:PutObject", these("b"), false),
            need("s3:GetObject", these("a"), false),
            need("s3:ListAllMyBuckets", On::Every, false),
            need("sts:GetCallerIdentity", On::Every, true),
        ]);
        let asked: Vec<_> =
            asked.iter().map(|one| (one.action.as_str(), one.resources.as_slice())).collect();
        assert_eq!(
            asked,
            [
                ("s3:GetObject", &["a".to_owned()][..]),
                ("s3:PutObject", &["b".to_owned()][..]),
                ("s3:ListAllMyBuckets", &[][..]),
            ]
        );
    }
}
