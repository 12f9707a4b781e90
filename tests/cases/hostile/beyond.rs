//! Hostile input that does not come from a component: files, variables, sentences, the command, a server.

use std::fs;
use std::path::Path;

use crate::support::python;

/// An attempt, its outcome, and the test that tries it.
pub(super) const ATTEMPTS: &[[&str; 3]] = &[
    [
        "deny entries with wildcards anywhere, where no cloud enforces the grant",
        "77",
        "an_entry_that_a_wide_credential_cannot_keep_refuses_wherever_its_wildcards_stand",
    ],
    [
        "a mapping that says of denied names that they mean nothing",
        "77, or a Deny",
        "a_mapping_that_answers_nothing_voids_no_entry",
    ],
    [
        "a deny entry of a service that no cloud has",
        "78",
        "a_name_of_a_service_that_no_cloud_has_is_an_error",
    ],
    [
        "a sentence that asks for what it rules out",
        "denied by the cloud",
        "what_a_sentence_rules_out_does_not_happen",
    ],
    [
        "an engine that proposes what the sentence rules out",
        "left out",
        "an_action_that_the_sentence_rules_out_is_left_out_whoever_proposed_it",
    ],
    [
        "an object named `a,arn:aws:s3:::other/x`",
        "one resource",
        "one_share_is_a_pair_of_options_whose_names_read_back",
    ],
    [
        "a resource with a written `${*}`",
        "that character alone",
        "a_written_wildcard_is_that_character",
    ],
    [
        "a signature scope that spells another host",
        "400, nothing is signed",
        "a_scope_that_spells_another_host_is_not_signed_for",
    ],
    [
        "a service that quotes the session's token in an error",
        "the answer is replaced",
        "an_error_that_quotes_the_token_is_replaced_however_it_is_written",
    ],
    ["a request that is sent twice", "403", "a_signature_opens_once"],
    ["a request that is a day old", "403", "a_date_that_is_not_about_now_is_refused"],
    [
        "an unsigned request with a foreign Host",
        "403, nothing is forwarded",
        "a_request_for_another_host_is_not_forwarded",
    ],
    [
        "a file that the caller has open",
        "not readable",
        "a_file_that_the_caller_has_open_is_not_readable_in_the_command",
    ],
    [
        "the default credential chains of six libraries, a decoy behind every link",
        "the grant, or none",
        "of_a_run_for_aws_they_end_at_its_keys_or_nowhere",
    ],
    [
        "an `az` or a `gcloud` of the working directory",
        "not run",
        "a_file_of_the_working_directory_is_not_run_as_a_tool",
    ],
    [
        "an `sh` of the working directory, with a `credential_process`",
        "not run",
        "a_shell_of_the_working_directory_is_not_run_for_a_credential_process",
    ],
    [
        "a key in a variable that should hold a path",
        "not shown, not recorded",
        "a_key_in_the_place_of_googles_key_file_is_not_repeated",
    ],
    ["AWS keys with a line end in them", "69", "keys_of_the_environment"],
    [
        "a panic at each stage of a run",
        "70, nothing is left",
        "a_panic_at_any_stage_leaves_nothing_open",
    ],
    [
        "settings that are a FIFO, a device or a link to nowhere",
        "78",
        "what_is_no_regular_file_is_an_error_that_names_it",
    ],
    [
        "a run that is killed while its temporary role is being made",
        "`cleanup` deletes the role",
        "what_a_killed_session_began_is_taken_back_from_the_record_alone",
    ],
    [
        "a fourth run inside a run",
        "2, or 69",
        "a_fourth_layer_that_nothing_tells_of_is_denied_by_the_cloud_with_a_hint",
    ],
];

/// Returns whether a file below `directory` defines a function of that name.
fn defines(directory: &Path, name: &str) -> bool {
    let wanted = format!("fn {name}(");
    fs::read_dir(directory).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return defines(&path, name);
        }
        path.extension().is_some_and(|extension| extension == "rs")
            && fs::read_to_string(&path).is_ok_and(|text| text.contains(&wanted))
    })
}

#[test]
fn every_attempt_has_its_test() {
    let tests = python::tests();
    let root = tests.parent().unwrap();
    for [attempt, _, test] in ATTEMPTS {
        let is_there = ["host", "tests/cases"].iter().any(|below| defines(&root.join(below), test));
        assert!(is_there, "`{attempt}`: there is no test `{test}`");
    }
}
