//! The keys that a command gets in place of its session's; they are valid only for the gateway of that
//! session.

use std::io;

use audex_core::random;
use audex_core::secret::Secret;

/// Keys that grant nothing by themselves.
#[derive(Clone, Debug)]
pub struct SessionKey {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: Secret,
    /// The session token, so that tools behave as with a session.
    pub token: Secret,
}

impl SessionKey {
    /// Makes new random keys.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            id: format!("ASIA{}", random::text(16, random::ID)?),
            secret: Secret::new(random::text(40, random::HEX)?),
            token: Secret::new(random::text(64, random::HEX)?),
        })
    }
}
