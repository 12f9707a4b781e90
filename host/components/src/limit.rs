//! What a component may use. Always set, for the built-in ones too.

use std::time::Duration;

/// Linear memory of one call. The largest built-in needs 2 MiB; a Python guest about 30.
pub const MEMORY_BYTES: usize = 64 * 1024 * 1024;
/// Table elements of one call; a guest needs one for each function it calls indirectly.
pub const TABLE_ELEMENTS: usize = 100_000;
/// Core instances in one component; encoders make up to a handful.
pub const INSTANCES: usize = 50;
/// Memories and tables in one component.
pub const MEMORIES: usize = 10;
/// Time a guest may compute in one call. Pure calls take well under a millisecond.
pub const GUEST_TIME: Duration = Duration::from_secs(2);
/// Time one call may take with all the host's I/O on its behalf; STS answers in under a second, retries included in ten.
pub const WALL_TIME: Duration = Duration::from_secs(90);
/// Waiting until what was minted works: Azure says that roles may take ten minutes.
pub const SETTLE: Duration = Duration::from_mins(10);
/// How often a running guest is looked at.
pub const TICK: Duration = Duration::from_millis(10);
/// Host resources (secrets, sessions) a guest may hold in one call.
pub const RESOURCES: usize = 1_000;
/// Size of a component that can be installed; a Python component is about 18 MiB.
pub const COMPONENT_BYTES: u64 = 64 * 1024 * 1024;
/// Log messages of one call; more are dropped.
pub const LOG_MESSAGES: usize = 100;
/// Text and lists that a guest may hand to the host in one call or answer; the host's copy lies outside the guest's memory.
pub const ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// One secret that a guest makes or lifts: a key file has a few kilobytes, and a guest may hold [`RESOURCES`] of them.
pub const SECRET_BYTES: usize = 64 * 1024;
/// A policy given to STS, which takes 2 KiB; patterns in it are compared with the grant's, at the cost of their product.
pub const POLICY_BYTES: usize = 16 * 1024;
/// Entries of one answer that are compared with each other: ten thousand cost a fraction of a second, a million a day.
pub const ENTRIES: usize = 10_000;
/// Actions that patterns stand for: AWS has some 22,000.
pub const KNOWN_ACTIONS: usize = 100_000;
/// Variables, files, settings or profiles of a provider.
pub const DELIVERED: usize = 100;
/// Notices of one answer; more are dropped.
pub const NOTICES: usize = 50;
/// Headers of one request.
pub const HEADERS: usize = 64;
/// Secrets lifted from one reply: for each the whole reply is searched.
pub const LIFTED: usize = 16;
