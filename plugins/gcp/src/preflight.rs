//! The needs of well-known commands. Advice is about certain failure only.

use audex_sdk::pattern;
use audex_sdk::provider::{Advice, Grant};

/// The start of a command line, the permission that the command cannot do without, and its effect. `BUCKET`
/// stands for a word that begins with `gs://`; the first row that fits counts.
/// Source: Cloud Storage, "IAM permissions for gcloud storage commands" and "… for gsutil commands"; the
/// reference pages of `gcloud` and `bq` for the others.
const ROWS: [(&[&str], &str, &str); 17] = [
    (&["gsutil", "ls", BUCKET], "storage.objects.list", "lists a bucket"),
    (&["gsutil", "ls"], "storage.buckets.list", "lists buckets"),
    (&["gsutil", "cat", BUCKET], "storage.objects.get", "reads objects"),
    (&["gsutil", "rm", BUCKET], "storage.objects.delete", "deletes objects"),
    (&["gsutil", "cp", BUCKET], "storage.objects.get", "reads objects"),
    (&["gcloud", "storage", "ls", BUCKET], "storage.objects.list", "lists a bucket"),
    (&["gcloud", "storage", "ls"], "storage.buckets.list", "lists buckets"),
    (&["gcloud", "storage", "cat", BUCKET], "storage.objects.get", "reads objects"),
    (&["gcloud", "storage", "rm", BUCKET], "storage.objects.delete", "deletes objects"),
    (&["gcloud", "storage", "cp", BUCKET], "storage.objects.get", "reads objects"),
    (&["gcloud", "compute", "instances", "list"], "compute.instances.list", "lists instances"),
    (&["gcloud", "compute", "instances", "describe"], "compute.instances.get", "reads an instance"),
    (
        &["gcloud", "secrets", "versions", "access"],
        "secretmanager.versions.access",
        "reads a secret's value",
    ),
    (&["gcloud", "secrets", "list"], "secretmanager.secrets.list", "lists secrets"),
    (&["gcloud", "logging", "read"], "logging.logEntries.list", "reads logs"),
    (&["bq", "query"], "bigquery.jobs.create", "runs a query"),
    (&["bq", "ls"], "bigquery.datasets.get", "lists data sets"),
];
const BUCKET: &str = "gs://";

pub fn preflight(grant: &Grant, command: &[String]) -> Vec<Advice> {
    let words = words(command);
    if let Some(advice) = of_gateway(grant, command, &words) {
        return vec![advice];
    }
    let Some((row, action, why)) = ROWS.iter().find(|(row, ..)| fits(row, &words)) else {
        return Vec::new();
    };
    let named: Vec<&str> = row.iter().copied().filter(|word| *word != BUCKET).collect();
    let said = format!("`{}` {why}", named.join(" "));
    let asked =
        |pattern: &str| pattern == "*" || pattern::matches_ignore_ascii_case(pattern, action);
    let covering: Vec<_> =
        grant.permissions.iter().filter(|permission| asked(&permission.action)).collect();
    let advice = |message: String, missing: Vec<String>| vec![Advice { message, missing }];
    if covering.is_empty() {
        return advice(said, vec![(*action).to_owned()]);
    }
    if grant.deny.iter().any(|deny| pattern::matches_ignore_ascii_case(deny, action)) {
        return advice(format!("{said}, and `{action}` is denied"), Vec::new());
    }
    // A boundary covers buckets; the list of buckets belongs to the project.
    if action.starts_with("storage.buckets.")
        && covering.iter().all(|permission| !permission.resources.is_every())
        && !grant.gateway
    {
        return advice(
            format!("{said}, which --resource makes impossible: leave it out"),
            Vec::new(),
        );
    }
    Vec::new()
}

/// Returns advice about an upload through a gateway, which lets no object be replaced without the permission to
/// delete it.
fn of_gateway(grant: &Grant, command: &[String], words: &[&str]) -> Option<Advice> {
    let is_copy = matches!(words, ["gsutil", "cp", ..] | ["gcloud", "storage", "cp", ..]);
    let is_upload = is_copy
        && words.last().is_some_and(|last| last.starts_with(BUCKET))
        && !command.iter().any(|word| word == "-n" || word == "--no-clobber");
    let has = |name: &str| {
        let matches = |wide: &str| wide == "*" || pattern::matches_ignore_ascii_case(wide, name);
        grant.permissions.iter().any(|permission| matches(&permission.action))
    };
    let is_missing = has("storage.objects.create") && !has("storage.objects.delete");
    (grant.gateway && is_upload && is_missing).then(|| Advice {
        message:
            "an upload may replace an object: without --no-clobber the gateway lets none through"
                .to_owned(),
        missing: vec!["storage.objects.delete".to_owned()],
    })
}

/// Returns the program's name and its operands, without options, including the form `--option=value`.
fn words(command: &[String]) -> Vec<&str> {
    let mut words = command.iter().map(String::as_str);
    let program = words.next().map(|program| program.rsplit('/').next().unwrap_or(program));
    program.into_iter().chain(words.filter(|word| !word.starts_with('-'))).collect()
}

fn fits(row: &[&str], words: &[&str]) -> bool {
    let same = |(wanted, word): (&&str, &&str)| {
        wanted == word || (*wanted == BUCKET && word.starts_with(BUCKET))
    };
    // An operand beyond the shorter row would have fitted the longer row above it.
    words.len() >= row.len() && row.iter().zip(words).all(same)
}

#[cfg(test)]
mod tests {
    use audex_sdk::provider::{Permission, Scope};

    use super::*;

    fn check(command: &str, actions: &[&str], resources: &[&str]) -> Vec<String> {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let permission = |action: &&str| Permission {
            action: (*action).to_owned(),
            origin: String::new(),
            resources: Scope::asked(owned(resources)),
        };
        let grant = Grant {
            provider: "gcp".into(),
            permissions: actions.iter().map(permission).collect(),
            deny: Vec::new(),
            ttl_seconds: 900,
            session: "audex-1".into(),
            gateway: false,
        };
        let command = owned(&command.split(' ').collect::<Vec<_>>());
        let said =
            |Advice { message, missing }: Advice| format!("{message}: {}", missing.join(","));
        preflight(&grant, &command).into_iter().map(said).collect()
    }

    #[test]
    fn listing_buckets_and_listing_a_bucket_differ() {
        let get = &["storage.objects.get"];
        assert_eq!(
            check("gsutil ls", get, &[]),
            ["`gsutil ls` lists buckets: storage.buckets.list"]
        );
        assert_eq!(
            check("/usr/bin/gsutil ls -l gs://b", get, &[]),
            ["`gsutil ls` lists a bucket: storage.objects.list"]
        );
        assert!(check("gsutil ls gs://b", &["storage.objects.*"], &[]).is_empty());
        assert!(
            check("gsutil ls", &["storage.buckets.list"], &["gs://my-bucket"])[0]
                .contains("leave it out")
        );
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        for command in [
            "gcloud version",
            "terraform plan",
            "gsutil cp a gs://b/c",
            "gcloud config list",
            "python x.py",
        ] {
            assert!(check(command, &["compute.instances.list"], &[]).is_empty(), "{command}");
        }
    }

    #[test]
    fn every_permission_of_the_table_is_in_the_catalogue() {
        for (_, action, _) in ROWS {
            assert!(gcp_catalogue::has(action), "{action}");
        }
    }
}
