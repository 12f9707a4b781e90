//! Parameters that name a part of a resource under another name. `data/parameters.py` makes the table.

use method_table::{Table, sorted};

/// The table: sections are prefixes of permissions, a line is `Operation parameter=type:Variable…`.
static TABLE: Table = Table::new(include_bytes!("../../../data/parameters.bin"));

/// The line of one operation.
#[derive(Debug, Default)]
pub struct Names(String);

impl Names {
    /// Returns the line of `operation`, empty if the table has none.
    pub fn of(service: &str, operation: &str) -> Self {
        let section = TABLE.section(service).unwrap_or_default();
        Self(sorted::rest_of(&section, operation).unwrap_or_default().to_owned())
    }

    /// Returns true if `parameter` names a part of some resource.
    pub fn has(&self, parameter: &str) -> bool {
        self.0.split(' ').any(|entry| {
            entry.split_once('=').is_some_and(|(known, _)| known.eq_ignore_ascii_case(parameter))
        })
    }

    /// Returns the parameters that name `variable` of the resource type `kind`.
    pub fn parameters<'a>(
        &'a self,
        kind: &'a str,
        variable: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        self.0.split(' ').filter_map(move |entry| {
            let (parameter, part) = entry.split_once('=')?;
            let (of, name) = part.rsplit_once(':')?;
            (name == variable && of.split('_').eq(kind.split([' ', '_']))).then_some(parameter)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_by_operation_type_and_variable() {
        let names = Names::of("events", "PutRule");
        let found: Vec<&str> = names.parameters("rule-on-default-event-bus", "RuleName").collect();
        assert_eq!(found, ["Name"]);
        assert!(names.parameters("rule-on-default-event-bus", "EventBusName").next().is_none());
        for (service, operation) in
            [("events", "PutRul"), ("events", "NoSuch"), ("none", "PutRule"), ("", "")]
        {
            assert!(Names::of(service, operation).0.is_empty(), "{service} {operation}");
        }
    }

    #[test]
    fn every_line_names_a_type_and_a_variable_of_the_catalogue() {
        assert!(TABLE.sections().is_sorted());
        let mut seen = 0;
        for section in TABLE.sections() {
            assert!(TABLE.section(section).unwrap().lines().is_sorted(), "{section}");
            for line in TABLE.section(section).unwrap().lines() {
                for entry in line.split(' ').skip(1) {
                    let (_, part) = entry.split_once('=').unwrap();
                    let (kind, variable) = part.rsplit_once(':').unwrap();
                    let has = |one: &aws_catalogue::ResourceType| {
                        one.name.replace(' ', "_") == kind
                            && one.arn.contains(&format!("${{{variable}}}"))
                    };
                    let known =
                        aws_catalogue::services().any(|service| service.types().iter().any(has));
                    assert!(known, "{section} {line}");
                    seen += 1;
                    if seen % 20 != 0 {
                        break;
                    }
                }
            }
        }
        assert!(seen > 2_000, "{seen}");
    }
}
