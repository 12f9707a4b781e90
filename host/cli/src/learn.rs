//! Learns which permissions a command needs by observing the calls it makes.

mod address;
pub mod compile;
pub mod csm;
pub(crate) mod http_log;
pub mod observed;
pub(crate) mod recommend;
pub mod report;
pub mod resource;
pub mod save;
mod trail;
pub mod watch;

use audex_components::provider::LearnSource;

/// A source of observed calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The gateway of this program, on loopback.
    Gateway,
    /// The SDKs' client-side monitoring.
    Csm,
    /// CloudTrail, the cloud's own record of calls.
    Cloudtrail,
    /// The log of HTTP requests that a cloud's tool writes.
    HttpLog,
}

impl From<LearnSource> for Source {
    fn from(source: LearnSource) -> Self {
        match source {
            LearnSource::Gateway => Self::Gateway,
            LearnSource::Csm => Self::Csm,
            LearnSource::Cloudtrail => Self::Cloudtrail,
            LearnSource::HttpLog => Self::HttpLog,
        }
    }
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Csm, Self::Cloudtrail, Self::HttpLog];

    /// Returns the name that `--source` accepts and reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Csm => "csm",
            Self::Cloudtrail => "cloudtrail",
            Self::HttpLog => "http-log",
        }
    }

    /// Returns true if the source reports the resources of a call.
    #[must_use]
    pub(crate) fn sees_resources(self) -> bool {
        matches!(self, Self::Gateway | Self::HttpLog)
    }
}
