//! The attacks and their required results. They are tables, so that the documentation can list them.

mod export;
mod http;
mod wasi;

pub(super) use self::export::{DRIFT, EXPORTS, Export};
pub(super) use self::http::{HTTP, REPLIES};
pub(super) use self::wasi::{WASI_FILTER, WASI_PROVIDER};

/// What one case does, by name, and how it must end.
pub(super) struct Case {
    /// As `tests/guests` knows it.
    pub name: &'static str,
    /// The exit status of the program.
    pub code: i32,
    /// Words of its error or notice.
    pub says: &'static [&'static str],
    /// What STS was asked, in order, without repetition.
    pub asked: &'static [&'static str],
}

const fn case(name: &'static str, code: i32, says: &'static [&'static str]) -> Case {
    Case { name, code, says, asked: &[] }
}

const fn asking(
    name: &'static str,
    code: i32,
    says: &'static [&'static str],
    asked: &'static [&'static str],
) -> Case {
    Case { name, code, says, asked }
}

/// A filter that fails denies.
pub(super) const FILTER: &[Case] = &[
    case(
        "loop",
        77,
        &[
            "a filter failed, so nothing is granted",
            "plugin `hostile-filter` (sha256:",
            "failed in phase limit: it computed for more than 2 s",
        ],
    ),
    case("memory", 77, &["failed in phase limit: it asked for more than 64 MiB of memory"]),
    case("stack", 77, &["failed in phase limit", "stack"]),
    case("trap", 77, &["failed in phase call", "unreachable"]),
    case(
        "drop-missing",
        77,
        &["failed in phase answer: it dropped a permission that is not there"],
    ),
    case(
        "drop-all",
        77,
        &["every requested permission is denied: `s3:GetObject` by `hostile-filter` (a reason)"],
    ),
    case(
        "isolated",
        77,
        &[
            "filter `hostile-filter` requires the isolation `strict`, which this session does not have: a reason",
        ],
    ),
    case(
        "by-gateway",
        77,
        &[
            "filter `hostile-filter` requires the delivery `gateway`, which this session does not have: a reason",
        ],
    ),
    asking("not-isolated", 0, &[], &["sts:AssumeRole"]),
    case("many", 77, &["failed in phase answer: its verdict has more than 10000 entries"]),
    case("drop-often", 77, &["failed in phase answer: its verdict has more than 10000 entries"]),
    case("deny-hidden", 77, &["its deny entry is not a pattern on one line: `s3:Get Object`"]),
    case(
        "deny-long",
        77,
        &["a filter failed, so nothing is granted", "its deny entry is not a pattern on one line"],
    ),
    case("refuse", 77, &["filter `hostile-filter` refused: closed today"]),
    case("control", 77, &["refused: a [2Jb notice: forged  c"]),
    case("long-answer", 77, &["failed in phase limit: it handed over more than 16 MiB at once"]),
    case("approve-loop", 77, &["failed in phase limit: it computed for more than 2 s"]),
    case("approve-memory", 77, &["failed in phase limit: it asked for more than 64 MiB of memory"]),
    case("approve-trap", 77, &["a filter failed, so nothing is granted", "failed in phase call"]),
    case("approve-refuse", 77, &["filter `hostile-filter` refused: no assume-role today"]),
    case("approve-control", 77, &["refused: a [2Jb notice: forged  c"]),
    case(
        "approve-long-answer",
        77,
        &["failed in phase limit: it handed over more than 16 MiB at once"],
    ),
];

pub(super) const MAPPING: &[Case] = &[
    case(
        "loop",
        70,
        &[
            "plugin `hostile-mapping` (sha256:",
            "failed in phase limit: it computed for more than 2 s",
        ],
    ),
    case("memory", 70, &["failed in phase limit: it asked for more than 64 MiB of memory"]),
    case("trap", 70, &["failed in phase call"]),
    case(
        "more",
        70,
        &["failed in phase answer: it expanded another number of permissions than it was given"],
    ),
    case("many", 70, &["failed in phase answer: it expanded to more than 10000 actions"]),
    case("foreign", 2, &["`storage.objects.get` is not a permission of provider `aws`"]),
    case("control", 2, &["is not a permission of provider `aws`"]),
];

/// Refused when it is installed.
pub(super) const DESCRIBE: &[Case] = &[
    case(
        "describe-loop",
        70,
        &[
            "plugin `hostile-provider` (sha256:",
            "failed in phase limit: it computed for more than 2 s",
        ],
    ),
    case(
        "describe-memory",
        70,
        &["failed in phase limit: it asked for more than 64 MiB of memory"],
    ),
    case("describe-stack", 70, &["failed in phase limit", "stack"]),
    case("describe-trap", 70, &["failed in phase call"]),
    case("describe-id", 70, &["failed in phase answer: its id is not of `[a-z][a-z0-9-]*`"]),
    case("describe-clash", 2, &["`aws` is taken by another component"]),
    case(
        "describe-many",
        70,
        &["failed in phase answer: a list of its answer has more than 100 entries"],
    ),
    case("describe-path", 70, &["failed in phase answer: it wants to set `PATH`"]),
    case("describe-preload", 70, &["it wants to set `LD_PRELOAD`"]),
    case("describe-process", 70, &["it wants to set `AWS_CONFIG_FILE`"]),
    case("describe-endpoint", 70, &["it wants to set `AWS_ENDPOINT_URL_S3`"]),
    case(
        "describe-environment",
        70,
        &["a setting names an environment variable that does not begin with AUDEX_HOSTILE_"],
    ),
    case(
        "describe-neighbour",
        70,
        &["a setting names an environment variable that does not begin with AUDEX_HOSTILE_"],
    ),
    case(
        "describe-editor",
        70,
        &["it wants to set `GIT_SSH_COMMAND`: its name is not that of a credential"],
    ),
    case(
        "describe-cluster",
        70,
        &["it wants to set `KUBECONFIG`: its name is not that of a credential"],
    ),
    case(
        "describe-nowhere",
        70,
        &["a profile of its answer is limited to resources, and names none"],
    ),
    case("describe-git-host", 70, &["it names the invalid git host `*.example`"]),
    case("describe-hides", 70, &["it wants to hide `HTTPS_PROXY`"]),
    case("describe-empties", 70, &["it wants an empty directory in `AZURE_CONFIG_DIR`"]),
    case(
        "describe-leads",
        70,
        &[
            "it wants to set `GOOGLE_APPLICATION_CREDENTIALS`: of a cloud's variables an added provider may set only some",
        ],
    ),
    case(
        "describe-borrows",
        70,
        &["a setting names `AUDEX_EXTERNAL_ID`, which is this program's own"],
    ),
    case(
        "describe-reads",
        70,
        &[
            "a setting names `AUDEX_HOSTILE_TOKEN`, which reads like a secret: ask for the capability `secret:NAME`",
        ],
    ),
    case(
        "describe-looks",
        70,
        &["`configured-by` names the variable `HOME`, which is not one of the provider's own"],
    ),
    case(
        "describe-asks",
        70,
        &[
            "`configured-by` names the login `secret:OTHER_KEY`, but the manifest does not request that capability",
        ],
    ),
    case("describe-alike", 2, &["the provider ids `azure-client` and `azure` begin alike"]),
    case("describe-keeps", 70, &["it reached out in a call that must answer from what it knows"]),
    case(
        "describe-reach",
        70,
        &["failed in phase call: it reached out in a call that must answer from what it knows"],
    ),
];

/// Ends before anything is minted.
pub(super) const PLAN: &[Case] = &[
    case("check-trap", 70, &["failed in phase call"]),
    case("check-loop", 70, &["failed in phase limit"]),
    case(
        "check-more",
        70,
        &["failed in phase answer: it checked another number of actions than it was given"],
    ),
    case("check-empty", 70, &["failed in phase answer: it accepted an action and named none"]),
    case(
        "check-many",
        70,
        &["failed in phase answer: a list of its answer has more than 10000 entries"],
    ),
    case("plan-loop", 70, &["failed in phase limit: it computed for more than 2 s"]),
    case("plan-trap", 70, &["failed in phase call"]),
    case(
        "plan-other",
        70,
        &["failed in phase answer: it planned a permission that was not granted"],
    ),
    case(
        "plan-origin",
        70,
        &["failed in phase answer: it planned a permission that was not granted"],
    ),
    case(
        "plan-drop",
        70,
        &["failed in phase answer: it left a granted permission out of its plan"],
    ),
    case(
        "plan-twice",
        70,
        &["failed in phase answer: it left a granted permission out of its plan"],
    ),
    case(
        "plan-gateway",
        70,
        &["failed in phase answer: it leaves a permission to a gateway, and this session has none"],
    ),
    case("plan-policy", 70, &["failed in phase answer: its policy has control characters"]),
    case(
        "plan-mints",
        70,
        &["failed in phase call: it asked for credentials in a call that mints nothing"],
    ),
    case("plan-error", 69, &["provider `hostile-provider`: m [2Jm [2J"]),
];

/// Nothing reaches the command.
pub(super) const MINT: &[Case] = &[
    case("mint-loop", 70, &["failed in phase limit: it computed for more than 2 s"]),
    case("mint-memory", 70, &["failed in phase limit: it asked for more than 64 MiB of memory"]),
    case("mint-stack", 70, &["failed in phase limit", "stack"]),
    case("mint-trap", 70, &["failed in phase call"]),
    case("mint-handles", 70, &["failed in phase limit: it held more than 1000 handles"]),
    case("mint-large-secret", 70, &["failed in phase call: it made a secret of more than 64 KiB"]),
    case("mint-large-policy", 70, &["failed in phase"]),
    case(
        "mint-wider",
        70,
        &["failed in phase call: a policy outside the grant was asked of STS: `s3:*`"],
    ),
    case(
        "mint-two-actions",
        70,
        &[
            "a policy outside the grant was asked of STS: it is not one JSON object with each key once",
        ],
    ),
    case("mint-long", 70, &["it asked for credentials of 3600 s where 900 s are granted"]),
    case(
        "mint-role",
        70,
        &[
            "it tried to assume the role `arn:aws:iam::123456789012:role/Other`, which none of its settings names",
        ],
    ),
    asking(
        "mint-other-policy",
        70,
        &["it handed out credentials without the planned policy"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-unscoped",
        70,
        &["failed in phase answer: it handed out credentials without the planned policy"],
        &["sts:GetSessionToken"],
    ),
    asking(
        "mint-fork",
        70,
        &["failed in phase answer: it handed out credentials without the planned policy"],
        &["sts:GetSessionToken", "sts:AssumeRole"],
    ),
    asking(
        "mint-first-session",
        70,
        &["it handed out credentials without the planned policy"],
        &["sts:AssumeRole"],
    ),
    asking("mint-expiry", 70, &["it misstated when its credentials expire"], &["sts:AssumeRole"]),
    asking("mint-later", 70, &["its credentials live longer than planned"], &["sts:AssumeRole"]),
    asking(
        "mint-undeclared",
        70,
        &["it set `AWS_PROFILE`, which it did not declare"],
        &["sts:AssumeRole"],
    ),
    case("mint-keep-many", 70, &["failed in phase call: it kept more than 100 secrets"]),
    case(
        "mint-sign-joined",
        70,
        &["it tried to sign with a secret that it put together, or that is not a key"],
    ),
    case("mint-sign", 78, &["it is not a private key in PEM for this algorithm"]),
    asking("mint-slot", 70, &["it handed out a source credential"], &["sts:AssumeRole"]),
    asking("mint-kept-slot", 70, &["it handed out a source credential"], &["sts:AssumeRole"]),
    asking(
        "mint-git-elsewhere",
        70,
        &["it set a git credential for `evil.example`, which it did not declare"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-git-ungranted",
        70,
        &[
            "it set a git credential for `git.hostile.example`, and was not granted `http:git.hostile.example`",
        ],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-git-name",
        70,
        &["the user name of its git credential has other characters"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-git-lines",
        70,
        &["the secret of its git credential has other characters"],
        &["sts:AssumeRole"],
    ),
    asking("mint-git-slot", 70, &["it handed out a source credential"], &["sts:AssumeRole"]),
    asking(
        "mint-long-answer",
        70,
        &["failed in phase limit: it handed over more than 16 MiB at once"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-escape",
        70,
        &["file `../../escaped` may not be written by a provider"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-leads",
        70,
        &["variable `AWS_SESSION_TOKEN` may not be set by a provider: of a cloud's variables"],
        &["sts:AssumeRole"],
    ),
];

/// The command runs; what the component said about it is harmless.
pub(super) const WORDS: &[Case] = &[
    asking("none", 0, &[], &["sts:AssumeRole"]),
    // The file lies where the AWS CLI does not look.
    asking("mint-isolation", 0, &[], &["sts:AssumeRole"]),
    asking("check-control", 0, &["notice:  [1Aerased  error: forged"], &["sts:AssumeRole"]),
    asking("plan-control", 0, &["notice:  [2Jcleared error: forged"], &["sts:AssumeRole"]),
    asking("plan-notices", 0, &["notice: many"], &["sts:AssumeRole"]),
    asking("mint-control", 0, &["notice:  [2J error: forged"], &["sts:AssumeRole"]),
    asking("mint-log", 0, &["hostile-provider: warn:  [2J forged"], &["sts:AssumeRole"]),
];
