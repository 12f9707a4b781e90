//! The context of one component call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::capability::Capability;
use crate::outside::Outside;
use crate::policy_scope::PolicyScope;
use audex_core::source::Source;

/// The data behind the imports of one call of one component.
pub(crate) struct CallContext {
    /// The origin of the component: built-in or installed.
    pub source: Source,
    /// The capabilities of the component.
    pub capabilities: BTreeSet<Capability>,
    /// The component's own settings.
    pub settings: BTreeMap<String, String>,
    /// The limits of policies and sessions in this call.
    pub scope: PolicyScope,
    /// The purpose of a scoped-down session; the cloud's own log shows it.
    pub purpose: Option<String>,
    /// The network and the source credentials, shared by all calls of a run.
    pub outside: Arc<Outside>,
}
