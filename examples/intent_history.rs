//! What a repository's last 50 commits seem to be: `cargo run --example intent_history -- [REPO]`
//!
//! Each commit's class beside what it called itself, and the share that agrees.

use buddy_render::intent::choose::{self, Options};
use buddy_render::intent::{features, history, judge, prior};
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let repo = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    let mut model = choose::open(&Options::default())?;
    let mut out = std::io::stdout().lock();
    let (mut told, mut right) = (0, 0);
    for commit in history::commits(&repo, 50)? {
        let features = features::of(&history::diff(&repo, &commit)?);
        let answer = model.run(&features.inputs)?;
        let verdict = judge(&features, &answer.distribution);
        let called = prior::class_of(commit.subject.as_str());
        if let (Some(class), Some(called)) = (verdict.class, called) {
            told += 1;
            right += u32::from(class == called);
        }
        let sha: String = commit.sha.as_str().chars().take(8).collect();
        let (name, sure) = (verdict.name(), verdict.confidence);
        let called = called.map_or("", |class| class.name());
        let subject = commit.subject.clamped(60);
        writeln!(out, "{sha} {name:<9}{sure:.2} {called:<9}{subject}")?;
    }
    writeln!(out, "{right} of {told} claims are what the commit calls itself")?;
    Ok(())
}
