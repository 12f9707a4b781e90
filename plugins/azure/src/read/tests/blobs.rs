use super::*;

const ACCT: &str = "acct.blob.core.windows.net";
const URL: &str = "https://acct.blob.core.windows.net";

fn one(method: &str, target: &str) -> Vec<String> {
    told(&request(method, &format!("{ACCT}{target}"), &[], b""))
}

#[test]
fn every_operation_has_its_permission_and_place() {
    for (method, target, action, on) in [
        ("GET", "/?comp=list", "read", "/*"),
        ("GET", "/?comp=list&prefix=da", "read", "/da*"),
        ("GET", "/?comp=blobs&where=x", "blobs/filter/action", "/*"),
        ("GET", "/c01?restype=container", "read", "/c01"),
        ("HEAD", "/c01?restype=container&comp=metadata", "read", "/c01"),
        ("GET", "/c01?restype=container&comp=list", "blobs/read", "/c01/*"),
        ("GET", "/c01?restype=container&comp=list&prefix=a/b", "blobs/read", "/c01/a/b*"),
        ("GET", "/c01?restype=container&comp=acl", "getAcl/action", "/c01"),
        ("PUT", "/c01?restype=container&comp=acl", "setAcl/action", "/c01"),
        ("PUT", "/c01?restype=container", "write", "/c01"),
        ("DELETE", "/c01?restype=container", "delete", "/c01"),
        ("GET", "/c01/Dir/a%20b", "blobs/read", "/c01/Dir/a b"),
        ("GET", "/c01/a%2Fb", "blobs/read", "/c01/a/b"),
        ("HEAD", "/c01/a?snapshot=x", "blobs/read", "/c01/a"),
        // Without a container it is a blob of the root container.
        ("GET", "/c01", "blobs/read", "/$root/c01"),
        ("DELETE", "/c01", "blobs/delete", "/$root/c01"),
        ("PUT", "/c01/a", "blobs/write", "/c01/a"),
        ("PUT", "/c01/a?comp=block&blockid=x", "blobs/write", "/c01/a"),
        ("PUT", "/c01/a?comp=lease", "blobs/write", "/c01/a"),
        ("POST", "/c01/a?comp=query", "blobs/read", "/c01/a"),
        ("GET", "/c01/a?comp=tags", "blobs/tags/read", "/c01/a"),
        ("PUT", "/c01/a?comp=tags", "blobs/tags/write", "/c01/a"),
        ("DELETE", "/c01/a", "blobs/delete", "/c01/a"),
        ("DELETE", "/c01/a?versionid=x", "blobs/deleteBlobVersion/action", "/c01/a"),
    ] {
        let expected = format!("S/blobServices/containers/{action} on {URL}{on}");
        assert_eq!(one(method, target), [expected], "{method} {target}");
    }
    assert_eq!(
        one("DELETE", "/c01/a?versionid=x&deletetype=permanent"),
        [
            format!("S/blobServices/containers/blobs/delete on {URL}/c01/a"),
            format!("S/blobServices/containers/blobs/permanentDelete/action on {URL}/c01/a"),
        ]
    );
    assert_eq!(
        one("POST", "/?restype=service&comp=userdelegationkey"),
        [format!("!S/blobServices/generateUserDelegationKey/action on {URL}")]
    );
}

#[test]
fn another_endpoint_of_the_account_is_the_same_blob() {
    let read = |host: &str| told(&request("GET", &format!("{host}/c01/a"), &[], b"")).remove(0);
    assert!(read("acct-secondary.blob.core.windows.net").ends_with(&format!("on {URL}/c01/a")));
    assert!(
        read("acct.z5.blob.storage.azure.net")
            .ends_with("on https://acct.z5.blob.storage.azure.net/c01/a")
    );
    assert!(is_refused(&request("PUT", "acct-secondary.blob.core.windows.net/c01/a", &[], b"")));
    for host in [
        "acct.dfs.core.windows.net",
        "acct.file.core.windows.net",
        "acct.blob.core.chinacloudapi.cn",
    ] {
        assert!(is_refused(&request("GET", &format!("{host}/c01/a"), &[], b"")), "{host}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    for target in [
        "/c01//a",
        "/c01/a/",
        "/c01/a%5Cb",
        "/c01/../x",
        "/c01/%2e%2e/x",
        "/c01/a.",
        "/c01/%zz",
        "/C/a",
        "/c01/a?restype=container",
        "/c01?restype=directory",
        "/c01/a?comp=unheard",
        "/c01?comp=list",
        "/c01/a?comp=tags&comp=lease",
        "/c01/a?sig=x&se=y",
        "/c01/a?resource=file",
        "/c01/a?action=append",
    ] {
        assert!(is_refused(&request("GET", &format!("{ACCT}{target}"), &[], b"")), "{target}");
    }
    let batch = one("POST", "/?comp=batch").remove(0);
    assert!(batch.starts_with("ambiguous") && batch.contains("one by one"), "{batch}");
    assert!(one("POST", "/c01?restype=container&comp=batch")[0].starts_with("ambiguous"));
    assert!(one("OPTIONS", "/c01/a")[0].starts_with("unknown"));
}

#[test]
fn a_copy_needs_its_source() {
    let copy = |value: &str| {
        told(&request("PUT", &format!("{ACCT}/c01/to"), &[("x-ms-copy-source", value)], b""))
    };
    let written = format!("S/blobServices/containers/blobs/write on {URL}/c01/to");
    assert_eq!(
        copy("https://other.blob.core.windows.net/from/a%20b?snapshot=x"),
        [
            written,
            "S/blobServices/containers/blobs/read on https://other.blob.core.windows.net/from/a b"
                .to_owned()
        ]
    );
    for value in [
        "https://other.blob.core.windows.net/from/a?sv=1&sig=x",
        "https://s3.amazonaws.com/b/k",
        "http://other.blob.core.windows.net/from/a",
        "https://other.blob.core.windows.net/from/../x",
        "https://other.blob.core.windows.net:8080/from/a",
        "https://user@other.blob.core.windows.net/from/a",
        "https://other.file.core.windows.net/from/a",
        "",
    ] {
        assert!(copy(value)[0].starts_with("ambiguous"), "{value}");
    }
    let with = |target: &str, headers: &[(&str, &str)]| {
        told(&request("PUT", &format!("{ACCT}{target}"), headers, b""))
    };
    let source = ("x-ms-copy-source", "https://acct.blob.core.windows.net/from/a");
    for (target, headers) in [
        ("/c01/to", &[source, ("x-ms-copy-source-authorization", "Bearer x")][..]),
        ("/c01/to", &[source, source]),
        ("/c01/to?comp=metadata", &[source]),
        ("/c01/to?comp=incrementalcopy", &[]),
        ("/c01/to", &[("x-ms-rename-source", "/c01/x")]),
        ("/c01/to", &[("x-ms-file-request-intent", "backup")]),
        ("/c01?restype=container&comp=rename", &[]),
        ("/c01?restype=container", &[("x-ms-source-container-name", "other")]),
    ] {
        let told = with(target, headers);
        assert!(
            told[0].starts_with("ambiguous") || told[0].starts_with("unknown"),
            "{target}: {told:?}"
        );
    }
    let renamed =
        with("/c01?restype=container&comp=rename", &[("x-ms-source-container-name", "other")]);
    assert!(renamed[1].ends_with(&format!("containers/write on {URL}/other")), "{renamed:?}");
    assert_eq!(with("/c01/to", &[("x-ms-tags", "a=b")]).len(), 2);
    assert_eq!(with("/c01/to", &[("x-ms-legal-hold", "true")]).len(), 2);
    assert_eq!(with("/c01/to", &[("x-ms-if-tags", "a='b'")]).len(), 2);
}
