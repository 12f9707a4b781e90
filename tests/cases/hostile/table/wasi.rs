//! Uses of WASI by components that were built for it.

use super::{Case, asking, case};

/// A filter reaches nothing, and finds the same each time.
pub(in crate::cases) const WASI_FILTER: &[Case] = &[
    case(
        "wasi-honest",
        77,
        &[
            "hostile-filter: stdout: out of a guest",
            "hostile-filter: stderr: an error of a guest",
            "refused: time ",
            ", passed false, numbers ",
        ],
    ),
    case(
        "wasi-file",
        77,
        &["refused: read Err(NotFound), list Err(NotFound), write Err(NotFound), preopened 0"],
    ),
    case(
        "wasi-socket",
        77,
        &[
            "refused: connect Err(PermissionDenied), listen Err(PermissionDenied), send Err(PermissionDenied), look up Err(",
        ],
    ),
    case(
        "wasi-environment",
        77,
        &["refused: variables 0, secret None, arguments 0, directory None"],
    ),
    case("wasi-stdin", 77, &["refused: read Ok(0), terminal false"]),
    case("wasi-sleep", 77, &["refused: slept"]),
    case("wasi-poll", 77, &["failed in phase limit: it computed for more than 2 s"]),
    case("wasi-print", 77, &["hostile-filter: stdout: xxx", "refused: printed"]),
    case(
        "wasi-print-on",
        77,
        &[
            "hostile-filter: stdout: on and on",
            "failed in phase limit: it computed for more than 2 s",
        ],
    ),
    case("wasi-zeroes", 77, &["failed in phase call: cannot write more zeroes"]),
    case("wasi-random", 77, &["failed in phase call: requested len 1099511627776 exceeds limit"]),
    case("wasi-handles", 77, &["failed in phase limit: it held more than 1000 handles"]),
    case(
        "wasi-exit",
        77,
        &[
            "a filter failed, so nothing is granted",
            "failed in phase call: it exited with status 0",
        ],
    ),
    case(
        "wasi-panic",
        77,
        &["hostile-filter: stderr: a guest's own words", "failed in phase call"],
    ),
];

/// A provider reaches nothing either, although it has a clock and random numbers.
pub(in crate::cases) const WASI_PROVIDER: &[Case] = &[
    asking(
        "plan-wasi-honest",
        0,
        &["hostile-provider: stdout: time ", ", passed true, numbers "],
        &["sts:AssumeRole"],
    ),
    asking(
        "plan-wasi-file",
        0,
        &["stdout: read Err(NotFound), list Err(NotFound), write Err(NotFound), preopened 0"],
        &["sts:AssumeRole"],
    ),
    asking(
        "plan-wasi-socket",
        0,
        &[
            "stdout: connect Err(PermissionDenied), listen Err(PermissionDenied), send Err(PermissionDenied), look up Err(",
        ],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-wasi-environment",
        0,
        &["stdout: variables 0, secret None, arguments 0, directory None"],
        &["sts:AssumeRole"],
    ),
    asking("plan-wasi-stdin", 0, &["stdout: read Ok(0), terminal false"], &["sts:AssumeRole"]),
    case("plan-wasi-sleep", 70, &["failed in phase limit: it computed for more than 2 s"]),
    case("mint-wasi-poll", 70, &["failed in phase limit: it computed for more than 2 s"]),
    case("mint-wasi-print-on", 70, &["failed in phase limit: it computed for more than 2 s"]),
    case("check-wasi-handles", 70, &["failed in phase limit: it held more than 1000 handles"]),
];
