//! The decision about a request of an inner session: its own, and that of every session around it.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use crate::pipeline::gateway::decider::Deciding;
use audex_gateway::{Decider, Noted, Pending, Signer, View};
use audex_wire::seen_request::SeenRequest;

/// Decides for an inner session.
pub(super) struct Nested {
    pub(super) own: Arc<Deciding>,
    /// The decider of the session around it, which asks its own parent in turn.
    pub(super) parent: Arc<dyn Decider>,
    /// The credentials of the session around it that this session's own were narrowed from; `None` if it has none of its own.
    pub(super) narrowed: Option<Arc<Signer>>,
}

impl Decider for Nested {
    /// INVARIANT: a request that the parent refuses is refused, whatever this session may do.
    ///
    /// It is signed with this session's own credentials if these can do what the parent's for this request can. What the
    /// parent got later, by an ask or as a part of its grant, they do not have: such a request is signed with the parent's.
    fn decide<'a>(&'a self, request: &'a SeenRequest) -> Pending<'a> {
        Box::pin(async move {
            let own = self.own.decide(request).await?;
            let parent = self.parent.decide(request).await?;
            let is_narrowed =
                self.narrowed.as_ref().is_some_and(|narrowed| Arc::ptr_eq(narrowed, &parent));
            Ok(if is_narrowed { own } else { parent })
        })
    }

    fn noted<'a>(&'a self, _: Noted) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(ready(()))
    }

    fn view(&self) -> View {
        View::Whole
    }
}
