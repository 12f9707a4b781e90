use super::*;
use crate::imports::tape::{Player, Tape};
use wasmtime_wasi::clocks::WasiClocksView as _;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::random::Host as _;

fn random(wasi: &mut Wasi) -> Vec<u8> {
    wasi.ctx().ctx.random().get_random_bytes(64).unwrap()
}

fn seconds(wasi: &mut Wasi) -> u64 {
    wall_clock::Host::now(&mut wasi.clocks()).unwrap().seconds
}

#[test]
fn a_pure_guest_has_a_still_clock_and_a_fixed_stream_of_numbers() {
    let [mut one, mut other] = [(); 2].map(|()| Wasi::new(Time::Still(1_800_000_000)));
    assert_eq!(seconds(&mut one), 1_800_000_000);
    assert_eq!(monotonic_clock::Host::now(&mut one.clocks()).unwrap(), 0);
    let first = random(&mut one);
    assert_eq!(first, random(&mut other));
    assert_ne!(first, random(&mut one));
    assert_eq!(seconds(&mut Wasi::new(Time::Still(u64::MAX))), LATEST);
}

#[test]
fn another_guest_has_the_time_of_its_clock_import_and_real_numbers() {
    let tape: Arc<dyn Transport> = Arc::new(Player(Arc::new(Tape::new(1_700_000_000, Vec::new()))));
    let [mut one, mut other] = [(); 2].map(|()| Wasi::new(Time::Running(Arc::clone(&tape))));
    assert_eq!(seconds(&mut one), 1_700_000_000);
    assert_ne!(random(&mut one), random(&mut other));
}

#[test]
fn random_bytes_are_bounded() {
    let mut wasi = Wasi::new(Time::Still(0));
    assert!(wasi.ctx().ctx.random().get_random_bytes(limit::RANDOM_BYTES).is_ok());
    assert!(wasi.ctx().ctx.random().get_random_bytes(limit::RANDOM_BYTES + 1).is_err());
}
