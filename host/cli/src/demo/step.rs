//! The steps of the demo: the commands and their expected results.

/// A step of the demo.
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) calls: &'static [Call],
    pub(super) also: Also,
    /// The conclusion, shown if the results are as expected.
    pub(super) shows: &'static str,
}

/// A command and its expected result.
pub(super) struct Call {
    /// Everything after the program's name.
    pub(super) arguments: &'static [&'static str],
    pub(super) exit: i32,
    /// The texts that must be in the output, in this order.
    pub(super) says: &'static [&'static str],
}

/// A condition in addition to exit status and output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Also {
    Nothing,
    /// The output, a list of variables, contains no key of the account's users.
    NoUserKeys,
    /// The cloud received no request.
    NothingAsked,
}

const ALLOW: &str = "--allow";
const READ: &str = "s3:GetObject";
const RESOURCE: &str = "--resource";
const REPORTS: &str = "arn:aws:s3:::demo-reports/*";
const REPORT: &str = "2026/november.csv";

pub(super) const STEPS: [Step; 7] = [
    Step {
        title: "what is allowed works",
        calls: &[Call {
            arguments: &[
                "run",
                ALLOW,
                READ,
                RESOURCE,
                REPORTS,
                "--",
                "tryaudex",
                "demo",
                "client",
                "get",
                "demo-reports",
                REPORT,
            ],
            exit: 0,
            says: &["200 OK", "platform,397"],
        }],
        also: Also::Nothing,
        shows: "the command read the object with credentials of its own",
    },
    Step {
        title: "what was not asked for is denied, though the role may do it",
        calls: &[Call {
            arguments: &[
                "run",
                ALLOW,
                READ,
                RESOURCE,
                REPORTS,
                "--",
                "tryaudex",
                "demo",
                "client",
                "delete",
                "demo-reports",
                REPORT,
            ],
            exit: 1,
            says: &["403 AccessDenied", "s3:DeleteObject"],
        }],
        also: Also::Nothing,
        shows: "the cloud refused the delete, not this program",
    },
    Step {
        title: "another bucket is denied too",
        calls: &[Call {
            arguments: &[
                "run",
                ALLOW,
                READ,
                RESOURCE,
                REPORTS,
                "--",
                "tryaudex",
                "demo",
                "client",
                "get",
                "demo-secrets",
                "payroll.csv",
            ],
            exit: 1,
            says: &["403 AccessDenied", "demo-secrets/payroll.csv"],
        }],
        also: Also::Nothing,
        shows: "the credentials reach the resource they were made for",
    },
    Step {
        title: "your own keys stay with you",
        calls: &[Call {
            arguments: &["run", ALLOW, READ, "--", "env"],
            exit: 0,
            says: &["AWS_ACCESS_KEY_ID=ASIA"],
        }],
        also: Also::NoUserKeys,
        shows: "the command's environment has the session's keys, and yours nowhere",
    },
    Step {
        title: "and so do your profiles: `admin` in ~/.aws may do everything",
        calls: &[
            Call {
                arguments: &[
                    "demo",
                    "client",
                    "--profile",
                    "admin",
                    "get",
                    "demo-secrets",
                    "payroll.csv",
                ],
                exit: 0,
                says: &["200 OK"],
            },
            Call {
                arguments: &[
                    "run",
                    ALLOW,
                    READ,
                    "--",
                    "tryaudex",
                    "demo",
                    "client",
                    "--profile",
                    "admin",
                    "get",
                    "demo-secrets",
                    "payroll.csv",
                ],
                exit: 69,
                says: &["error: there are no credentials in the profile `admin`"],
            },
        ],
        also: Also::Nothing,
        shows: "without `tryaudex run` the profile works, under it there is none",
    },
    Step {
        title: "what the deny list names is never granted: `s3:Delete*` in deny-list.toml",
        calls: &[Call {
            arguments: &[
                "run",
                ALLOW,
                "s3:DeleteObject",
                "--",
                "tryaudex",
                "demo",
                "client",
                "delete",
                "demo-reports",
                REPORT,
            ],
            exit: 77,
            says: &["error:", "s3:DeleteObject"],
        }],
        also: Also::NothingAsked,
        shows: "denied before the cloud was asked for anything, and the command was not run",
    },
    Step {
        title: "access ends: a session of two seconds, one read now and one two seconds later",
        calls: &[Call {
            arguments: &[
                "run",
                ALLOW,
                READ,
                "--ttl",
                "2s",
                "--",
                "tryaudex",
                "demo",
                "client",
                "--again-after",
                "2s",
                "get",
                "demo-reports",
                "readme.txt",
            ],
            exit: 1,
            says: &["200 OK", "400 ExpiredToken"],
        }],
        also: Also::Nothing,
        shows: "the cloud no longer takes the credentials",
    },
];
