//! Parts of a request that are not read as resources, and what they mean for its needs.

use aws_api::Asked;
use aws_policy::observed::exact::Need;
use serde_json::Value;

use crate::recognise::{ABOUT_ROLES, is_role_arn};

const PASS_ROLE: &str = "iam:PassRole";
/// Operations that pass on a role which is not in their parameters. Source: S3 API reference,
/// `PutBucketReplication`; IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
const PASSES: [(&str, &str); 2] =
    [("s3", "PutBucketReplication"), ("iam", "AddRoleToInstanceProfile")];
/// Parameters that name a role or an instance profile, and not by its ARN. In every other place, such as a tag or
/// an item of a table, a text is no role. Source: string members with `role` or `instanceprofile` in their names, in
/// botocore's models, without those that the API reference calls an ARN.
#[rustfmt::skip]
const BY_NAME: [&str; 24] = [
    "AutoScalingRole", "CustomIamInstanceProfile", "DomainIAMRoleName", "ExecutionRoleName", "IamInstanceProfile",
    "executionRole", "instanceRole", "roleName", "serviceRoleOverride",
    "IamRole", "IamRoleName", "InstanceProfileId", "InstanceProfileIdentifier", "InstanceProfileName", "JobFlowRole",
    "LocalDeploymentExecutionRoleName", "OperationsRole", "Role", "RoleName", "ServiceRole", "SnsRoleName",
    "instanceProfileName", "organizationRoleName", "serviceRole",
];
/// Parameters for the ARN of a role without the word in their names. Source: API Gateway API reference.
const CREDENTIALS: [&str; 2] = ["credentials", "authorizerCredentials"];
/// Verbs of operations that use a role as a filter only.
const READS: [&str; 5] = ["BatchGet", "Describe", "Get", "List", "Search"];
/// Parameters that name resources in a way which is not read. Source: the API references of the operations.
#[rustfmt::skip]
const HIDING: [(&str, &str, &str); 7] = [
    ("ec2", "ModifyInstanceAttribute", "GroupId"), ("ec2", "ModifyNetworkInterfaceAttribute", "SecurityGroupId"),
    ("logs", "StartQuery", "queryString"), ("sns", "Publish", "PhoneNumber"), ("ssm", "SendCommand", "Targets"),
    ("ssm", "StartAutomationExecution", "Targets"), ("ssm", "CreateAssociation", "Targets"),
];
/// Parameters that lead Lambda to further resources. Source: Lambda Developer Guide, "Identity-based policies".
const CODE: [(&str, &str); 3] = [
    ("S3Bucket", "s3:GetObject"),
    ("Layers", "lambda:GetLayerVersion"),
    ("KMSKeyArn", "kms:CreateGrant"),
];

/// A request, for what its parameters do not show.
pub(super) struct Unread<'a> {
    pub service: &'a str,
    pub asked: &'a Asked,
    /// The body, unless it is data of the user's.
    pub parameters: &'a [u8],
    /// The body, if it is JSON.
    pub body: Option<&'a Value>,
}

impl Unread<'_> {
    /// Returns true if a resource of the request is named in a way that is not read.
    pub(super) fn hides_a_resource(&self) -> bool {
        let Self { service, asked, .. } = *self;
        let is_alias = |value: &String| value.starts_with("alias/") || value.contains(":alias/");
        service == "kms" && asked.parameters.iter().any(|(_, value)| is_alias(value))
            || HIDING.iter().any(|(of, operation, parameter)| {
                // A query over log groups by name needs no such part.
                let is_plain = *parameter == "queryString"
                    && !asked
                        .values(parameter)
                        .any(|query| query.to_ascii_uppercase().contains("SOURCE"));
                *of == service && *operation == asked.operation && self.has(parameter) && !is_plain
            })
    }

    /// Returns true if the request has this parameter, whatever its value is.
    fn has(&self, parameter: &str) -> bool {
        self.asked.parameters.iter().any(|(name, _)| name == parameter)
            || self.body.is_some_and(|body| body.get(parameter).is_some())
    }

    /// Returns true if the code or the content of a function or layer has this parameter.
    fn has_in_code(&self, parameter: &str) -> bool {
        let of = |part: &str| self.body.and_then(|body| body.get(part)?.get(parameter)).is_some();
        self.has(parameter) || of("Code") || of("Content")
    }

    /// Returns the needs that are not among `needs`: of roles that the request passes on, and of code that Lambda
    /// fetches.
    pub(super) fn further(&self, needs: &[Need]) -> Vec<Need> {
        let mut more: Vec<Need> = self.roles(needs).into_iter().collect();
        if self.service == "lambda" {
            let unseen = CODE.iter().filter(|(name, _)| self.has_in_code(name));
            more.extend(unseen.map(|(_, action)| ((*action).to_owned(), Vec::new())));
        }
        more
    }

    /// Returns the need to pass on every role of the request that `needs` does not have.
    fn roles(&self, needs: &[Need]) -> Option<Need> {
        let Self { service, asked, parameters, body } = *self;
        let unseen = || Some((PASS_ROLE.to_owned(), Vec::new()));
        if PASSES.contains(&(service, asked.operation.as_str())) {
            return unseen();
        }
        let reads = READS.iter().any(|verb| asked.operation.starts_with(verb));
        if ABOUT_ROLES.contains(&service) || reads {
            return None;
        }
        let mut roles = Roles::default();
        asked.parameters.iter().for_each(|(name, value)| roles.add(name, value));
        if let Some(body) = body {
            roles.search("", body);
        }
        // A body of another form than JSON or a form is not searched.
        let is_searched =
            body.is_some() || asked.parameters.iter().any(|(name, _)| name == "Action");
        roles.is_named |= !is_searched && parameters.windows(6).any(|part| part == b":role/");
        let is_known = |role: &String| {
            needs.iter().any(|(action, on)| action == PASS_ROLE && on.contains(role))
        };
        roles.arns.retain(|role| !is_known(role));
        roles.arns.sort_unstable();
        roles.arns.dedup();
        if roles.is_named {
            unseen()
        } else {
            (!roles.arns.is_empty()).then(|| (PASS_ROLE.to_owned(), roles.arns))
        }
    }
}

/// The roles that a request names.
#[derive(Default)]
struct Roles {
    arns: Vec<String>,
    /// True if a role is named in another way than by its ARN.
    is_named: bool,
}

impl Roles {
    fn add(&mut self, name: &str, value: &str) {
        let lower = name.to_ascii_lowercase();
        let is_of_role = lower.contains("role")
            || lower.contains("instanceprofile")
            || CREDENTIALS.contains(&name);
        if is_role_arn(value) {
            self.arns.extend(is_of_role.then(|| value.to_owned()));
        } else if !value.is_empty() {
            // Security: services take a role's name where their model says ARN, and an instance profile passes on a role.
            let is_profile = value.contains(":instance-profile/") || lower.ends_with("rolearn");
            // `IamInstanceProfile.Name` is of `IamInstanceProfile`.
            self.is_named |= is_profile || name.split('.').any(|part| BY_NAME.contains(&part));
        }
    }

    fn search(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) => self.add(name, text),
            Value::Array(items) => items.iter().for_each(|item| self.search(name, item)),
            Value::Object(fields) => fields.iter().for_each(|(own, value)| {
                // `IamInstanceProfile: {Name: …}`
                let is_role = name.to_ascii_lowercase().contains("instanceprofile");
                self.search(if is_role { name } else { own }, value);
            }),
            _ => {}
        }
    }
}
