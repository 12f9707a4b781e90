//! A library for Audex components: providers, mapping tables, policy filters and intent engines.
//!
//! Each kind needs one trait and one macro line. This is a complete filter:
//!
//! ```
//! use audex_sdk::filter::{Context, Filter, Grant, Restriction, Verdict};
//!
//! struct NoDeletes;
//!
//! impl Filter for NoDeletes {
//!     fn review(grant: Grant, _context: Context, _settings: String) -> Verdict {
//!         let drop: Vec<u32> = (0..)
//!             .zip(&grant.permissions)
//!             .filter(|(_, permission)| permission.action.contains(":Delete"))
//!             .map(|(position, _)| position)
//!             .collect();
//!         if drop.is_empty() {
//!             return Verdict::Pass;
//!         }
//!         Verdict::Restrict(vec![Restriction { drop, ..Restriction::because("this team deletes by ticket") }])
//!     }
//! }
//!
//! audex_sdk::filter!(NoDeletes);
//! # fn main() {}
//! ```
//!
//! Build it with `crate-type = ["cdylib"]` for `wasm32-unknown-unknown`, or for `wasm32-wasip2` to use `println!`
//! and `std::time`, and pass the `.wasm` to `tryaudex plugin install`.

#[cfg(all(feature = "component", not(target_arch = "wasm32")))]
pub mod fake;
#[cfg(feature = "component")]
pub mod filter;
#[cfg(feature = "component")]
pub mod intent;
pub mod manifest;
#[cfg(feature = "component")]
pub mod mapping;
pub mod pattern;
#[cfg(feature = "component")]
pub mod provider;
pub mod rfc3339;
#[cfg(feature = "component")]
mod scope;
#[cfg(feature = "component")]
mod shorthand;
pub mod spelling;
