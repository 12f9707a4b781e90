//! What tests ask a cloud about the requests it decided.

use audex_loopback::LoopbackCloud;
use audex_loopback::iam::Decision;

/// The requests of a cloud, for assertions.
pub trait CloudView {
    /// `action resource` of every request that was allowed, in order, without repetition.
    fn allowed(&self) -> Vec<String>;
    /// The same of every request that was decided and denied.
    fn denied(&self) -> Vec<String>;
}

impl CloudView for LoopbackCloud {
    fn allowed(&self) -> Vec<String> {
        decided(self, Decision::is_allowed)
    }

    fn denied(&self) -> Vec<String> {
        decided(self, |decision| !decision.is_allowed())
    }
}

fn decided(cloud: &LoopbackCloud, wanted: impl Fn(Decision) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for seen in cloud.requests() {
        let line = format!("{} {}", seen.action, seen.resource);
        if seen.decision.is_some_and(&wanted) && !found.contains(&line) {
            found.push(line);
        }
    }
    found
}
