//! The options for the identity, the project and the tenant. Each option is a setting of one provider.

use clap::builder::NonEmptyStringValueParser;

use super::heading::WHO;

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct IdentityArgs {
    #[arg(long, help_heading = WHO, hide_short_help = true, value_name = "EMAIL", value_parser = NonEmptyStringValueParser::new(), help = "Service account to impersonate (GCP) [env: AUDEX_GCP_SERVICE_ACCOUNT]")]
    service_account: Option<String>,
    /// Service accounts to go through, in order, comma-separated; may be repeated (GCP)
    #[arg(long, help_heading = WHO, hide_short_help = true, value_name = "EMAILS", value_parser = NonEmptyStringValueParser::new())]
    delegate: Vec<String>,
    #[arg(long, help_heading = WHO, hide_short_help = true, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help = "Project (GCP) [env: AUDEX_GCP_PROJECT]")]
    project: Option<String>,
    #[arg(long, help_heading = WHO, hide_short_help = true, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help = "Subscription (Azure) [env: AZURE_SUBSCRIPTION_ID]")]
    subscription: Option<String>,
    #[arg(long, help_heading = WHO, hide_short_help = true, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help = "Tenant (Azure) [env: AZURE_TENANT_ID]")]
    tenant: Option<String>,
    #[arg(long, help_heading = WHO, hide_short_help = true, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help = "Identity that gets temporary roles, for --method custom-role (Azure) [env: AUDEX_AZURE_CLIENT_ID]")]
    client_id: Option<String>,
}

impl IdentityArgs {
    /// Returns the key and the value of each given option.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let delegates = (!self.delegate.is_empty()).then(|| self.delegate.join(","));
        [
            ("service_account", self.service_account.clone()),
            ("delegate", delegates),
            ("project", self.project.clone()),
            ("subscription_id", self.subscription.clone()),
            ("tenant_id", self.tenant.clone()),
            ("client_id", self.client_id.clone()),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
    }
}
