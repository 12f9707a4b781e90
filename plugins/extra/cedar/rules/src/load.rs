//! Turns settings into an organisation's rules: reads, folds, checks and parses them.

use cedar_policy::Schema;

use crate::calendar::Calendar;
use crate::entity::World;
use crate::fold::Names;
use crate::line;
use crate::nesting;
use crate::policy::Policies;
use crate::rule::Rules;
use crate::settings::Settings;

/// All rules of an organisation.
#[derive(Debug)]
pub struct Organisation {
    /// Its policies.
    pub policies: Policies,
    /// Its entities.
    pub world: World,
    /// Its policies, parsed.
    pub rules: Rules,
    /// Its time zone.
    pub calendar: Calendar,
    names: Names,
}

impl Organisation {
    /// Reads the settings; `tree` is true for a cloud whose names stand for everything below them.
    ///
    /// # Errors
    /// If anything cannot be read; the error is one line. A part of the rules is not enough, so an unreadable
    /// part refuses everything.
    pub fn load(settings: &str, tree: bool) -> Result<Self, String> {
        let settings = Settings::parse(settings)?;
        let calendar =
            settings.time_zone.as_deref().map(Calendar::parse).transpose()?.unwrap_or_default();
        for (title, text) in [("schema", &settings.schema), ("entities", &settings.entities)] {
            text.as_deref().map_or(Ok(()), |text| nesting::check(title, text))?;
        }
        let schema = settings.schema.as_deref().map(Schema::from_cedarschema_str).transpose();
        let schema =
            schema.map_err(|error| format!("schema: {}", line(&error)))?.map(|(schema, _)| schema);
        let mut names = Names::default();
        let policies = Policies::parse(settings.texts(), schema.as_ref(), &mut names)?;
        let world = World::load(settings.entities.as_deref(), schema.as_ref(), &mut names, tree)?;
        let mut rules = Rules::default();
        for (place, policy) in policies.iter().enumerate() {
            let wrong = |why| format!("policy `{}` {why}", policies.name(place));
            rules.add(policy, &world).map_err(wrong)?;
            world.knows(policy).map_err(wrong)?;
        }
        Ok(Self { policies, world, rules, calendar, names })
    }

    /// Returns the organisation's spellings of an action.
    ///
    /// Case matters in Google's actions, so a deny pattern must have a spelling that the organisation wrote.
    pub fn spelt<'a>(&'a self, folded: &'a String) -> impl Iterator<Item = &'a String> {
        let spellings = self.names.actions.get(folded).map(Vec::as_slice);
        spellings.unwrap_or(std::slice::from_ref(folded)).iter()
    }
}
