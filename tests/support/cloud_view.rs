//! The decided requests of a cloud, for assertions.

use audex_loopback::LoopbackCloud;
use audex_loopback::iam::Decision;

/// A view of a cloud's decided requests.
pub(crate) trait CloudView {
    /// Returns `action resource` of every allowed request, in order, without repetition.
    fn allowed(&self) -> Vec<String>;
    /// Returns `action resource` of every denied request, in order, without repetition.
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
