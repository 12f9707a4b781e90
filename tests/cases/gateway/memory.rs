//! The memory of a gateway under many streams and many large requests at once.

use crate::support::double::run_python;
use crate::support::{Moto, Sandbox, python};

/// The most kilobytes for a hundred streams: a connection keeps 64 of them, and one to the cloud up to 400.
const STREAMS: u64 = 46 * 1024;
/// The most kilobytes for large requests: the bodies, and the copies of the reader.
const LARGE: u64 = 40 * 1024;

#[test]
fn a_hundred_streams_and_many_large_requests_at_once_stay_in_little_memory() {
    let sandbox = Sandbox::with_moto(Moto::get());
    let options = ["--allow", "s3:*,dynamodb:PutItem", "--deliver", "gateway"];
    let program = python::tests().join("support/many_streams.py");
    let program = format!("exec(open('{}').read())", program.display());
    let output = run_python(&sandbox, &options, &program).success();
    let lines: Vec<&str> = output.stdout.lines().collect();
    let [up, down, large, memory] = lines[..] else { panic!("{}", output.stdout) };
    assert_eq!([up, down, large], ["up: 100 x 200", "down: 100 x 200", "large: 24 x 400"]);
    let figures: Vec<u64> = memory.split(' ').map(|figure| figure.parse().unwrap()).collect();
    let [before, _, streams, large] = figures[..] else { panic!("{memory}") };
    assert!(streams - before < STREAMS && large - streams < LARGE, "{memory}");
}
