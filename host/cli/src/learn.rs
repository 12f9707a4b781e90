//! What a command needs, found by watching what it does.

mod address;
pub mod compile;
pub mod csm;
pub mod http_log;
pub mod observed;
pub mod recommend;
pub mod report;
pub mod resource;
pub mod save;
mod trail;
pub mod watch;

/// Where a call was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The host's own loopback endpoint.
    Gateway,
    /// The SDKs' client-side monitoring.
    Csm,
    /// The cloud's own record.
    Cloudtrail,
    /// The requests that a tool logs.
    HttpLog,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Csm, Self::Cloudtrail, Self::HttpLog];

    /// As `--source` takes it, and reports show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Csm => "csm",
            Self::Cloudtrail => "cloudtrail",
            Self::HttpLog => "http-log",
        }
    }

    /// Whether it sees what calls were made on.
    #[must_use]
    pub fn sees_resources(self) -> bool {
        matches!(self, Self::Gateway | Self::HttpLog)
    }
}
