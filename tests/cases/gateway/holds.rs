//! The command holds nothing that works elsewhere.

use crate::support::{Moto, Output, Sandbox, python};

/// Runs a program that tries every key that it can see, at the double itself and where its variables lead.
fn find_keys(delivery: &str) -> Output {
    let moto = Moto::get();
    let mut sandbox = Sandbox::with_moto(moto);
    sandbox.set("DIRECT", moto.endpoint.replace("127.0.0.1", "localhost"));
    let program = python::tests().join("support/find_keys.py");
    let python = python::interpreter();
    let words = [
        "run",
        "--allow",
        "s3:GetObject",
        "--deliver",
        delivery,
        "--",
        python.to_str().unwrap(),
        "-W",
        "ignore",
        program.to_str().unwrap(),
    ];
    sandbox.run(words).success()
}

#[test]
fn no_key_that_the_command_can_see_opens_the_cloud_without_the_gateway() {
    assert_eq!(find_keys("gateway").stdout, "direct: closed\nas told: opened\n");
}

#[test]
fn the_search_finds_the_keys_of_a_command_that_has_real_ones() {
    assert_eq!(find_keys("env").stdout, "direct: opened\nas told: opened\n");
}
