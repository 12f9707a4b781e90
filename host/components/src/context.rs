//! What one call of a component is made with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::capability::Capability;
use crate::outside::Outside;
use crate::policy_scope::PolicyScope;
use audex_core::source::Source;

/// Everything behind the imports of one call of one provider.
pub struct CallContext {
    /// Where the component came from.
    pub source: Source,
    /// What the component may use.
    pub capabilities: BTreeSet<Capability>,
    /// The component's own settings.
    pub settings: BTreeMap<String, String>,
    /// What policies may say in this call.
    pub scope: PolicyScope,
    /// What a session that is scoped down is for; the cloud's own log shows it.
    pub purpose: Option<String>,
    /// Network and source credentials, shared by all calls of a run.
    pub outside: Arc<Outside>,
}
