//! The description of this provider for the host and the user.

use audex_sdk::provider::{Description, Front, Lead, LearnSource, Profile, Scope, Setting, Sign};

use crate::readonly;

/// The variables that a run may set. `gcloud` and `bq` read the first, Terraform the second; the libraries
/// and `gsutil` ask the metadata server, which the host directs to itself.
pub const SETS: [&str; 5] = [
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "CLOUDSDK_CORE_PROJECT",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_PROJECT",
];

/// The services that `gcloud` reaches by a variable, with the host and the path of the variable's value. With the
/// path `/`, gcloud adds the path of the version that a command uses. For Cloud Storage it needs the path, because it
/// takes the address apart itself. Cloud Run has no such variable here: gcloud puts the region before the host of
/// its value, which makes no address of this machine.
/// Source: gcloud 528, `_BuildEndpointOverride`, `BASE_URL` of its clients, and `DeriveRegionalEndpoint`.
const LEADS: [(&str, &str, &str); 9] = [
    ("BIGQUERY", "bigquery", "/bigquery/v2/"),
    ("CLOUDRESOURCEMANAGER", "cloudresourcemanager", "/"),
    ("COMPUTE", "compute", "/"),
    ("IAM", "iam", "/"),
    ("IAMCREDENTIALS", "iamcredentials", "/"),
    ("LOGGING", "logging", "/"),
    ("PUBSUB", "pubsub", "/"),
    ("SECRETMANAGER", "secretmanager", "/"),
    ("STORAGE", "storage", "/storage/v1/"),
];

/// Name, purpose and permissions: the table of the project's policy document.
const PROFILES: [(&str, &str, &[&str]); 4] = [
    ("gcs-readonly", "Read Cloud Storage", &["storage.objects.get", "storage.objects.list"]),
    (
        "gcs-readwrite",
        "Full Cloud Storage",
        &[
            "storage.objects.get",
            "storage.objects.list",
            "storage.objects.create",
            "storage.objects.delete",
        ],
    ),
    (
        "compute-readonly",
        "Read Compute Engine",
        &["compute.instances.list", "compute.instances.get"],
    ),
    (
        "bigquery-readonly",
        "Read BigQuery",
        &["bigquery.datasets.get", "bigquery.tables.get", "bigquery.tables.list"],
    ),
];

pub fn describe() -> Description {
    let setting = |key: &str, description: &str, env: Option<&str>| Setting {
        key: key.to_owned(),
        description: description.to_owned(),
        env: env.map(ToOwned::to_owned),
    };
    let profile = |(name, description, actions): &(&str, &str, &[&str])| Profile {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        actions: actions.iter().map(|&action| action.to_owned()).collect(),
        resources: Scope::Every,
        leaves_out: Vec::new(),
    };
    Description {
        settings: vec![
            setting(
                "service_account",
                "service account to impersonate, by email",
                Some("AUDEX_GCP_SERVICE_ACCOUNT"),
            ),
            setting("project", "project the command works in", Some("AUDEX_GCP_PROJECT")),
            setting(
                "delegate",
                "service accounts between the source and the target, separated by commas",
                Some("AUDEX_GCP_DELEGATE"),
            ),
        ],
        profiles: PROFILES.iter().map(profile).chain([readonly::profile()]).collect(),
        configured_by: vec![
            Sign::Variable("AUDEX_GCP_SERVICE_ACCOUNT".to_owned()),
            Sign::Login("gcp".to_owned()),
        ],
        fronts: vec![front()],
        learn_sources: vec![LearnSource::HttpLog, LearnSource::Gateway],
        ..Description::new(
            "gcp",
            "Google Cloud",
            "`service.resource.verb`, for example `storage.objects.get`",
            &SETS,
        )
    }
}

/// Returns the hosts that take Google's token. Every one is the gateway's, so that a request to a service that it
/// does not read is refused there, and reaches nobody.
fn front() -> Front {
    let lead = |(service, host, path): &(&str, &str, &str)| Lead {
        variable: format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}"),
        host: format!("{host}.googleapis.com"),
        path: (*path).to_owned(),
    };
    Front {
        audience: None,
        hosts: vec!["*.googleapis.com".to_owned()],
        leads: LEADS.iter().map(lead).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_leads_to_every_service_that_is_read_but_cloud_run() {
        let hosts: Vec<String> = front().leads.into_iter().map(|lead| lead.host).collect();
        let mut read: Vec<String> = crate::read::hosts().collect();
        read.retain(|host| host != "run.googleapis.com");
        assert_eq!(hosts, read);
    }

    #[test]
    fn every_permission_of_a_profile_is_in_the_catalogue() {
        for permission in PROFILES.iter().flat_map(|(_, _, permissions)| *permissions) {
            assert!(gcp_catalogue::has(permission), "{permission}");
        }
    }
}
