//! Policy filters: rules that can only take permissions away.

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all, clippy::pedantic)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "policy-filter",
        path: "wit",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "audex_sdk::filter::bindings",
    });
}

pub use bindings::exports::audex::plugin::filter::{
    Approval, Context, Delivery, Enforcer, Isolation, Plan, Planned, Restriction, StepUp, Verdict,
};
pub use bindings::exports::audex::plugin::types::{Grant, Permission, Scope};

/// A rule that can only take permissions away. Every failure of a filter denies.
pub trait Filter {
    /// Returns the permissions to take from the request, before there is a plan. Every filter receives the
    /// same request. `settings` is this filter's own table of `config.toml`, as a JSON object. Pure.
    fn review(grant: Grant, context: Context, settings: String) -> Verdict;
    /// Approves or refuses the plan of the request to the cloud; approves by default. `grant` is the grant
    /// after all filters. Pure.
    #[must_use]
    fn approve(_grant: Grant, _plan: Plan, _context: Context, _settings: String) -> Approval {
        Approval::Approve
    }
}

impl<T: Filter> bindings::exports::audex::plugin::filter::Guest for T {
    fn review(grant: Grant, context: Context, settings: String) -> Verdict {
        match grant.unscoped() {
            Some(why) => Verdict::Refuse(why),
            None => <T as Filter>::review(grant, context, settings),
        }
    }
    fn approve(grant: Grant, plan: Plan, context: Context, settings: String) -> Approval {
        match grant.unscoped() {
            Some(why) => Approval::Refuse(why),
            None => <T as Filter>::approve(grant, plan, context, settings),
        }
    }
}

/// Exports a type that implements [`Filter`] as this crate's component.
#[macro_export]
macro_rules! filter {
    ($filter:ident) => {
        $crate::filter::bindings::export!($filter with_types_in $crate::filter::bindings);
        $crate::manifest!("policy-filter");
    };
}
