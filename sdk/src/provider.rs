//! Providers: all code that is specific to one cloud.

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all, clippy::pedantic)]
pub mod bindings {
    #[cfg(target_arch = "wasm32")]
    wit_bindgen::generate!({
        world: "provider-plugin",
        path: "wit",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "audex_sdk::provider::bindings",
    });
    // In native builds, the only host is the one that a test creates.
    #[cfg(not(target_arch = "wasm32"))]
    wit_bindgen::generate!({
        world: "provider-plugin",
        path: "wit",
        with: {
            "audex:plugin/types@0.1.0": generate,
            "audex:plugin/secrets@0.1.0": crate::fake::secrets,
            "audex:plugin/http@0.1.0": crate::fake::http,
            "audex:plugin/sts@0.1.0": crate::fake::sts,
            "audex:plugin/identity@0.1.0": crate::fake::identity,
            "audex:plugin/log@0.1.0": crate::fake::log,
            "audex:plugin/clock@0.1.0": crate::fake::clock,
            "audex:plugin/settings@0.1.0": crate::fake::settings,
            "audex:plugin/keys@0.1.0": crate::fake::keys,
            "audex:plugin/keep@0.1.0": crate::fake::keep,
            "audex:plugin/leases@0.1.0": crate::fake::leases,
        },
        pub_export_macro: true,
        default_bindings_module: "audex_sdk::provider::bindings",
    });
}

pub use bindings::audex::plugin::types::{Error, ErrorKind, Grant, Permission, Scope};
#[cfg(target_arch = "wasm32")]
pub use bindings::audex::plugin::{
    clock, http, identity, keep, keys, leases, log, secrets, settings, sts,
};
pub use secrets::{Piece, Secret};

#[cfg(not(target_arch = "wasm32"))]
pub use crate::fake::{clock, http, identity, keep, keys, leases, log, secrets, settings, sts};
pub use bindings::exports::audex::plugin::provider::{
    AccessLevel, Advice, AppServiceIdentity, Attribution, AudienceToken, Call, CheckResult,
    Description, Effect, Endpoint, Enforcer, File, Finding, Front, GceMetadata, GitCredential,
    GrantPlan as Plan, HealthStatus, KnownAction, Lead, LearnSource, Minted, Need, Omission,
    Planned, Profile, Reading, Reply, SeenRequest, Setting, Sign, Statement, Status, ToolLogins,
    Value, Variable, Window,
};

/// One cloud. Functions with a default body are optional; where the default is `unsupported`, the user sees
/// that error.
///
/// A complete provider is this trait and one macro line; `sdk/examples` has a tested one.
pub trait Provider {
    /// Returns the identity, settings, profiles and the variables that `mint` may set. Pure.
    fn describe() -> Description;
    /// Returns one finding for each action, in order. Pure.
    fn check(actions: Vec<String>) -> Vec<Finding>;
    /// Returns the plan of the request to the cloud; changes nothing.
    ///
    /// # Errors
    /// When the grant cannot be expressed on this cloud.
    fn plan(grant: Grant) -> Result<Plan, Error>;
    /// Returns advice about known failures of `command` under this grant; empty by default. Pure.
    #[must_use]
    fn preflight(_grant: Grant, _command: Vec<String>) -> Vec<Advice> {
        Vec::new()
    }
    /// Returns the grant as a document for the cloud's own tools. Pure.
    ///
    /// # Errors
    /// By default `unsupported`.
    fn document(_grant: Grant, _name: String, _format: String) -> Result<String, Error> {
        Err(unsupported("document"))
    }
    /// Gets credentials for exactly `plan`.
    ///
    /// # Errors
    /// When the cloud refuses or cannot be reached.
    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error>;
    /// Revokes the credentials that `mint` handed out.
    ///
    /// # Errors
    /// By default `unsupported`.
    fn revoke(_lease: String) -> Result<(), Error> {
        Err(unsupported("revoke"))
    }
    /// Returns `true` if the credentials that `mint` handed out work now; called only if `mint` set
    /// `settle_seconds`.
    ///
    /// # Errors
    /// When the credentials will never work.
    fn settled(_lease: String) -> Result<bool, Error> {
        Ok(true)
    }
    /// Returns the leases of ended sessions that the cloud still has; empty by default. Log a warning for what
    /// cannot be read: the user learns then that something may be left.
    ///
    /// # Errors
    /// When the cloud refuses or cannot be reached.
    fn leftovers() -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
    /// Tests with real calls that `mint` would work; empty by default.
    #[must_use]
    fn health() -> Vec<CheckResult> {
        Vec::new()
    }
    /// Returns calls from the cloud's own log.
    ///
    /// # Errors
    /// By default `unsupported`.
    fn observed(_window: Window) -> Result<Vec<Call>, Error> {
        Err(unsupported("observed"))
    }
    /// Returns the operations of requests; by default unknown calls, named by method and path. Pure.
    #[must_use]
    fn recognise(requests: Vec<SeenRequest>, _account: Option<String>) -> Vec<Call> {
        requests.into_iter().map(unknown_call).collect()
    }
    /// Returns the permissions that a request needs, read strictly; by default unknown. Pure.
    #[must_use]
    fn read(request: SeenRequest, _account: Option<String>) -> Reading {
        Reading::Unknown(format!("{} {}", request.method, request.path))
    }
    /// Returns the reply that denies a request; by default plain text with status 403. Pure.
    #[must_use]
    fn refuse(_request: SeenRequest, message: String) -> Reply {
        Reply::new(403, "text/plain; charset=utf-8", message.into_bytes())
    }
    /// Returns the permissions that calls need; by default unknown for each call. Pure.
    #[must_use]
    fn attribute(calls: Vec<Call>) -> Vec<Attribution> {
        calls
            .iter()
            .map(|_| Attribution { known: false, permissions: Vec::new(), note: None })
            .collect()
    }
    /// Returns the known actions that patterns match; by default each pattern is one action. Pure.
    #[must_use]
    fn expand(patterns: Vec<String>) -> Vec<KnownAction> {
        patterns
            .into_iter()
            .map(|name| KnownAction { name, access: None, yields_credentials: false })
            .collect()
    }
    /// Returns the statements of a document. Pure.
    ///
    /// # Errors
    /// By default `unsupported`; else when the document is not in a format of this cloud.
    fn statements(_document: String) -> Result<Vec<Statement>, Error> {
        Err(unsupported("statements"))
    }
    /// Returns the statements that apply to a principal now.
    ///
    /// # Errors
    /// By default `unsupported`.
    fn effective(_principal: String) -> Result<Vec<Statement>, Error> {
        Err(unsupported("effective"))
    }
}

impl<T: Provider> bindings::exports::audex::plugin::provider::Guest for T {
    fn describe() -> Description {
        <T as Provider>::describe()
    }
    fn check(actions: Vec<String>) -> Vec<Finding> {
        <T as Provider>::check(actions)
    }
    fn plan(grant: Grant) -> Result<Plan, Error> {
        grant.check_scopes()?;
        <T as Provider>::plan(grant)
    }
    fn preflight(grant: Grant, command: Vec<String>) -> Vec<Advice> {
        <T as Provider>::preflight(grant, command)
    }
    fn document(grant: Grant, name: String, format: String) -> Result<String, Error> {
        grant.check_scopes()?;
        <T as Provider>::document(grant, name, format)
    }
    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
        grant.check_scopes()?;
        <T as Provider>::mint(grant, plan)
    }
    fn revoke(lease: String) -> Result<(), Error> {
        <T as Provider>::revoke(lease)
    }
    fn settled(lease: String) -> Result<bool, Error> {
        <T as Provider>::settled(lease)
    }
    fn leftovers() -> Result<Vec<String>, Error> {
        <T as Provider>::leftovers()
    }
    fn health() -> Vec<CheckResult> {
        <T as Provider>::health()
    }
    fn observed(window: Window) -> Result<Vec<Call>, Error> {
        <T as Provider>::observed(window)
    }
    fn recognise(requests: Vec<SeenRequest>, account: Option<String>) -> Vec<Call> {
        <T as Provider>::recognise(requests, account)
    }
    fn read(request: SeenRequest, account: Option<String>) -> Reading {
        <T as Provider>::read(request, account)
    }
    fn refuse(request: SeenRequest, message: String) -> Reply {
        <T as Provider>::refuse(request, message)
    }
    fn attribute(calls: Vec<Call>) -> Vec<Attribution> {
        <T as Provider>::attribute(calls)
    }
    fn expand(patterns: Vec<String>) -> Vec<KnownAction> {
        <T as Provider>::expand(patterns)
    }
    fn statements(document: String) -> Result<Vec<Statement>, Error> {
        <T as Provider>::statements(document)
    }
    fn effective(principal: String) -> Result<Vec<Statement>, Error> {
        <T as Provider>::effective(principal)
    }
}

/// Returns the error for an operation that a provider does not offer.
#[must_use]
pub fn unsupported(operation: &str) -> Error {
    Error {
        kind: ErrorKind::Unsupported,
        code: "operation-unsupported".to_owned(),
        message: format!("this provider does not offer `{operation}`"),
        hint: None,
    }
}

/// Returns a call for a request whose operation is unknown, named by its method and path.
#[must_use]
pub fn unknown_call(request: SeenRequest) -> Call {
    Call {
        service: request.service.unwrap_or(request.host),
        operation: format!("{} {}", request.method, request.path),
        known: false,
        resources: Vec::new(),
        count: 1,
        denied: false,
        source: String::new(),
    }
}

/// Exports a type that implements [`Provider`] as this crate's component; `capabilities` names the requested
/// capabilities.
///
/// ```
/// use audex_sdk::provider::*;
///
/// struct Doors;
///
/// impl Provider for Doors {
///     fn describe() -> Description {
///         Description::new("doors", "Doors", "thing:verb, for example `door:open`", &["DOORS_TOKEN"])
///     }
///
///     fn check(actions: Vec<String>) -> Vec<Finding> {
///         actions.iter().map(|action| Finding::known(action)).collect()
///     }
///
///     fn plan(grant: Grant) -> Result<Plan, Error> {
///         Ok(Plan::of(&grant, "static-token", Enforcer::Token, Some("the whole building")))
///     }
///
///     fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
///         let token = Value::Secret(Secret::new("t0ken"));
///         let ends = clock::now() + u64::from(grant.ttl_seconds);
///         Ok(Minted::new(&plan, ends).variable("DOORS_TOKEN", token))
///     }
/// }
///
/// audex_sdk::provider!(Doors, capabilities = ["http:doors.example.com"]);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! provider {
    ($provider:ident $(, capabilities = [$($capability:literal),* $(,)?])?) => {
        $crate::provider::bindings::export!($provider with_types_in $crate::provider::bindings);
        $crate::manifest!("provider-plugin" $($(, $capability)*)?);
    };
}
