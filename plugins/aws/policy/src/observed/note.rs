//! Notes about needs that a call does not show.

/// Operations that can do several things, if the request does not show which.
/// Source: DynamoDB Developer Guide, "IAM security policies with `PartiQL`"; KMS API reference, `ReEncrypt`.
const SEVERAL: [(&str, &str); 6] = [
    ("dynamodb", "BatchExecuteStatement"),
    ("dynamodb", "ExecuteStatement"),
    ("dynamodb", "ExecuteTransaction"),
    ("dynamodb", "TransactGetItems"),
    ("dynamodb", "TransactWriteItems"),
    ("kms", "ReEncrypt"),
];
const USES: &str = "`kms:Decrypt` and `kms:GenerateDataKey`";
const READS: &str = "`kms:Decrypt`";
/// Operations that use a key which neither request nor response names: service, operation, permissions, and
/// the owner of the key. Source: Secrets Manager User Guide, "Secret encryption and decryption"; SNS and SQS
/// Developer Guides, "Key management"; Systems Manager User Guide, "AWS KMS encryption for `SecureString`
/// parameters"; S3 User Guide, "Copying objects".
const KEYS: [(&str, &str, &str, &str); 15] = [
    ("secretsmanager", "BatchGetSecretValue", READS, "a secret has"),
    ("secretsmanager", "GetSecretValue", READS, "the secret has"),
    ("secretsmanager", "PutSecretValue", USES, "the secret has"),
    ("secretsmanager", "UpdateSecret", USES, "the secret has"),
    ("sns", "Publish", USES, "the topic has"),
    ("sns", "PublishBatch", USES, "the topic has"),
    ("sqs", "ReceiveMessage", READS, "the queue has"),
    ("sqs", "SendMessage", USES, "the queue has"),
    ("sqs", "SendMessageBatch", USES, "the queue has"),
    ("ssm", "GetParameter?decryption", READS, "the parameter has"),
    ("ssm", "GetParameterHistory?decryption", READS, "the parameter has"),
    ("ssm", "GetParameters?decryption", READS, "a parameter has"),
    ("ssm", "GetParametersByPath?decryption", READS, "a parameter has"),
    ("s3", "CopyObject?kms", READS, "its source has"),
    ("s3", "UploadPartCopy?kms", READS, "its source has"),
];

/// Returns the note on an operation of the service with the prefix `service`; `is_exact` means that the call
/// lists its own needs.
#[must_use]
pub fn of(service: &str, operation: &str, modifiers: &str, is_exact: bool) -> Option<String> {
    if !is_exact && SEVERAL.contains(&(service, operation)) {
        return Some(format!("{service}:{operation} may need only some of these"));
    }
    let is_it = |name: &str| match name.split_once('?') {
        Some((name, modifier)) => {
            name == operation && modifiers.split('&').any(|one| one == modifier)
        }
        None => name == operation && !modifiers.split('&').any(|one| one == "kms"),
    };
    let (_, _, needs, owner) = KEYS.iter().find(|(of, name, ..)| *of == service && is_it(name))?;
    Some(format!(
        "{service}:{operation} also needs {needs} if {owner} a customer key: no request shows it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_for_an_operation_of_one_service() {
        assert!(of("dynamodb", "ExecuteStatement", "", false).unwrap().contains("only some"));
        assert_eq!(of("dynamodb", "ExecuteStatement", "", true), None);
        for (service, operation) in [
            ("redshift-data", "ExecuteStatement"),
            ("rds-data", "ExecuteStatement"),
            ("sns", "SendMessage"),
        ] {
            assert_eq!(of(service, operation, "", false), None, "{service}");
        }
    }

    #[test]
    fn a_key_that_is_not_seen_is_said() {
        let note = of("secretsmanager", "GetSecretValue", "", false).unwrap();
        assert!(note.contains("`kms:Decrypt`") && note.contains("customer key"), "{note}");
        assert!(of("ssm", "GetParameter", "decryption", false).is_some());
        assert_eq!(of("ssm", "GetParameter", "", false), None);
        assert_eq!(
            of("secretsmanager", "UpdateSecret", "kms", true),
            None,
            "its key is in the request"
        );
    }

    #[test]
    fn every_operation_is_one_of_its_service() {
        for (service, operation) in
            SEVERAL.into_iter().chain(KEYS.map(|(service, operation, ..)| (service, operation)))
        {
            let operation = operation.split('?').next().unwrap();
            assert!(super::super::actions(service, operation).is_some(), "{service} {operation}");
        }
    }
}
