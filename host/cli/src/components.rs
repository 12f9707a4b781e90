//! The components that take part in a run: the built-in ones and those that the user installed.

use audex_core::hint::Hint;
use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::json;

use crate::settings::deny_list::DenyEntry;
use crate::settings::one_of;
use crate::settings::{DEFAULT_MAPPING, Settings};
use audex_components::backend::Backend;
use audex_components::capability::Capability;
use audex_components::component::{Loaded, PluginError};
use audex_components::embedded;
use audex_components::engine::Engine;
use audex_components::filter::Filter;
use audex_components::intent::Intent;
use audex_components::manifest::World;
use audex_components::mapping::Mapping;
use audex_components::provider::Provider;
use audex_registry::store::{Installed, Store, StoreError};

/// The name of the filter for `deny-list.toml`.
pub const DENY_LIST: &str = "deny-list";

/// The components that can be loaded in this run.
pub struct Components {
    engine: Engine,
    store: Store,
}

/// The error for components that cannot take part.
#[derive(Debug, thiserror::Error)]
pub enum ComponentsError {
    /// The WebAssembly engine cannot start.
    #[error("cannot start the WebAssembly engine: {0}")]
    Engine(String),
    /// The installed components cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A component fails to load.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// No component is this provider.
    #[error("no component provides `{id}`")]
    NoProvider {
        /// The requested provider.
        id: String,
        /// The existing providers.
        known: Vec<String>,
    },
    /// No filter has this name.
    #[error("{place}filter `{name}` has settings and is not installed")]
    NoFilter {
        /// The place of the filter's settings.
        place: String,
        /// The name in the settings.
        name: String,
    },
    /// No intent engine has this name.
    #[error("no intent engine is called `{name}`")]
    NoIntent {
        /// The requested name.
        name: String,
    },
    /// The filter is built in and has no settings in `[filters]`.
    #[error("{place}filter `{name}` is built in, and has no settings there")]
    BuiltInFilter {
        /// The place of the filter's settings.
        place: String,
        /// The name in the settings.
        name: String,
    },
    /// No mapping has this name.
    #[error("no mapping component is called `{name}`")]
    NoMapping {
        /// The requested name.
        name: String,
        /// The existing mappings.
        known: Vec<String>,
    },
    /// The mapping is installed and turned off.
    #[error("the mapping component `{name}` is turned off")]
    MappingOff {
        /// The requested name.
        name: String,
    },
}

impl Hint for ComponentsError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NoProvider { id, known } => one_of(id, known).into(),
            Self::NoMapping { name, known } => {
                format!("{}; check `[mapping] component` in config.toml", one_of(name, known))
                    .into()
            }
            Self::MappingOff { name } => format!("tryaudex plugin enable {name}").into(),
            Self::BuiltInFilter { .. } => "its list is deny-list.toml".into(),
            Self::NoIntent { name } => {
                let known = ["intent-claude", "intent-local"].map(str::to_owned);
                format!("{}, and what is installed (`tryaudex plugin list`)", one_of(name, &known))
                    .into()
            }
            Self::NoFilter { .. } => {
                "check `[filters]` in config.toml, or install the filter".into()
            }
            Self::Engine(_) => return None,
            Self::Store(error) => return error.hint(),
            Self::Plugin(error) => return error.hint(),
        })
    }
}

impl Components {
    /// Reads the list of installed components. Loads nothing yet.
    ///
    /// # Errors
    /// When the engine cannot start or the list of installed components cannot be read.
    pub fn open(settings: &Settings) -> Result<Self, ComponentsError> {
        let engine = Engine::new()
            .map_err(|error| ComponentsError::Engine(error.root_cause().to_string()))?;
        Ok(Self { engine, store: Store::open(&settings.paths, &settings.plugins)? })
    }

    /// Returns the environment variables with secrets that were granted to components, also to those that do
    /// not take part in this run. The command must not get any of these variables.
    #[must_use]
    pub(crate) fn secret_variables(&self, settings: &Settings) -> Vec<String> {
        let granted = self.store.installed().iter().flat_map(|installed| &installed.granted);
        let names = granted.filter_map(|capability| match capability {
            Capability::Secret(name) => Some(name),
            _ => None,
        });
        let names = names.chain(settings.approve.webhook.iter().map(|webhook| &webhook.secret));
        names.flat_map(|name| [name.clone(), settings.secrets.variable(name).to_owned()]).collect()
    }

    /// Returns the engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the installed components.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the id of every provider.
    #[must_use]
    pub(crate) fn provider_ids(&self) -> Vec<String> {
        let built_in = embedded::providers().map(str::to_owned);
        let enabled = self.store.installed().iter().filter(|installed| installed.enabled);
        let installed = enabled.filter_map(|installed| installed.provides.clone());
        built_in.chain(installed).collect()
    }

    /// Loads the provider `id`.
    ///
    /// # Errors
    /// When there is no such provider, or it fails to load.
    pub fn provider(&self, id: &str, backend: Backend) -> Result<Provider, ComponentsError> {
        let installed = self
            .store
            .installed()
            .iter()
            .find(|one| one.enabled && one.provides.as_deref() == Some(id));
        let loaded = match (installed, built_in(&self.engine, id, World::Provider)?) {
            (Some(installed), None) => self.store.load(&self.engine, installed)?,
            (None, Some(built_in)) => built_in,
            // Installing a provider with a built-in id is rejected, so a clash means that the files were
            // changed by hand.
            _ => {
                return Err(ComponentsError::NoProvider {
                    id: id.to_owned(),
                    known: self.provider_ids(),
                });
            }
        };
        Ok(Provider::new(&self.engine, loaded, backend)?)
    }

    /// Loads the mapping `name`, for a run at `now`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// When no enabled mapping has this name, or it fails to load.
    pub fn mapping(&self, name: &str, now: u64) -> Result<Mapping, ComponentsError> {
        let installed = || self.store.installed().iter().filter(|one| one.world == World::Mapping);
        let loaded = match built_in(&self.engine, name, World::Mapping)? {
            Some(built_in) => built_in,
            None => match installed().find(|one| one.name == name) {
                Some(installed) if installed.enabled => self.store.load(&self.engine, installed)?,
                Some(_) => return Err(ComponentsError::MappingOff { name: name.to_owned() }),
                None => {
                    let known = installed().filter(|one| one.enabled).map(|one| one.name.clone());
                    let known = [DEFAULT_MAPPING.to_owned()].into_iter().chain(known).collect();
                    return Err(ComponentsError::NoMapping { name: name.to_owned(), known });
                }
            },
        };
        Ok(Mapping::new(&self.engine, loaded, now)?)
    }

    /// Loads the intent engine `name`.
    ///
    /// # Errors
    /// When there is no such engine, or it fails to load.
    pub fn intent(
        &self,
        name: &str,
        backend: &Backend,
        settings: BTreeMap<String, String>,
    ) -> Result<Intent, ComponentsError> {
        let named = |i: &&Installed| i.enabled && i.name == name && i.world == World::Intent;
        let installed = self.store.installed().iter().find(named);
        let loaded = match (built_in(&self.engine, name, World::Intent)?, installed) {
            (Some(built_in), _) => built_in,
            (None, Some(installed)) => self.store.load(&self.engine, installed)?,
            (None, None) => return Err(ComponentsError::NoIntent { name: name.to_owned() }),
        };
        Ok(Intent::new(&self.engine, loaded, backend, settings)?)
    }

    /// Loads every filter: the deny list and all installed ones. None can be left out.
    ///
    /// # Errors
    /// When a filter is missing or fails to load. Nothing may run then.
    pub fn filters(
        &self,
        settings: &Settings,
        deny: &[DenyEntry],
    ) -> Result<Vec<Filter>, ComponentsError> {
        let Some(loaded) = built_in(&self.engine, DENY_LIST, World::Filter)? else {
            return Err(ComponentsError::NoFilter {
                place: String::new(),
                name: DENY_LIST.to_owned(),
            });
        };
        let entries = json!({ "deny": deny }).to_string();
        let mut filters = vec![Filter::new(&self.engine, loaded, entries)?];
        self.store.check_required()?;
        let installed = || self.store.filters();
        // Settings of a missing filter are an error: their author relies on a guard that is not in place.
        if let Some(name) =
            settings.filters.keys().find(|name| installed().all(|filter| filter.name != **name))
        {
            let (place, name) = (settings.place(&["filters", name]), name.clone());
            return Err(match embedded::find(&name) {
                Some(_) => ComponentsError::BuiltInFilter { place, name },
                None => ComponentsError::NoFilter { place, name },
            });
        }
        for installed in installed() {
            let loaded = self.store.load(&self.engine, installed)?;
            let own = settings.filters.get(&installed.name).cloned().unwrap_or_else(|| json!({}));
            filters.push(Filter::new(&self.engine, loaded, own.to_string())?);
        }
        Ok(filters)
    }
}

fn built_in(engine: &Engine, name: &str, world: World) -> Result<Option<Loaded>, PluginError> {
    let Some(found) = embedded::find(name) else { return Ok(None) };
    let loaded = found.load(engine)?;
    Ok((loaded.world == world).then_some(loaded))
}
