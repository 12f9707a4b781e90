//! Times look-ups: `cargo run --release -p aws-catalogue --example lookup`.

use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 20_000;

fn main() {
    for action in [
        "s3:GetObject",
        "EC2:describeinstances",
        "zz:Nothing",
        "ec2:NoSuchAction",
        "xray:PutTraceSegments",
    ] {
        time(action, ROUNDS, || aws_catalogue::find(black_box(action)).is_some());
    }
    for pattern in ["s3:Get*", "ec2:*Instance*", "ec2:*"] {
        time(pattern, ROUNDS / 100, || aws_catalogue::matching(black_box(pattern)).len() > 1);
    }
    time("*", ROUNDS / 1000, || aws_catalogue::matching(black_box("*")).len() > 1);
}

fn time(what: &str, rounds: u32, mut work: impl FnMut() -> bool) {
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(work());
    }
    println!("{what}: {:.2} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
}
