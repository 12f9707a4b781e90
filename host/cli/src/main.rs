//! `tryaudex`: arguments in, exit status out. Everything else is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: a stage of an isolated command needs one thread and no open file.
    audex_child::isolate::stage();
    audex::cli::main()
}
