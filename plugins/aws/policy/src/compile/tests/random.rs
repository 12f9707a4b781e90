//! Random requests over the real catalogue, the same in every run.

use aws_catalogue::Found;

use super::world::WORLD;

/// A linear congruential generator of 64 bits (Knuth, MMIX); the upper bits are used.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    pub fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub fn word(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Returns services that are often requested, and any others.
pub fn some_services(random: &mut Random) -> Vec<&'static str> {
    let known =
        ["s3", "ec2", "dynamodb", "lambda", "iam", "sqs", "logs", "cloudwatch", "kms", "sts"];
    (0..=random.below(3))
        .map(|_| if random.chance(2) { random.word(&known) } else { random.word(&WORLD.names) })
        .collect()
}

/// Returns an action of the service `prefix`: unchanged, in another case, or with wildcards.
pub fn action(random: &mut Random, prefix: &str) -> String {
    let name = &random.pick(WORLD.actions(prefix)).name;
    match random.below(10) {
        0 => format!("{prefix}:{}*", &name[..random.below(name.len())]),
        1 => format!("{prefix}:*{}", &name[random.below(name.len())..]),
        2 => {
            let place = random.below(name.len());
            format!("{prefix}:{}?{}", &name[..place], &name[place + 1..])
        }
        3 => format!("{}:{}", prefix.to_uppercase(), name.to_lowercase()),
        4 if random.chance(3) => format!("{prefix}:*"),
        _ => format!("{prefix}:{name}"),
    }
}

/// Returns a resource that `found` can be called on; `*` if the action takes none.
pub fn concrete(random: &mut Random, found: &Found) -> String {
    match WORLD.formats(found) {
        [] => "*".to_owned(),
        formats => {
            let format = random.pick(formats);
            filled(random, format)
        }
    }
}

/// Fills the variables of a format with text, sometimes with slashes if a path is possible there.
pub fn filled(random: &mut Random, format: &str) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some((plain, tail)) = rest.split_once("${") {
        let (name, after) = tail.split_once('}').unwrap();
        out += plain;
        out += match name {
            "Partition" => "aws",
            "Region" => random.word(&["us-east-1", "eu-west-1"]),
            "Account" | "AccountId" => random.word(&["123456789012", "210987654321"]),
            "BucketName" => random.word(&["alpha", "beta-logs"]),
            _ => random.word(&["alpha", "beta-logs", "team/alpha", "x"]),
        };
        rest = after;
    }
    (out + rest).replace('*', random.word(&["alpha", "beta/1"]))
}

/// Returns a typical limit: exact, with the end or a middle part open, or of another kind.
pub fn limit(random: &mut Random, found: &Found) -> String {
    let exact = match concrete(random, found) {
        star if star == "*" => "arn:aws:s3:::alpha".to_owned(),
        exact => exact,
    };
    match random.below(6) {
        0 | 1 => exact,
        2 => format!("{}*", &exact[..exact.len() - random.below(6).min(exact.len() - 8)]),
        3 => format!("{exact}/*"),
        4 => {
            let mut parts: Vec<&str> = exact.split(':').collect();
            for place in [3, 4] {
                if parts.len() > place && !parts[place].is_empty() {
                    parts[place] = "*";
                }
            }
            parts.join(":")
        }
        _ => random
            .pick(&["arn:aws:s3:::alpha/*", "arn:aws:s3:::*", "arn:aws:sqs:*:*:beta?logs", "*"])
            .to_string(),
    }
}
