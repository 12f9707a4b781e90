//! The names of an operation's parameters. `members.py` makes the table.

use audex_sdk::provider::SeenRequest;
use method_table::{Table, sorted};

/// The table: sections are signing names, a line is `Operation name…`.
pub static TABLE: Table = Table::new(include_bytes!("../members.bin"));
/// Stands for names that the client chooses.
const ANY: &str = "*";
/// Says that the body is data of the user's.
const DATA: &str = "-";

/// The parameters of one operation.
#[derive(Debug, Default)]
pub struct Members(String);

impl Members {
    /// Returns the parameters of `operation` of the request's service, or `None` if the table does not have it.
    #[must_use]
    pub fn of(request: &SeenRequest, operation: &str) -> Option<Self> {
        let section = TABLE.section(request.service.as_deref()?)?;
        sorted::rest_of(&section, operation).map(|names| Self(names.to_owned()))
    }

    /// Returns true if the operation has a parameter called `name`, where `Name.1.Other` is one of `Name`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let top = name.split('.').next().unwrap_or(name);
        self.names().any(|known| known == ANY || known == name || known == top)
    }

    /// Returns true if the service finds no parameters in the body.
    #[must_use]
    pub fn has_data_body(&self) -> bool {
        self.names().any(|known| known == DATA)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_has_the_names_of_its_query_and_body() {
        for (service, operation, has, others) in [
            ("ec2", "RunInstances", "TagSpecification.1.ResourceType", "Tag"),
            ("iam", "GetUser", "UserName", "RoleName"),
            ("lambda", "Invoke", "Qualifier", "FunctionName"),
            ("kms", "Encrypt", "KeyId", "TargetKeyId"),
            ("sqs", "SendMessage", "QueueUrl", "Queue"),
            ("s3", "ListObjectsV2", "prefix", "marker"),
        ] {
            let request = crate::tests::request(service, "POST", "/");
            let members = Members::of(&request, operation).unwrap();
            assert!(members.has(has) && !members.has(others), "{service} {members:?}");
            assert_eq!(members.has_data_body(), operation == "Invoke", "{operation}");
            assert!(Members::of(&request, "MadeUp").is_none());
            assert!(!members.has("") && !members.has(".x"));
        }
    }
}
