//! The cost of a component. Every call is made in a fresh instance, as in a run.

use std::collections::BTreeMap;
use std::time::Instant;

use super::conformance::{ACTIONS, context, grant, outline};
use audex_components::backend::Backend;
use audex_components::component::Loaded;
use audex_components::engine::Engine;
use audex_components::filter::Filter;
use audex_components::intent::Intent;
use audex_components::manifest::World;
use audex_components::mapping::Mapping;
use audex_components::provider::Provider;
use audex_core::clock;
use audex_registry::store::{InstallPlan, StoreError};

/// The number of loads. Loading is slower than calling and varies less.
const LOADS: u32 = 20;

/// The times of one operation, in microseconds.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The operation.
    pub what: &'static str,
    /// The number of measurements.
    pub samples: usize,
    /// The median.
    pub median_us: f64,
    /// The 95th percentile.
    pub p95_us: f64,
}

/// The result of a benchmark.
#[derive(Clone, Debug)]
pub struct Report {
    /// The size of the machine code in bytes.
    pub machine_code: usize,
    /// The operations, in the order of a run.
    pub rows: Vec<Measured>,
}

/// Measures `plan`, making each call `samples` times.
///
/// # Errors
/// When the component does not compile, or fails in a call.
pub fn measure(engine: &Engine, plan: &InstallPlan, samples: u32) -> Result<Report, StoreError> {
    let mut rows = Vec::new();
    let began = Instant::now();
    let code = plan.machine_code(engine)?;
    rows.push(row("compile, once, when it is installed", vec![micros(began)]));
    rows.push(timed("load its machine code", LOADS, || Ok(plan.component(engine).map(drop)?))?);
    let loaded = plan.loaded(engine)?;
    calls(engine, &loaded, samples, &mut rows)?;
    Ok(Report { machine_code: code.len(), rows })
}

fn calls(
    engine: &Engine,
    loaded: &Loaded,
    samples: u32,
    rows: &mut Vec<Measured>,
) -> Result<(), StoreError> {
    let grant = grant(&ACTIONS);
    match loaded.world {
        World::Filter => {
            let filter = Filter::new(engine, loaded.clone(), "{}".to_owned())?;
            let (plan, run) =
                (outline(&ACTIONS), context(&["aws", "s3", "ls"], Some("OPS-1: a reason")));
            rows.push(timed("review", samples, || Ok(filter.review(&grant, &run).map(drop)?))?);
            rows.push(timed("approve", samples, || {
                Ok(filter.approve(&grant, &plan, &run).map(drop)?)
            })?);
        }
        World::Mapping => {
            let mapping = Mapping::new(engine, loaded.clone(), clock::unix_seconds())?;
            let asked: Vec<String> = ACTIONS.iter().map(|&action| action.to_owned()).collect();
            rows.push(timed("rows", samples, || Ok(mapping.rows().map(drop)?))?);
            rows.push(timed("expand", samples, || Ok(mapping.expand("aws", &asked).map(drop)?))?);
        }
        World::Provider => {
            let provider = Provider::new(engine, loaded.clone(), Backend::default())?;
            let asked: Vec<String> = ACTIONS.iter().map(|&action| action.to_owned()).collect();
            rows.push(timed("describe", samples, || Ok(provider.describe().map(drop)?))?);
            rows.push(timed("check", samples, || Ok(provider.check(&asked).map(drop)?))?);
            // A refusal takes time as well.
            rows.push(timed("plan", samples, || {
                let _ = provider.plan(&grant);
                Ok(())
            })?);
        }
        World::Intent => {
            let intent = Intent::new(engine, loaded.clone(), &Backend::default(), BTreeMap::new())?;
            rows.push(timed("translate", samples, || {
                let _ = intent.translate("read the report", "aws");
                Ok(())
            })?);
        }
    }
    Ok(())
}

fn timed(
    what: &'static str,
    samples: u32,
    mut work: impl FnMut() -> Result<(), StoreError>,
) -> Result<Measured, StoreError> {
    let mut times = Vec::new();
    for _ in 0..samples {
        let began = Instant::now();
        work()?;
        times.push(micros(began));
    }
    Ok(row(what, times))
}

fn row(what: &'static str, mut times: Vec<f64>) -> Measured {
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1)));
    let (median_us, p95_us) =
        (at(50).copied().unwrap_or_default(), at(95).copied().unwrap_or_default());
    Measured { what, samples: times.len(), median_us, p95_us }
}

fn micros(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_middle_and_what_is_rarely_exceeded() {
        let measured = row("x", (1..=100).rev().map(f64::from).collect());
        assert!((measured.median_us - 51.0).abs() < 0.1 && (measured.p95_us - 96.0).abs() < 0.1);
        assert_eq!(row("x", vec![7.0]).samples, 1);
    }
}
