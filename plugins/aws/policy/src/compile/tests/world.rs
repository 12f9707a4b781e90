//! The catalogue, decoded once: the tests query it hundreds of thousands of times.

use std::collections::HashMap;
use std::sync::LazyLock;

use aws_catalogue::{Found, Service, services};

pub struct World {
    pub names: Vec<&'static str>,
    services: HashMap<&'static str, Known>,
}

struct Known {
    actions: Vec<Found>,
    /// The ARN formats of each set of resource types.
    formats: HashMap<usize, Vec<String>>,
}

pub static WORLD: LazyLock<World> = LazyLock::new(|| {
    let known = services().map(|service| {
        let actions = aws_catalogue::matching(&format!("{}:*", service.name()));
        let types = service.types();
        let arns = |set| {
            service.types_of(set).into_iter().map(|(place, _)| types[place].arn.clone()).collect()
        };
        let formats = actions.iter().map(|action| (action.set, arns(action.set))).collect();
        (service.name(), Known { actions, formats })
    });
    World { names: services().map(Service::name).collect(), services: known.collect() }
});

impl World {
    pub fn actions(&self, service: &str) -> &[Found] {
        &self.services[service].actions
    }

    /// Returns the ARN formats that an action works on.
    pub fn formats(&self, action: &Found) -> &[String] {
        &self.services[action.service].formats[&action.set]
    }

    /// Returns true if every action of the service that `pattern` (lower case) matches takes no resource.
    pub fn takes_no_resource(&self, pattern: &str) -> bool {
        let (service, name) = pattern.split_once(':').unwrap();
        let matches = |found: &&Found| super::evaluator::fits(name, &found.name.to_lowercase());
        self.actions(service).iter().filter(matches).all(|found| !found.takes_resource())
    }
}
