//! The methods to make credentials, and the longest life of these.

use audex_sdk::provider::{Error, Grant};

use crate::invalid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A user-delegation SAS for blobs of one container, which Azure enforces.
    Sas,
    /// Tokens for the audiences that the operations need, with everything that their holder may do there.
    AudienceTokens,
    /// Tokens of an identity with a temporary custom role for exactly the grant, which Azure enforces.
    CustomRole,
}

/// The longest life of an access token: 60 to 90 minutes, or 24 hours if a managed identity issued it; the
/// life cannot be chosen. Sources: Microsoft Entra, "Configurable token lifetimes" and "Managed identities
/// for Azure resources frequently asked questions" (tokens are cached for 24 hours).
pub const LONGEST_TOKEN: u32 = 24 * 3600;
const SHORTEST_TOKEN: u32 = 3600;
/// The longest life of a user delegation key: seven days. Source: Blob service REST API, "Get User Delegation
/// Key".
const LONGEST_KEY: u32 = 7 * 24 * 3600;

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sas => "sas",
            Self::AudienceTokens => "audience-tokens",
            Self::CustomRole => "custom-role",
        }
    }

    /// Chooses the method for this grant: a limit to resources needs a signature. `forced` is the user's
    /// setting.
    ///
    /// # Errors
    /// If the forced method cannot express the grant, or does not exist.
    pub fn decide(grant: &Grant, forced: Option<&str>) -> Result<Self, Error> {
        let limited = grant.permissions.iter().any(|permission| !permission.resources.is_every());
        match (forced.unwrap_or("auto"), limited) {
            // Security: a command with a signature would hold a credential, and pass the gateway.
            ("sas", _) if grant.gateway => Err(invalid(
                "signature-past-gateway",
                "with a gateway the command gets no shared access signature".to_owned(),
                "leave out --method: the gateway decides by --resource itself",
            )),
            ("auto" | "audience-tokens", _) if grant.gateway => Ok(Self::AudienceTokens),
            ("auto" | "sas", true) => Ok(Self::Sas),
            ("auto" | "audience-tokens", false) => Ok(Self::AudienceTokens),
            // Never chosen automatically: this method changes role assignments of the subscription, if only
            // for a while.
            ("custom-role", _) => Ok(Self::CustomRole),
            ("sas", false) => Err(invalid(
                "resource-missing",
                "a shared access signature is for a container, directory or blob, and none is given"
                    .to_owned(),
                "name it: --resource https://ACCOUNT.blob.core.windows.net/CONTAINER",
            )),
            ("audience-tokens", true) => Err(invalid(
                "resource-not-enforceable",
                "a token cannot be limited to resources".to_owned(),
                "leave out --method, which gives a shared access signature for blobs, or take --deliver gateway, which decides by resource",
            )),
            (other, _) => Err(invalid(
                "unknown-method",
                format!("there is no method `{other}`"),
                "use `sas`, `audience-tokens`, `custom-role` or `auto`",
            )),
        }
    }

    /// Checks the ttl against the longest life of the method's credentials.
    ///
    /// # Errors
    /// If credentials of this method cannot live so long.
    pub fn check_ttl(self, ttl: u32) -> Result<(), Error> {
        let (ceiling, hours) = match self {
            Self::Sas => (LONGEST_KEY, "7 days"),
            Self::AudienceTokens | Self::CustomRole => (LONGEST_TOKEN, "24h"),
        };
        if ttl <= ceiling {
            return Ok(());
        }
        let message = format!("a ttl of {ttl} s is more than `{}` can give ({hours})", self.name());
        Err(invalid("ttl-too-long", message, "ask for a shorter --ttl"))
    }

    /// Returns the longest possible life of the delivered credentials.
    pub fn longest_life(self, ttl: u32) -> u32 {
        match self {
            Self::Sas => ttl,
            Self::AudienceTokens | Self::CustomRole => LONGEST_TOKEN,
        }
    }
}

/// Returns the notice about the life of tokens for a ttl, which cannot be chosen.
pub fn token_life(ttl: u32) -> String {
    let rule = "a token lives 60 to 90 minutes (24h from a managed identity), whatever the ttl";
    if ttl > SHORTEST_TOKEN {
        format!("{rule}; it is not renewed, so access may end before this ttl does")
    } else {
        format!("{rule}; the command is ended at the ttl")
    }
}

#[cfg(test)]
mod tests {
    use audex_sdk::provider::{Permission, Scope};

    use super::*;

    fn decide(resources: &[&str], forced: Option<&str>) -> Result<Method, String> {
        decide_with(resources, forced, false)
    }

    fn decide_with(
        resources: &[&str],
        forced: Option<&str>,
        gateway: bool,
    ) -> Result<Method, String> {
        let permission = Permission {
            action: "Microsoft.Storage/storageAccounts/read".to_owned(),
            origin: String::new(),
            resources: Scope::asked(resources.iter().map(|&text| text.to_owned()).collect()),
        };
        let grant = Grant {
            provider: "azure".to_owned(),
            permissions: vec![permission],
            deny: Vec::new(),
            ttl_seconds: 900,
            session: "audex-1".to_owned(),
            gateway,
        };
        Method::decide(&grant, forced).map_err(|error| error.code)
    }

    #[test]
    fn a_resource_asks_for_a_signature_and_nothing_else_does() {
        assert_eq!(decide(&["x"], None), Ok(Method::Sas));
        assert_eq!(decide(&[], None), Ok(Method::AudienceTokens));
        assert_eq!(decide(&["x"], Some("sas")), Ok(Method::Sas));
        assert_eq!(decide(&[], Some("audience-tokens")), Ok(Method::AudienceTokens));
        assert_eq!(decide(&["x"], Some("custom-role")), Ok(Method::CustomRole));
    }

    #[test]
    fn a_method_that_cannot_hold_to_the_grant_is_refused() {
        assert_eq!(
            decide(&["x"], Some("audience-tokens")),
            Err("resource-not-enforceable".to_owned())
        );
        assert_eq!(decide(&[], Some("sas")), Err("resource-missing".to_owned()));
        assert_eq!(decide(&[], Some("magic")), Err("unknown-method".to_owned()));
    }

    #[test]
    fn a_gateway_holds_tokens_and_never_a_signature() {
        for resources in [&[][..], &["https://acct.blob.core.windows.net/c"]] {
            for forced in [None, Some("audience-tokens")] {
                assert_eq!(decide_with(resources, forced, true), Ok(Method::AudienceTokens));
            }
            let refused = Err("signature-past-gateway".to_owned());
            assert_eq!(decide_with(resources, Some("sas"), true), refused);
            assert_eq!(decide_with(resources, Some("custom-role"), true), Ok(Method::CustomRole));
        }
    }

    #[test]
    fn lifetimes_beyond_what_azure_gives_are_refused() {
        assert!(
            Method::AudienceTokens.check_ttl(86_400).is_ok()
                && Method::Sas.check_ttl(604_800).is_ok()
        );
        for (method, ttl) in [(Method::AudienceTokens, 86_401), (Method::Sas, 604_801)] {
            assert_eq!(method.check_ttl(ttl).unwrap_err().code, "ttl-too-long");
        }
        assert!(
            token_life(900).contains("ended at the ttl")
                && token_life(7200).contains("not renewed")
        );
    }
}
