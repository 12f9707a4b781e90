use super::*;

#[test]
fn queues_have_their_permissions() {
    check(&[
        (
            "GET",
            "acct.queue.core.windows.net/?comp=list",
            &["S/queueServices/queues/read on https://acct.queue.core.windows.net/*"],
        ),
        (
            "PUT",
            "acct.queue.core.windows.net/work",
            &["S/queueServices/queues/write on https://acct.queue.core.windows.net/work"],
        ),
        (
            "POST",
            "acct.queue.core.windows.net/work/messages",
            &[
                "S/queueServices/queues/messages/add/action on https://acct.queue.core.windows.net/work",
            ],
        ),
        (
            "GET",
            "acct.queue.core.windows.net/work/messages",
            &[
                "S/queueServices/queues/messages/process/action on https://acct.queue.core.windows.net/work",
            ],
        ),
        (
            "GET",
            "acct.queue.core.windows.net/work/messages?peekonly=true",
            &["S/queueServices/queues/messages/read on https://acct.queue.core.windows.net/work"],
        ),
        (
            "DELETE",
            "acct.queue.core.windows.net/work/messages",
            &["S/queueServices/queues/messages/delete on https://acct.queue.core.windows.net/work"],
        ),
        (
            "DELETE",
            "acct.queue.core.windows.net/work/messages/1?popreceipt=x",
            &[
                "S/queueServices/queues/messages/process/action on https://acct.queue.core.windows.net/work",
            ],
        ),
        (
            "PUT",
            "acct.queue.core.windows.net/work/messages/1?popreceipt=x",
            &["S/queueServices/queues/messages/write on https://acct.queue.core.windows.net/work"],
        ),
    ]);
    for (method, target) in [
        ("GET", "/Work/messages"),
        ("GET", "/work/messages?peekonly=maybe"),
        ("GET", "/work/messages?peekonly=true&PeekOnly=false"),
        ("GET", "/work//messages"),
        ("GET", "/work/messages/1"),
        ("PATCH", "/work"),
        ("GET", "/work?comp=unheard"),
        ("GET", "/work/messages?sig=x"),
    ] {
        let url = format!("acct.queue.core.windows.net{target}");
        assert!(is_refused(&request(method, &url, &[], b"")), "{method} {target}");
    }
}

const TABLE: &str = "acct.table.core.windows.net";

#[test]
fn tables_have_their_permissions() {
    let entity = "/People(PartitionKey='p',RowKey='r%2Fx')";
    let on = "on https://acct.table.core.windows.net/people";
    for (method, target, headers, action) in [
        ("GET", "/People()?$filter=x", &[][..], "entities/read"),
        ("GET", entity, &[], "entities/read"),
        ("POST", "/People", &[], "entities/add/action"),
        ("PUT", entity, &[], "entities/write"),
        ("MERGE", entity, &[("if-match", "*")], "entities/update/action"),
        ("DELETE", entity, &[("if-match", "*")], "entities/delete"),
        ("DELETE", "/Tables('People')", &[], "delete"),
        ("PUT", "/People?comp=acl", &[], "setAcl/action"),
    ] {
        let found = told(&request(method, &format!("{TABLE}{target}"), headers, b""));
        assert_eq!(found, [format!("S/tableServices/tables/{action} {on}")], "{method} {target}");
    }
    let create = |body: &str| {
        told(&request("POST", &format!("{TABLE}/Tables"), &[], body.as_bytes())).remove(0)
    };
    assert_eq!(create(r#"{"TableName":"People"}"#), format!("S/tableServices/tables/write {on}"));
    for body in [r#"{"TableName":"a","TableName":"b"}"#, r#"{"tablename":"x/y"}"#, "{}", ""] {
        assert!(create(body).starts_with("ambiguous"), "{body}");
    }
    for (method, target, headers) in [
        ("POST", entity, &[("x-http-method", "MERGE")][..]),
        ("GET", "/People/x", &[]),
        ("GET", "/Pe", &[]),
        ("DELETE", "/People", &[]),
        ("DELETE", "/People()", &[]),
        ("PUT", "/Tables('People')", &[]),
        ("GET", "/People()?sig=x", &[]),
    ] {
        assert!(
            is_refused(&request(method, &format!("{TABLE}{target}"), headers, b"")),
            "{method} {target}"
        );
    }
}

const CHANGES: &str = "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n\
    --changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
    POST https://acct.table.core.windows.net/People HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n\
    --changeset_1\r\nContent-Type: application/http\r\n\r\n\
    DELETE /People(PartitionKey='p',RowKey='r') HTTP/1.1\r\nIf-Match: *\r\n\r\n\r\n\
    --changeset_1--\r\n\r\n--batch_1--\r\n";

fn batch(body: &str) -> Vec<String> {
    let headers = [("content-type", "multipart/mixed; boundary=batch_1")];
    told(&request("POST", &format!("{TABLE}/$batch"), &headers, body.as_bytes()))
}

#[test]
fn a_batch_of_a_table_is_read_part_by_part() {
    assert_eq!(
        batch(CHANGES),
        [
            "S/tableServices/tables/entities/add/action on https://acct.table.core.windows.net/people",
            "S/tableServices/tables/entities/delete on https://acct.table.core.windows.net/people"
        ]
    );
    for (from, to) in [
        ("--batch_1--", "--batch_1"),
        ("--batch_1--\r\n", "--batch_1--\r\nDELETE"),
        ("--batch_1\r\nContent-Type: multi", "x--batch_1\r\nContent-Type: multi"),
        ("https://acct.table", "https://other.table"),
        ("HTTP/1.1\r\nIf-Match: *", "HTTP/1.1\r\nX-HTTP-Method: PUT"),
        ("HTTP/1.1\r\nIf-Match: *", "HTTP/1.1\r\nAuthorization: Bearer x"),
        ("application/http", "text/plain"),
        ("DELETE /People", "DELETE /../People"),
        ("DELETE /People", "BREW /People"),
        ("/People HTTP", "/$batch HTTP"),
        ("boundary=changeset_1", "boundary=changeset_2"),
    ] {
        assert!(CHANGES.contains(from), "{from}");
        let told = batch(&CHANGES.replacen(from, to, 1));
        assert!(
            told[0].starts_with("ambiguous") || told[0].starts_with("unknown"),
            "{to}: {told:?}"
        );
    }
}

#[test]
fn vaults_have_their_permissions() {
    let vault = "v-1.vault.azure.net";
    for (method, path, action, on) in [
        ("GET", "/secrets", "secrets/readMetadata/action", "secrets/*"),
        ("GET", "/secrets/Name/", "secrets/getSecret/action", "secrets/name"),
        ("GET", "/secrets/name/0123", "secrets/getSecret/action", "secrets/name"),
        ("GET", "/secrets/name/versions", "secrets/readMetadata/action", "secrets/name"),
        ("PUT", "/secrets/name", "secrets/setSecret/action", "secrets/name"),
        ("DELETE", "/deletedsecrets/name", "secrets/purge/action", "secrets/name"),
        ("POST", "/secrets/restore", "secrets/restore/action", "secrets/*"),
        ("GET", "/keys/k", "keys/read", "keys/k"),
        ("POST", "/keys/k/create", "keys/create/action", "keys/k"),
        ("POST", "/keys/k//sign", "keys/sign/action", "keys/k"),
        ("POST", "/keys/k/v/unwrapkey", "keys/unwrap/action", "keys/k"),
        ("PUT", "/keys/k/rotationpolicy", "keyrotationpolicies/write", "keys/k"),
        ("POST", "/certificates/c/import", "certificates/import/action", "certificates/c"),
        ("PUT", "/certificates/issuers/i", "certificatecas/write", "certificates/issuers"),
    ] {
        let found = told(&request(method, &format!("{vault}{path}?api-version=7.5"), &[], b""));
        assert_eq!(
            found,
            [format!("Microsoft.KeyVault/vaults/{action} on https://{vault}/{on}")],
            "{path}"
        );
    }
    for (method, path) in [("POST", "/secrets/n/backup"), ("POST", "/keys/k/v/release")] {
        let found = told(&request(method, &format!("{vault}{path}?api-version=7.5"), &[], b""));
        assert!(found[0].starts_with('!'), "{found:?}");
    }
    for target in [
        "/secrets/n",
        "/secrets/n?api-version=7.5&api-version=7.4",
        "/secrets//n?api-version=7.5",
        "/secrets/a%2Fb?api-version=7.5",
        "/secrets/a.b?api-version=7.5",
        "/secrets/n/v/x?api-version=7.5",
        "/storage/a?api-version=7.5",
        "/unheard?api-version=7.5",
        "/secrets/n?api-version=7.5&more=1",
    ] {
        assert!(is_refused(&request("GET", &format!("{vault}{target}"), &[], b"")), "{target}");
    }
    assert!(is_refused(&request("GET", "h.managedhsm.azure.net/keys/k?api-version=7.5", &[], b"")));
    assert!(is_refused(&request("GET", "a.b.vault.azure.net/keys/k?api-version=7.5", &[], b"")));
}
