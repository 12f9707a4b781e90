//! Times look-ups: `cargo run --release -p azure-catalogue --example azure_lookup`.

use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 2_000;

fn main() {
    for name in [
        "Microsoft.Storage/storageAccounts/read",
        "Microsoft.Web/sites/nothing/read",
        "Zz.None/x/read",
    ] {
        time(name, ROUNDS, || azure_catalogue::find(black_box(name)).is_some());
    }
    for pattern in ["Microsoft.Storage/*", "*/read", "*"] {
        time(pattern, ROUNDS / 10, || azure_catalogue::matching(black_box(pattern)).len() > 1);
    }
}

fn time(what: &str, rounds: u32, mut work: impl FnMut() -> bool) {
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(work());
    }
    println!("{what}: {:.2} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
}
