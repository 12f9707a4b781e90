//! The part of a gateway that says whether a request is sent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use audex_wire::seen_request::SeenRequest;

use super::{Noted, Signer};

/// A decision that may have to wait for a person: the credentials by which the request is signed, or the reply
/// for the command in place of the cloud's.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Result<Arc<Signer>, Box<Denial>>> + Send + 'a>>;

/// Says whether requests are sent, and is told what became of them. `run` decides by the grant, `learn`
/// forwards everything and observes.
pub trait Decider: Send + Sync {
    /// Decides about a request whose signature is the command's.
    fn decide<'a>(&'a self, request: &'a SeenRequest) -> Pending<'a>;

    /// Handles the cloud's decision on a request that was sent. May wait, so that the number of unread reports
    /// is bounded.
    fn noted<'a>(&'a self, noted: Noted) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

    /// Returns the parts of a request that [`Decider::decide`] gets.
    fn view(&self) -> View;
}

/// The parts of a request that a decider gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The parts that name operations and resources, and the beginning of the body. Unsigned requests are
    /// forwarded.
    Telling,
    /// Every part that a service can read. Unsigned requests are refused, because no grant covers them.
    Whole,
}

/// A reply that denies a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}
