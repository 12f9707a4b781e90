use super::*;

fn built_in(entry: &str, provider: &str) -> Decision {
    decide(entry, provider, Vocabulary::of(provider).unwrap(), &[])
}

fn binds(entry: &str, provider: &str) -> Vec<String> {
    match built_in(entry, provider) {
        Decision::Binds(patterns) => patterns,
        other => panic!("`{entry}` on {provider}: {other:?}"),
    }
}

fn correction(entry: &str, provider: &str) -> Option<String> {
    match built_in(entry, provider) {
        Decision::Nothing(correction) => correction,
        other => panic!("`{entry}` on {provider}: {other:?}"),
    }
}

#[test]
fn an_entry_binds_wherever_its_wildcards_stand() {
    for (provider, entry) in [
        ("gcp", "*.delete"),
        ("gcp", "*.setIamPolicy"),
        ("gcp", "iam*.getAccessToken"),
        ("gcp", "*.?etIamPolicy"),
        ("gcp", "STORAGE.OBJECTS.*"),
        ("azure", "Microsoft.Storage*"),
        ("azure", "Microsoft.KeyVault*"),
        ("azure", "Microsoft.Auth*"),
        ("azure", "*/delete"),
        ("vault", "s?:Delete*"),
        ("aws", "*:DeleteBucket"),
        ("aws", "*DeleteBucket*:*"),
        ("aws", "*3:Get*"),
    ] {
        if entry == "*DeleteBucket*:*" {
            // No service has such a name.
            assert!(matches!(built_in(entry, provider), Decision::Nothing(_)), "{entry}");
            continue;
        }
        assert_eq!(binds(entry, provider)[0], entry, "{provider}");
    }
}

#[test]
fn a_universal_name_binds_in_any_case_and_with_wildcards() {
    for entry in ["storage:write", "Storage:Write", "STORAGE:WRITE", "stor*:write", "storage:w?ite"]
    {
        assert_eq!(
            binds(entry, "gcp"),
            ["storage.objects.create", "storage.objects.delete"],
            "{entry}"
        );
        assert_eq!(binds(entry, "aws"), ["s3:PutObject", "s3:DeleteObject"], "{entry}");
        assert_eq!(binds(entry, "vault"), binds(entry, "aws"), "{entry}");
        assert_eq!(binds(entry, "azure"), ["Microsoft.Storage/storageAccounts/write"], "{entry}");
    }
}

#[test]
fn a_name_that_aws_corrects_binds_the_action_that_is_meant() {
    for (entry, action) in [
        ("s3:HeadObject", "s3:GetObject"),
        ("*:HeadObject", "s3:GetObject"),
        ("s?:ListObjectsV2", "s3:ListBucket"),
        ("S3:headb*", "s3:ListBucket"),
    ] {
        assert_eq!(binds(entry, "aws"), [action], "{entry}");
    }
    assert_eq!(binds("s3:Head*", "vault"), ["s3:GetObject", "s3:ListBucket"]);
}

#[test]
fn another_case_binds_in_the_spelling_of_a_cloud_that_minds_it() {
    assert_eq!(
        binds("Storage.Objects.Delete", "gcp"),
        ["Storage.Objects.Delete", "storage.objects.delete"]
    );
    assert_eq!(binds("IAM:createuser", "aws"), ["IAM:createuser"]);
}

#[test]
fn a_slip_binds_nothing_and_is_corrected_with_its_wildcards_kept() {
    for (provider, entry, meant) in [
        ("aws", "*:DelteBucket", "*:DeleteBucket"),
        ("aws", "s?:DeleteObjct", "s?:DeleteObject"),
        ("aws", "s3:DeleteBuckt", "s3:DeleteBucket"),
        ("aws", "iam:CraeteUser", "iam:CreateUser"),
        ("vault", "*:DeleteBukcet*", "*:DeleteBucket*"),
        ("gcp", "storage.objets.*", "storage.objects.*"),
        ("gcp", "*.setIamPolcy", "*.setIamPolicy"),
        ("gcp", "storage.objects.delte", "storage.objects.delete"),
        ("azure", "Microsoft.Storge/*", "Microsoft.Storage/*"),
        (
            "azure",
            "Microsoft.Storage/storageAccounts/delte",
            "Microsoft.Storage/storageAccounts/delete",
        ),
        // A slip in another cloud's action is corrected in every cloud's runs.
        ("aws", "storage.objects.delte", "storage.objects.delete"),
        ("gcp", "s3:DeleteBuckt", "s3:DeleteBucket"),
    ] {
        let corrected = correction(entry, provider).unwrap_or_else(|| panic!("{entry}"));
        assert_eq!(corrected, meant, "{entry}");
        let (_, known) =
            Vocabulary::BUILT_IN.into_iter().find(|(_, known)| known.matches(&corrected)).unwrap();
        assert!(known.matches(&corrected));
    }
    for far in ["s3:Xyzzyplugh", "*:Nothing*", "Contoso.Garden/*", "door.open:now", "x:y", "*:a?"] {
        assert_eq!(correction(far, "aws"), None, "{far}");
    }
}

#[test]
fn an_entry_is_left_to_another_cloud_only_if_it_matches_there() {
    for (provider, entry) in [
        ("aws", "storage.objects.delete"),
        ("aws", "*.setIamPolicy"),
        ("aws", "Microsoft.Storage*"),
        ("gcp", "s3:DeleteBucket"),
        ("gcp", "iam:*"),
        ("azure", "s3:*"),
        ("vault", "*.objects.delete"),
    ] {
        assert_eq!(built_in(entry, provider), Decision::Elsewhere, "{entry} on {provider}");
    }
    assert!(matches!(built_in("storage.objects.delte", "aws"), Decision::Nothing(_)));
    assert!(matches!(built_in("Contoso.Garden/*", "azure"), Decision::Nothing(_)));
}

fn row(provider: &str, actions: &[&str]) -> Row {
    (provider.to_owned(), actions.iter().map(|&action| action.to_owned()).collect())
}

#[test]
fn a_mapping_adds_to_what_an_entry_covers_and_takes_nothing_away() {
    let decided = |entry: &str, rows: &[Row]| decide(entry, "aws", Vocabulary::Aws, rows);
    let own = ["s3:PutObject", "s3:DeleteObject"].map(str::to_owned);
    for emptied in [&[][..], &[row("aws", &[])], &[row("aws", &["nonsense"])], &[row("gcp", &[])]] {
        assert_eq!(decided("storage:write", emptied), Decision::Binds(own.to_vec()));
        let native = Decision::Binds(vec!["s3:DeleteBucket".to_owned()]);
        assert_eq!(decided("s3:DeleteBucket", emptied), native);
        // A mapping cannot release an entry that matches nothing either.
        assert!(matches!(decided("s3:DeleteBuckt", emptied), Decision::Nothing(Some(_))));
    }
    let more = decided("storage:write", &[row("aws", &["s3:PutObjectAcl"])]);
    assert_eq!(more, Decision::Binds([&own[..], &["s3:PutObjectAcl".to_owned()]].concat()));
    let its_own = Decision::Binds(vec!["sqs:DeleteQueue".to_owned()]);
    assert_eq!(decided("fleet:stop", &[row("aws", &["sqs:DeleteQueue"])]), its_own);
    let elsewhere = [row("gcp", &["compute.instances.stop"])];
    assert_eq!(decided("fleet:stop", &elsewhere), Decision::Elsewhere);
    assert!(matches!(
        decided("fleet:stop", &[row("gcp", &["no.such.thing"])]),
        Decision::Nothing(_)
    ));
}

#[test]
fn an_installed_provider_is_bound_by_the_actions_that_it_lists() {
    let names = ["door:open".to_owned(), "door:close".to_owned()];
    let decided = |entry: &str| decide(entry, "acme", Vocabulary::Listed(&names), &[]);
    for entry in ["door:close", "*:close", "DOOR:*", "*"] {
        assert_eq!(decided(entry), Decision::Binds(vec![entry.to_owned()]));
    }
    assert_eq!(decided("s3:DeleteBucket"), Decision::Elsewhere);
    assert_eq!(decided("storage:write"), Decision::Elsewhere);
    assert_eq!(decided("door:colse"), Decision::Nothing(Some("door:close".to_owned())));
}
