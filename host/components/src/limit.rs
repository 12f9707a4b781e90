//! The limits of components. They always apply, also to the built-in ones.

use std::time::Duration;

/// The linear memory of one call. The largest built-in component needs 2 MiB; a Python guest about 30.
pub const MEMORY_BYTES: usize = 64 * 1024 * 1024;
/// The table elements of one call; a guest needs one for each function that it calls indirectly.
pub(crate) const TABLE_ELEMENTS: usize = 100_000;
/// The core instances in one component; encoders make up to a handful.
pub(crate) const INSTANCES: usize = 50;
/// The memories, and the tables, in one component.
pub(crate) const MEMORIES: usize = 10;
/// The time that a guest may compute in one call. Pure calls take well under a millisecond.
pub const GUEST_TIME: Duration = Duration::from_secs(2);
/// The time of one call together with the host's I/O for it; STS answers in under a second, with retries in
/// ten.
pub(crate) const WALL_TIME: Duration = Duration::from_secs(90);
/// The longest wait until minted credentials work: Azure says that roles may take ten minutes.
pub(crate) const SETTLE: Duration = Duration::from_mins(10);
/// The interval between two checks of a running guest.
pub(crate) const TICK: Duration = Duration::from_millis(10);
/// The host resources (secrets, sessions) that a guest may hold in one call.
pub const RESOURCES: usize = 1_000;
/// The size of a component that can be installed; a Python component is about 18 MiB.
pub const COMPONENT_BYTES: u64 = 64 * 1024 * 1024;
/// The log messages of one call; further messages are dropped.
pub(crate) const LOG_MESSAGES: usize = 100;
/// The messages of a component that are kept until the program shows them; further messages are dropped. A
/// recogniser is called for every request of a command.
pub(crate) const KEPT_MESSAGES: usize = 10 * LOG_MESSAGES;
/// The text that a guest may print in one call; further text is dropped.
pub(crate) const OUTPUT_BYTES: usize = 64 * 1024;
/// The random bytes that a guest may take at once through WASI; a key has a few kilobytes.
pub(crate) const RANDOM_BYTES: u64 = 1024 * 1024;
/// The text and lists that a guest may pass to the host in one call or answer; the host's copy is outside the
/// guest's memory.
pub const ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// The size of one secret that a guest makes or lifts: a key file has a few kilobytes, and a guest may hold
/// [`RESOURCES`] of them.
pub const SECRET_BYTES: usize = 64 * 1024;
/// The size of a policy for STS, which accepts 2 KiB; comparing its patterns with the grant's costs the
/// product of their numbers.
pub(crate) const POLICY_BYTES: usize = 16 * 1024;
/// The entries of one answer that are compared with each other: ten thousand take a fraction of a second, a
/// million a day.
pub(crate) const ENTRIES: usize = 10_000;
/// The actions that patterns expand to: AWS has some 22,000.
pub(crate) const KNOWN_ACTIONS: usize = 100_000;
/// The variables, files, settings or profiles of a provider.
pub(crate) const DELIVERED: usize = 100;
/// The notices of one answer; further notices are dropped.
pub(crate) const NOTICES: usize = 50;
/// The headers of one request.
pub const HEADERS: usize = 64;
/// The secrets lifted from one reply: the whole reply is searched for each.
pub(crate) const LIFTED: usize = 16;
