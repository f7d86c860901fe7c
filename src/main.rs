//! The `buddy-render` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    buddy_render::cli::main()
}
