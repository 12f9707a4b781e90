//! Reads of IAM by its query protocol.
//!
//! Source: IAM API Reference, version 2010-05-08.

use audex_sdk::provider::http::{self, Auth, Chunk, Header, Request, Sigv4};
use audex_sdk::provider::{Error, ErrorKind};
use aws_policy::refusal;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use roxmltree::{Document, Node};

/// The most pages that are read of one list; a role has at most 20 attached policies.
const PAGES: usize = 50;

/// The IAM endpoint of one partition.
pub struct Iam {
    url: &'static str,
    region: &'static str,
}

/// A reply, as XML.
pub struct Reply(String);

impl Iam {
    /// Returns the client for a partition.
    ///
    /// # Errors
    /// If the partition is unknown.
    pub fn of(partition: &str) -> Result<Self, Error> {
        // Source: AWS General Reference, "AWS Identity and Access Management endpoints and quotas".
        let (url, region) = match partition {
            "aws" => ("https://iam.amazonaws.com/", "us-east-1"),
            "aws-us-gov" => ("https://iam.us-gov.amazonaws.com/", "us-gov-west-1"),
            "aws-cn" => ("https://iam.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
            other => {
                let message = format!("the partition `{other}` is not known");
                return Err(refusal(
                    ErrorKind::Unsupported,
                    "partition",
                    message,
                    "use aws, aws-us-gov or aws-cn",
                ));
            }
        };
        Ok(Self { url, region })
    }

    /// Sends one request.
    ///
    /// # Errors
    /// If IAM rejects the request or cannot be reached.
    pub fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Reply, Error> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let begin = format!("Action={action}&Version=2010-05-08");
        let pairs = parameters.iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
        let body: String = std::iter::once(begin).chain(pairs).collect();
        let kind = Chunk::Plain(b"application/x-www-form-urlencoded".to_vec());
        let response = http::send(&Request {
            method: "POST".to_owned(),
            url: self.url.to_owned(),
            headers: vec![Header { name: "content-type".to_owned(), value: vec![kind] }],
            body: vec![Chunk::Plain(body.into_bytes())],
            auth: Some(Auth::Aws(Sigv4 {
                service: "iam".to_owned(),
                region: self.region.to_owned(),
            })),
            lift: Vec::new(),
            timeout_ms: None,
        })?;
        let text = String::from_utf8(response.body).map_err(|_| unreadable(action))?;
        let reply = Reply(text);
        if response.status == 200 {
            Ok(reply)
        } else {
            Err(refused(action, response.status, &reply))
        }
    }

    /// Reads every entry of a paged list: `read` is applied to the texts of each member.
    ///
    /// # Errors
    /// As [`Iam::ask`], or if the list does not end.
    pub fn pages(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        list: &str,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<String>, Error> {
        let (mut all, mut marker) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let mut asked = parameters.to_vec();
            asked.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let reply = self.ask(action, &asked)?;
            // Security: a member that cannot be read may be the policy that counts.
            for member in reply.members(list)? {
                all.push(read(&member).ok_or_else(|| unreadable(action))?);
            }
            match reply.next(action)? {
                Some(next) => marker = Some(next),
                None => return Ok(all),
            }
        }
        Err(unreadable(action))
    }

    /// Returns the ARNs of the policies attached to the role `name`.
    ///
    /// # Errors
    /// As [`Iam::pages`].
    pub fn attached(&self, name: &str) -> Result<Vec<String>, Error> {
        let arn = |text: &str| {
            text.split_whitespace().find(|word| word.starts_with("arn:")).map(str::to_owned)
        };
        self.pages("ListAttachedRolePolicies", &[("RoleName", name)], "AttachedPolicies", arn)
    }

    /// Returns the default version of the managed policy `arn`.
    ///
    /// # Errors
    /// As [`Iam::ask`].
    pub fn managed(&self, arn: &str) -> Result<String, Error> {
        let policy = self.ask("GetPolicy", &[("PolicyArn", arn)])?;
        let version = policy.text("DefaultVersionId").ok_or_else(|| unreadable("GetPolicy"))?;
        self.ask("GetPolicyVersion", &[("PolicyArn", arn), ("VersionId", &version)])?
            .document("Document")
    }
}

impl Reply {
    /// Returns the text of the first element called `name`.
    pub fn text(&self, name: &str) -> Option<String> {
        let parsed = Document::parse(&self.0).ok()?;
        first(&parsed, name).and_then(|node| node.text()).map(|text| text.trim().to_owned())
    }

    /// Returns a policy document, which is percent-encoded in the reply (RFC 3986).
    ///
    /// # Errors
    /// If the reply has no such document.
    pub fn document(&self, name: &str) -> Result<String, Error> {
        let text = self.text(name).ok_or_else(|| unreadable(name))?;
        percent_decode_str(&text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| unreadable(name))
    }

    /// Returns the texts of each member of `list`, joined by spaces.
    fn members(&self, list: &str) -> Result<Vec<String>, Error> {
        let parsed = Document::parse(&self.0).map_err(|_| unreadable(list))?;
        let list = first(&parsed, list).ok_or_else(|| unreadable(list))?;
        let member = |node: Node<'_, '_>| {
            let texts = node.descendants().filter(Node::is_text).filter_map(|inner| inner.text());
            texts.map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
        };
        Ok(list.children().filter(|node| node.has_tag_name_local("member")).map(member).collect())
    }

    /// Returns the marker of the next page, if there is one.
    ///
    /// # Errors
    /// If the list goes on without a marker.
    fn next(&self, action: &str) -> Result<Option<String>, Error> {
        match self.text("IsTruncated").as_deref() {
            None | Some("false") => Ok(None),
            Some("true") => {
                let marker = self.text("Marker").filter(|marker| !marker.is_empty());
                marker.map(Some).ok_or_else(|| unreadable(action))
            }
            Some(_) => Err(unreadable(action)),
        }
    }
}

/// A comparison of names without their namespace, which some test doubles omit.
trait Local {
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl Local for Node<'_, '_> {
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn first<'a, 'input>(document: &'a Document<'input>, name: &str) -> Option<Node<'a, 'input>> {
    document.descendants().find(|node| node.has_tag_name_local(name))
}

fn refused(action: &str, status: u16, reply: &Reply) -> Error {
    let code = reply.text("Code").unwrap_or_default();
    let said = reply.text("Message").unwrap_or_else(|| "no reason given".to_owned());
    let message = format!("IAM answered {status} to {action} ({code}): {said}");
    match (status, code.as_str()) {
        (404, _) | (_, "NoSuchEntity") => refusal(
            ErrorKind::Unavailable,
            "no-such-role",
            message,
            "check the ARN, and the account of your login",
        ),
        (401 | 403, _) => refusal(
            ErrorKind::Denied,
            "iam-refused",
            message,
            "your own login needs iam:GetRole, ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy and \
             GetPolicyVersion",
        ),
        (405 | 501, _) | (_, "InvalidAction" | "NotImplemented") => refusal(
            ErrorKind::Unsupported,
            "iam-unsupported",
            message,
            "this endpoint does not serve IAM: unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_IAM, or ask an account of AWS",
        ),
        _ => refusal(ErrorKind::Unavailable, "iam-failed", message, "try again in a moment"),
    }
}

fn unreadable(what: &str) -> Error {
    let message = format!("IAM's reply to {what} is not what it should be");
    refusal(ErrorKind::Unavailable, "iam-reply", message, "check for a proxy that changes replies")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"<ListAttachedRolePoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAttachedRolePoliciesResult>
      <AttachedPolicies><member><PolicyName>A</PolicyName><PolicyArn>arn:aws:iam::aws:policy/A</PolicyArn></member>
      <member><PolicyArn>arn:aws:iam::aws:policy/B</PolicyArn><PolicyName>B</PolicyName></member></AttachedPolicies>
      <IsTruncated>true</IsTruncated><Marker>next+1</Marker></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>"#;

    #[test]
    fn lists_name_their_members_and_the_next_page() {
        let reply = Reply(LIST.to_owned());
        let members = reply.members("AttachedPolicies").unwrap();
        assert_eq!(members.len(), 2);
        assert!(members[1].starts_with("arn:aws:iam::aws:policy/B"));
        let next = |text: &str| Reply(text.to_owned()).next("List");
        assert_eq!(next(LIST).unwrap().as_deref(), Some("next+1"));
        assert_eq!(next(&LIST.replace(">true<", ">false<")).unwrap(), None);
        for cut in ["<Marker></Marker>", "<Other>x</Other>", ""] {
            assert!(next(&LIST.replace("<Marker>next+1</Marker>", cut)).is_err(), "{cut}");
        }
        assert!(next(&LIST.replace(">true<", ">maybe<")).is_err());
        assert!(Reply("<html>".to_owned()).members("AttachedPolicies").is_err());
    }

    #[test]
    fn documents_are_decoded() {
        let reply = Reply(
            "<r><PolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</PolicyDocument></r>".to_owned(),
        );
        assert_eq!(reply.document("PolicyDocument").unwrap(), r#"{"Statement":[]}"#);
    }

    #[test]
    fn a_role_that_is_not_there_is_told_from_one_that_may_not_be_read() {
        let error = |status, code: &str| {
            let body = format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
            );
            refused("GetRole", status, &Reply(body))
        };
        assert_eq!(error(404, "NoSuchEntity").code, "no-such-role");
        assert_eq!(error(403, "AccessDenied").kind, ErrorKind::Denied);
        assert_eq!(error(503, "ServiceUnavailable").kind, ErrorKind::Unavailable);
    }
}
