//! Properties of the decision, tried with requests of every operation of AWS that botocore knows.

mod models;

use models::all;

#[test]
fn timing() {
    let start = std::time::Instant::now();
    let all = all();
    println!("{} read in {:?}", all.len(), start.elapsed());
    let mut kinds = std::collections::BTreeMap::new();
    for one in all {
        let kind = match &one.reading {
            models::Reading::Needs(needs) => {
                if needs.iter().any(|need| need.on == audex_gateway::decide::On::Unseen) { "unseen" } else { "needs" }
            }
            models::Reading::Unknown(_) => "unknown",
            models::Reading::Ambiguous(_) => "ambiguous",
        };
        *kinds.entry(kind).or_insert(0) += 1;
    }
    println!("{kinds:?}");
    let mut out = String::new();
    for one in all {
        out += &format!("{}\t{}\t{:?}\t{:?}\n", one.sent.service, one.sent.operation, one.sent.variant, one.reading);
    }
    std::fs::write("/tmp/w/property/readings.txt", out).unwrap();
}
