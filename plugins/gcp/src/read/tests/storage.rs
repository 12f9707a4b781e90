//! Requests to Cloud Storage.

use super::*;

#[test]
fn objects_are_read_with_their_names() {
    let host = "storage.googleapis.com";
    let get = format!("storage.objects.get {O}/b/objects/a/c");
    for url in [
        format!("{host}/storage/v1/b/b/o/a%2Fc?alt=media"),
        format!("{host}/download/storage/v1/b/b/o/a%2Fc?alt=media"),
        "www.googleapis.com/storage/v1/b/b/o/a%2Fc".to_owned(),
        "storage.mtls.googleapis.com/storage/v1/b/b/o/a%2Fc".to_owned(),
        format!("{host}/b/a/c"),
        format!("{host}/b/a%2Fc?generation=7"),
    ] {
        check("GET", &url, "", &[&get]);
    }
    let list = |prefix: &str| format!("storage.objects.list {O}/b/objects/{prefix}*");
    check("GET", &format!("{host}/storage/v1/b/b/o?prefix=team%2F"), "", &[&list("team/")]);
    check("GET", &format!("{host}/storage/v1/b/b/o"), "", &[&list("")]);
    check(
        "GET",
        &format!("{host}/storage/v1/b/b/o?prefix=*"),
        "",
        &["storage.objects.list unseen"],
    );
    check("GET", &format!("{host}/storage/v1/b/b"), "", &[&format!("storage.buckets.get {O}/b")]);
    check(
        "GET",
        &format!("{host}/storage/v1/b?project=p"),
        "",
        &["storage.buckets.list //cloudresourcemanager.googleapis.com/projects/p"],
    );
    check("GET", &format!("{host}/storage/v1/b/b/o/x%2A"), "", &["storage.objects.get unseen"]);
}

#[test]
fn a_write_that_may_replace_an_object_needs_to_delete_it() {
    let upload = "storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&name=n";
    let create = format!("storage.objects.create {O}/b/objects/n");
    let delete = format!("storage.objects.delete {O}/b/objects/n");
    let mut seen = request("POST", upload, "text/plain", "");
    seen.complete = false;
    assert_eq!(told(&seen), [create.clone(), delete.clone()]);
    let new = format!("{upload}&ifGenerationMatch=0");
    check("POST", &new, "", &[&create]);
    check("POST", &format!("{upload}&ifGenerationMatch=1"), "", &[&create, &delete]);
    let access = format!("storage.objects.setIamPolicy {O}/b/objects/n");
    check("POST", &format!("{new}&predefinedAcl=publicRead"), "", &[&create, &access]);
}

#[test]
fn uploads_name_their_object_in_one_place() {
    let base = "storage.googleapis.com/upload/storage/v1/b/b/o?ifGenerationMatch=0";
    let create = format!("storage.objects.create {O}/b/objects/n");
    check("POST", &format!("{base}&uploadType=resumable"), r#"{"name":"n"}"#, &[&create]);
    let parts = "--x\r\ncontent-type: application/json\r\n\r\n{\"name\":\"n\"}\r\n--x\r\ncontent-type: text/plain\r\n\r\ndata\r\n--x--\r\n";
    let kind = "multipart/related; boundary=\"x\"";
    let multipart = format!("{base}&uploadType=multipart");
    assert_eq!(told(&request("POST", &multipart, kind, parts)), std::slice::from_ref(&create));
    // The end of the object need not be seen, and that of its metadata must.
    for (length, is_read) in [(parts.len() - 12, true), (50, false), (0, false)] {
        let mut cut = request("POST", &multipart, kind, parts);
        cut.body.truncate(length);
        cut.complete = false;
        assert_eq!(told(&cut) == [create.as_str()], is_read, "{length}: {:?}", told(&cut));
    }
    let two = told(&request("POST", &format!("{multipart}&name=other"), kind, parts));
    assert!(two[0].contains("two objects"), "{two:?}");
    // The address of a session authorises by itself.
    let step =
        "storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=resumable&upload_id=u&name=n";
    let mut step = request("PUT", step, "text/plain", "");
    step.complete = false;
    let Reading::Calls(needs) = read(&step) else { panic!() };
    assert!(needs[0].free && line(&needs[0]) == create, "{needs:?}");
    step.path = "/storage/v1/b/b/o/n".to_owned();
    assert!(told(&step)[0].starts_with("ambiguous"), "{:?}", told(&step));
}

#[test]
fn copies_read_their_sources_and_write_their_destination() {
    let host = "storage.googleapis.com/storage/v1/b";
    let write =
        |name: &str| ["create", "delete"].map(|verb| format!("storage.objects.{verb} {O}/{name}"));
    let [create, delete] = write("z/objects/w");
    let get = format!("storage.objects.get {O}/x/objects/y");
    for verb in ["rewriteTo", "copyTo"] {
        let url = format!("{host}/x/o/y/{verb}/b/z/o/w");
        check("POST", &url, "{}", &[&create, &delete, &get]);
    }
    let [create, delete] = write("z/objects/w");
    let sources = [1, 2].map(|n| format!("storage.objects.get {O}/z/objects/s{n}"));
    check(
        "POST",
        &format!("{host}/z/o/w/compose"),
        r#"{"sourceObjects":[{"name":"s1"},{"name":"s2"}]}"#,
        &[&create, &delete, &sources[0], &sources[1]],
    );
    let moved = format!("{host}/z/o/s1/moveTo/o/w");
    let lines = told(&request("POST", &moved, "", ""));
    assert_eq!(lines.len(), 4, "{lines:?}");
}
