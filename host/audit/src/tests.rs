//! Writes logs, damages them in every way, and verifies them.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::thread;

use super::*;

struct Bench {
    directory: tempfile::TempDir,
    audit: Audit,
}

fn ended(exit_code: u8) -> Event {
    Event::Ended(Ended { exit_code, ..Ended::default() })
}

fn issuing(command: &[&str]) -> Event {
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    Event::Issuing(Issuing { provider: "aws".to_owned(), command, ..Issuing::default() })
}

impl Bench {
    fn with(records: u8) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let audit = Audit::new(directory.path().join("state"));
        for number in 0..records {
            audit.record("s", &ended(number), &[]).unwrap();
        }
        Self { directory, audit }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join("state").join(name)
    }

    fn edit(&self, change: impl FnOnce(&mut Vec<String>)) {
        let text = fs::read_to_string(self.audit.path()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        lines.push(String::new());
        fs::write(
            self.audit.path(),
            if lines.len() > 1 { lines.join("\n") } else { String::new() },
        )
        .unwrap();
    }

    #[track_caller]
    fn finds(&self, expected_record: u64, expected: Finding) {
        match self.audit.verify() {
            Err(AuditError::Tampered { record, finding, .. }) => {
                assert_eq!((record, finding), (expected_record, expected));
            }
            other => panic!("{other:?}"),
        }
    }

    fn append(&self, text: &str) {
        OpenOptions::new()
            .append(true)
            .open(self.audit.path())
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }
}

#[test]
fn a_whole_log_verifies_and_is_private() {
    let bench = Bench::with(5);
    assert_eq!(bench.audit.verify().unwrap().records, 5);
    assert_eq!(bench.audit.record("s", &ended(1), &[]).unwrap(), 6);
    for name in [store::LOG, store::HEAD, store::KEY, store::LOCK] {
        assert_eq!(fs::metadata(bench.file(name)).unwrap().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(bench.file("")).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_log_that_was_never_begun_verifies() {
    let bench = Bench::with(0);
    assert_eq!(bench.audit.verify().unwrap().records, 0);
    assert!(bench.audit.list(&Filter::default()).unwrap().is_empty());
}

#[test]
fn a_changed_record_fails_verification() {
    let bench = Bench::with(4);
    bench.edit(|lines| lines[2] = lines[2].replace("\"exit_code\":2", "\"exit_code\":0"));
    bench.finds(3, Finding::Changed);
}

#[test]
fn a_removed_record_fails_verification() {
    let bench = Bench::with(4);
    bench.edit(|lines| drop(lines.remove(1)));
    bench.finds(2, Finding::Removed);
    let bench = Bench::with(4);
    bench.edit(|lines| drop(lines.remove(0)));
    bench.finds(1, Finding::Removed);
}

#[test]
fn reordered_records_fail_verification() {
    let bench = Bench::with(4);
    bench.edit(|lines| lines.swap(1, 2));
    bench.finds(2, Finding::Reordered);
    let bench = Bench::with(4);
    bench.edit(|lines| lines.insert(2, lines[1].clone()));
    bench.finds(3, Finding::Reordered);
}

#[test]
fn a_truncated_log_fails_verification_and_takes_no_more_records() {
    for kept in [3, 1, 0] {
        let bench = Bench::with(4);
        bench.edit(|lines| lines.truncate(kept));
        bench.finds(kept as u64 + 1, Finding::Truncated);
        let refused = bench.audit.record("s", &ended(0), &[]);
        assert!(matches!(refused, Err(AuditError::Tampered { finding: Finding::Truncated, .. })));
    }
    let bench = Bench::with(4);
    fs::remove_file(bench.audit.path()).unwrap();
    bench.finds(1, Finding::Truncated);
}

#[test]
fn a_log_cut_within_its_last_record_fails_verification() {
    let bench = Bench::with(3);
    let text = fs::read_to_string(bench.audit.path()).unwrap();
    fs::write(bench.audit.path(), &text[..text.len() - 10]).unwrap();
    bench.finds(3, Finding::Truncated);
}

#[test]
fn a_missing_or_changed_head_fails_verification_and_appends() {
    let bench = Bench::with(2);
    let head = fs::read_to_string(bench.file(store::HEAD)).unwrap();
    fs::write(bench.file(store::HEAD), head.replace("0002", "0001")).unwrap();
    bench.finds(1, Finding::HeadChanged);
    assert!(bench.audit.record("s", &ended(0), &[]).is_err());
    fs::remove_file(bench.file(store::HEAD)).unwrap();
    bench.finds(1, Finding::HeadMissing);
    assert!(bench.audit.record("s", &ended(0), &[]).is_err());
    // The same holds if the log itself is missing: the key shows that there was one.
    fs::remove_file(bench.audit.path()).unwrap();
    bench.finds(1, Finding::HeadMissing);
    assert!(bench.audit.record("s", &ended(0), &[]).is_err());
}

#[test]
fn an_older_head_with_the_log_cut_to_it_is_the_limit_and_with_the_log_kept_is_found() {
    let bench = Bench::with(2);
    let old = fs::read(bench.file(store::HEAD)).unwrap();
    for _ in 0..2 {
        bench.audit.record("s", &ended(0), &[]).unwrap();
    }
    fs::write(bench.file(store::HEAD), old).unwrap();
    bench.finds(3, Finding::Foreign);
}

#[test]
fn a_swapped_or_missing_key_fails_verification_and_appends() {
    let bench = Bench::with(2);
    let other = Bench::with(1);
    fs::copy(other.file(store::KEY), bench.file(store::KEY)).unwrap();
    bench.finds(1, Finding::KeySwapped);
    assert!(bench.audit.record("s", &ended(0), &[]).is_err());
    fs::write(bench.file(store::KEY), "short").unwrap();
    bench.finds(1, Finding::KeySwapped);
    fs::remove_file(bench.file(store::KEY)).unwrap();
    bench.finds(1, Finding::KeyMissing);
    assert!(bench.audit.record("s", &ended(0), &[]).is_err());
}

#[test]
fn records_of_another_log_are_not_taken() {
    let (bench, other) = (Bench::with(2), Bench::with(3));
    let line = fs::read_to_string(other.audit.path()).unwrap().lines().last().unwrap().to_owned();
    bench.append(&format!("{line}\n"));
    bench.finds(3, Finding::Changed);
    let refused = bench.audit.record("s", &ended(0), &[]);
    assert!(matches!(
        refused,
        Err(AuditError::Tampered { record: 3, finding: Finding::Foreign, .. })
    ));
}

#[test]
fn a_record_written_before_a_crash_is_kept() {
    let bench = Bench::with(2);
    let head = fs::read(bench.file(store::HEAD)).unwrap();
    bench.audit.record("s", &ended(9), &[]).unwrap();
    // This is the state after a crash between the write of the log and that of the head.
    fs::write(bench.file(store::HEAD), head).unwrap();
    assert_eq!(bench.audit.verify().unwrap().records, 3);
    assert_eq!(bench.audit.record("s", &ended(0), &[]).unwrap(), 4);
    assert_eq!(bench.audit.verify().unwrap().records, 4);
}

#[test]
fn half_a_record_of_a_crash_is_cut_off() {
    let bench = Bench::with(2);
    bench.append("{\"v\":1,\"seq\":3,\"ti");
    assert_eq!(bench.audit.verify().unwrap().records, 2);
    assert_eq!(bench.audit.record("s", &ended(0), &[]).unwrap(), 3);
    assert_eq!(bench.audit.verify().unwrap().records, 3);
}

#[test]
fn a_crash_in_the_very_first_append_leaves_a_usable_log() {
    let bench = Bench::with(0);
    fs::create_dir(bench.file("")).unwrap();
    for name in [store::LOG, store::HEAD] {
        fs::write(bench.file(name), "").unwrap();
    }
    assert_eq!(bench.audit.verify().unwrap().records, 0);
    assert_eq!(bench.audit.record("s", &ended(0), &[]).unwrap(), 1);
    assert_eq!(bench.audit.verify().unwrap().records, 1);
}

#[test]
fn an_append_reads_nothing_before_the_end() {
    let bench = Bench::with(3);
    let length = fs::metadata(bench.audit.path()).unwrap().len();
    fs::write(bench.audit.path(), vec![b'#'; usize::try_from(length).unwrap()]).unwrap();
    assert_eq!(bench.audit.record("s", &ended(0), &[]).unwrap(), 4);
    bench.finds(1, Finding::Changed);
}

#[test]
fn concurrent_appends_all_verify() {
    let bench = Bench::with(0);
    thread::scope(|scope| {
        for session in 0..8 {
            // Each call opens the files itself, so threads exclude each other like processes.
            let audit = bench.audit.clone();
            scope.spawn(move || {
                for number in 0..50 {
                    audit.record(&format!("s{session}"), &ended(number), &[]).unwrap();
                }
            });
        }
    });
    assert_eq!(bench.audit.verify().unwrap().records, 400);
    let filter = Filter { session: Some("s3".to_owned()), ..Filter::default() };
    assert_eq!(bench.audit.list(&filter).unwrap().len(), 50);
}

#[test]
fn a_list_is_filtered_and_limited_to_the_newest() {
    let bench = Bench::with(3);
    bench.audit.record("t", &issuing(&["aws", "s3", "ls"]), &[]).unwrap();
    let list = |filter: Filter| -> Vec<u64> {
        bench.audit.list(&filter).unwrap().iter().map(|record| record.seq).collect()
    };
    assert_eq!(list(Filter { limit: Some(2), ..Filter::default() }), [3, 4]);
    assert_eq!(list(Filter { session: Some("t".to_owned()), ..Filter::default() }), [4]);
    assert_eq!(
        list(Filter { event: Some("ended".to_owned()), limit: Some(1), session: None }),
        [3]
    );
    // A part of a session's name finds no records.
    assert!(list(Filter { session: Some(String::new()), ..Filter::default() }).is_empty());
}

#[test]
fn every_line_carries_the_version() {
    let bench = Bench::with(1);
    bench.audit.record("s", &Event::CleanedUp(CleanedUp::default()), &[]).unwrap();
    let list = bench.audit.list(&Filter::default()).unwrap();
    assert_eq!(list.iter().map(|record| record.v).collect::<Vec<_>>(), [1, 1]);
    assert!(bench.audit.verify().is_ok());
}

#[test]
fn a_line_of_a_later_version_is_named_as_such() {
    let bench = Bench::with(2);
    bench.edit(|lines| lines[1] = lines[1].replace("\"v\":1", "\"v\":3"));
    for outcome in [bench.audit.verify().map(drop), bench.audit.list(&Filter::default()).map(drop)]
    {
        assert!(matches!(outcome, Err(AuditError::FutureVersion { record: 2, version: 3, .. })));
    }
}

#[test]
fn a_command_in_any_script_is_recorded_as_it_is() {
    let bench = Bench::with(0);
    let command = ["echo", "héllo wörld 日本語 \u{1f980}", "\"quoted\"\n\\"];
    bench.audit.record("s", &issuing(&command), &[]).unwrap();
    bench.audit.verify().unwrap();
    let Event::Issuing(issuing) = &bench.audit.list(&Filter::default()).unwrap()[0].event else {
        panic!()
    };
    assert_eq!(issuing.command, command);
}

#[test]
fn a_secret_never_reaches_the_log() {
    let bench = Bench::with(0);
    let secret = Secret::new("planted/secret+1".to_owned());
    let command =
        ["tool", "planted/secret+1", "x=planted%2Fsecret%2B1", "--password", "hunter2", "plain"];
    bench.audit.record("s", &issuing(&command), std::slice::from_ref(&secret)).unwrap();
    let failure = Failed { reason: "refused: planted/secret+1".to_owned(), ..Failed::default() };
    bench.audit.record("s", &Event::Failed(failure), &[secret]).unwrap();
    let text = fs::read_to_string(bench.audit.path()).unwrap();
    assert!(!text.contains("planted") && !text.contains("hunter2") && text.contains("plain"));
    bench.audit.verify().unwrap();
}

#[test]
fn a_line_beyond_the_limit_is_refused_and_leaves_the_log_whole() {
    let bench = Bench::with(1);
    let long = "x".repeat(record::MAX_LINE_BYTES);
    assert!(matches!(bench.audit.record(&long, &ended(0), &[]), Err(AuditError::TooLong { .. })));
    assert_eq!(bench.audit.verify().unwrap().records, 1);
    bench.append(&"x".repeat(2 * record::MAX_LINE_BYTES));
    bench.finds(2, Finding::Changed);
}

#[test]
fn an_event_of_any_size_is_recorded_and_no_half_of_a_secret_is() {
    let bench = Bench::with(1);
    let secret = Secret::new("planted-secret-0123456789".to_owned());
    // If the word were cut before redaction, it would end in the middle of the secret.
    let before_cut = "x ".repeat(16 * 1024 - 5) + secret.expose();
    let long = "y".repeat(100_000);
    let command: Vec<&str> =
        std::iter::once(before_cut.as_str()).chain([long.as_str(); 12]).collect();
    bench.audit.record("s", &issuing(&command), &[secret]).unwrap();
    assert_eq!(bench.audit.verify().unwrap().records, 2);
    let text = fs::read_to_string(bench.audit.path()).unwrap();
    assert!(!text.contains("planted") && text.contains("more, sha256:"));
}

#[test]
fn the_findings_read_naturally() {
    let said = |finding| store::tampered(std::path::Path::new("/d"), 3, finding).to_string();
    assert_eq!(said(Finding::Removed), "audit log `/d/audit.jsonl`: record 3 was removed");
    assert_eq!(said(Finding::KeyMissing), "audit log `/d/audit.jsonl`: its key is missing");
}

#[test]
fn a_directory_or_key_that_others_may_touch_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::with(1);
    let set = |name: &str, mode| {
        fs::set_permissions(bench.file(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let refused = || {
        let outcomes =
            [bench.audit.record("s", &ended(0), &[]).map(drop), bench.audit.verify().map(drop)];
        outcomes.into_iter().all(|outcome| matches!(outcome, Err(AuditError::Io { .. })))
    };
    set("", 0o777);
    assert!(refused());
    set("", 0o755);
    set(store::KEY, 0o644);
    assert!(refused());
    set(store::KEY, 0o600);
    assert_eq!(bench.audit.record("s", &ended(0), &[]).unwrap(), 2);
}

#[test]
fn a_planted_file_takes_no_key() {
    let bench = Bench::with(0);
    fs::create_dir(bench.file("")).unwrap();
    let elsewhere = bench.directory.path().join("elsewhere");
    fs::write(&elsewhere, "").unwrap();
    std::os::unix::fs::symlink(&elsewhere, bench.file("audit.key.new")).unwrap();
    bench.audit.record("s", &ended(0), &[]).unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), b"");
    assert_eq!(bench.audit.verify().unwrap().records, 1);
}

#[test]
fn a_lock_that_another_process_holds_is_an_error_that_names_it() {
    let bench = Bench::with(1);
    let holder = fs::File::open(bench.file(store::LOCK)).unwrap();
    holder.lock().unwrap();
    match bench.audit.record("s", &ended(0), &[]) {
        Err(AuditError::Io { action: "lock", path, source }) => {
            assert_eq!((path, source.kind()), (bench.file(store::LOCK), io::ErrorKind::TimedOut));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_link_in_place_of_the_log_is_refused() {
    let bench = Bench::with(1);
    let elsewhere = bench.directory.path().join("elsewhere");
    fs::rename(bench.audit.path(), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, bench.audit.path()).unwrap();
    assert!(matches!(bench.audit.record("s", &ended(0), &[]), Err(AuditError::Io { .. })));
}
