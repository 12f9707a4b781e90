//! The decision about a request of an inner session: its own, and that of every session around it.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use crate::pipeline::gateway::decider::Deciding;
use audex_gateway::{Decider, Noted, Pending, View};
use audex_wire::seen_request::SeenRequest;

/// Decides for an inner session.
pub(super) struct Nested {
    pub(super) own: Arc<Deciding>,
    /// The decider of the session around it, which asks its own parent in turn.
    pub(super) parent: Arc<dyn Decider>,
}

impl Decider for Nested {
    /// INVARIANT: a request that the parent refuses is refused, whatever this session may do. The credentials are those of this
    /// session, which the cloud limits to its own grant.
    fn decide<'a>(&'a self, request: &'a SeenRequest) -> Pending<'a> {
        Box::pin(async move {
            let signer = self.own.decide(request).await?;
            self.parent.decide(request).await?;
            Ok(signer)
        })
    }

    fn noted<'a>(&'a self, _: Noted) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(ready(()))
    }

    fn view(&self) -> View {
        View::Whole
    }
}
