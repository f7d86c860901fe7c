//! The numbers that the intent model takes of diffs: `cargo run --example intent_features -- FILE…`
//!
//! One JSON array a file; `--names` names the dense ones.

use buddy_render::intent::features;
use std::error::Error;
use std::io::Write as _;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for file in std::env::args().skip(1) {
        if file == "--names" {
            writeln!(out, "{}", features::dense_names().join("\n"))?;
            continue;
        }
        writeln!(out, "{:?}", features::of(&std::fs::read(file)?).inputs)?;
    }
    Ok(())
}
