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
/// How often a running guest is looked at.
pub const TICK: Duration = Duration::from_millis(10);
/// Host resources (secrets, sessions) a guest may hold in one call.
pub const RESOURCES: usize = 1_000;
/// Size of a component that can be installed; a Python component is about 18 MiB.
pub const COMPONENT_BYTES: u64 = 64 * 1024 * 1024;
/// Characters of one log message; more is cut.
pub const LOG_CHARACTERS: usize = 2_000;
/// Log messages of one call; more are dropped.
pub const LOG_MESSAGES: usize = 100;
