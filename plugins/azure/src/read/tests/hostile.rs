//! Requests that a hostile reader made to be taken for less than they are, each beside the one that is read.

use super::*;

fn url(service: &str, rest: &str) -> String {
    format!("acct.{service}.core.windows.net{rest}")
}

#[test]
fn a_search_by_tags_has_no_prefix_and_a_list_has() {
    for (path, is_read) in [
        ("/alpha?restype=container&comp=blobs&where=x", true),
        ("/alpha?restype=container&comp=blobs&where=x&prefix=pub/", false),
        ("/?comp=blobs&where=x&prefix=alpha/", false),
        ("/alpha?restype=container&comp=list&prefix=pub/", true),
    ] {
        assert_eq!(is_refused(&request("GET", &url("blob", path), &[], b"")), !is_read, "{path}");
    }
}

#[test]
fn what_a_list_includes_is_read_in_one_spelling() {
    let told = |include: &str| {
        let path = format!("/alpha?restype=container&comp=list&include={include}");
        told(&request("GET", &url("blob", &path), &[], b"")).join(" ")
    };
    assert!(told("metadata,tags").contains("blobs/tags/read"));
    for other in ["Tags", "metadata,TAGS", "tags;x", "unheard"] {
        assert!(told(other).starts_with("ambiguous "), "{other}");
    }
}

#[test]
fn a_table_is_not_taken_for_an_entity() {
    let one = |path: &str| told(&request("DELETE", &url("table", path), &[], b"")).join(" ");
    assert!(one("/Tables('victim')").contains("tables/delete on"));
    assert!(one("/people(PartitionKey='a''b',RowKey='')").contains("entities/delete on"));
    for path in [
        "/Tables(TableName='victim')",
        "/tables('victim')",
        "/TABLES('victim')",
        "/Tables(%20'victim')",
        "/Tables(PartitionKey='a',RowKey='b')",
        "/people('a')",
        "/people(RowKey='a',PartitionKey='b')",
        "/people(PartitionKey='a',RowKey='b',x='c')",
        "/people(PartitionKey='a')",
        "/people(PartitionKey='a'b',RowKey='c')",
    ] {
        let told = one(path);
        assert!(told.starts_with("unknown ") || told.starts_with("ambiguous "), "{path}: {told}");
    }
}

#[test]
fn a_body_is_read_in_utf_8_and_no_header_moves_the_request() {
    let put = |headers: &[(&str, &str)]| {
        let path = "management.azure.com/subscriptions/1/resourceGroups/g?api-version=2022-12-01";
        let mut request = request("PUT", path, headers, b"{}");
        request.headers.dedup_by(|next, kept| next.0 == kept.0);
        is_refused(&request)
    };
    assert!(!put(&[("content-type", "application/json; charset=utf-8")]));
    assert!(put(&[("content-type", "application/json; charset=utf-7")]));
    assert!(put(&[("content-type", "application/json; charset=utf-8; charset=utf-7")]));
    for name in ["x-original-url", "x-rewrite-url", "x-http-method-override"] {
        assert!(put(&[(name, "/x")]), "{name}");
    }
}
