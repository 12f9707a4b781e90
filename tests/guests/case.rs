//! The case a guest plays. Tests replace the blanks in the built file, so that one build serves every case.

/// The marker that tests look for, and the case's name after it.
#[used]
static CASE: [u8; 48] = *b"HOSTILE-CASE:none                               ";

/// The case's name.
pub fn case() -> String {
    // Volatile: the compiler must not know what the bytes are.
    let bytes = unsafe { core::ptr::read_volatile(&raw const CASE) };
    String::from_utf8_lossy(&bytes[13..]).trim_end().to_owned()
}

/// Cases that any export can play.
pub fn play(case: &str) {
    match case {
        "loop" => loop {
            core::hint::black_box(());
        },
        "trap" => panic!("a guest's own words"),
        "memory" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(core::hint::black_box(vec![1; 1 << 20]));
            }
        }
        "stack" => {
            core::hint::black_box(deeper(core::hint::black_box(1)));
        }
        _ => {}
    }
}

#[inline(never)]
#[expect(unconditional_recursion, reason = "that is the case")]
fn deeper(depth: u64) -> u64 {
    let room = core::hint::black_box([depth; 16]);
    deeper(depth + 1) + room[3]
}
