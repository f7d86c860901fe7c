//! A repository's commits: what they called themselves, read from its objects, and what they changed,
//! by git itself.
//!
//! Only whoever asks what one commit changed has git run. It is told to run nothing that the
//! repository's configuration names (external diffs, text converters, signature checkers, file
//! monitors), to lock nothing and to fetch nothing.

use super::features::MAX_DIFF_BYTES;
use crate::text::SafeText;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub sha: SafeText,
    /// Its first line.
    pub subject: SafeText,
}

/// The last commits of a repository, merges left out, newest first. No program is run for them.
///
/// # Errors
/// When there is no such repository, or it cannot be read.
pub fn commits(repo: &Path, most: usize) -> io::Result<Vec<Commit>> {
    let commits = crate::event::source::git::commits(repo, most)?;
    let commit = |(sha, subject): (String, SafeText)| Commit { sha: SafeText::new(&sha), subject };
    Ok(commits.into_iter().map(commit).collect())
}

/// What a commit changed, as a unified diff, at most [`MAX_DIFF_BYTES`] and one of it.
///
/// # Errors
/// When git cannot be run, or does not know the commit.
pub fn diff(repo: &Path, commit: &Commit) -> io::Result<Vec<u8>> {
    let sha = commit.sha.as_str();
    if sha.is_empty() || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let plain = [
        "diff-tree",
        "--root",
        "--no-commit-id",
        "-r",
        "-p",
        "-M",
        "-l400",
        "-U3",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--no-relative",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "--submodule=short",
    ];
    output(git(repo).args(plain).arg(sha).arg("--"), MAX_DIFF_BYTES as u64 + 1)
}

fn git(repo: &Path) -> Command {
    let mut git = Command::new("git");
    git.args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false"]);
    git.arg("-C").arg(repo);
    git.env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0");
    git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    git
}

/// What a command writes, up to `most` bytes.
fn output(command: &mut Command, most: u64) -> io::Result<Vec<u8>> {
    let mut child = command.spawn()?;
    let mut bytes = Vec::new();
    let read = child.stdout.take().map(|out| out.take(most).read_to_end(&mut bytes));
    // Its pipe is closed now: where there was more, it ends of that.
    let status = child.wait()?;
    read.transpose()?;
    if status.success() || bytes.len() as u64 == most {
        return Ok(bytes);
    }
    Err(io::Error::other("git knows no such repository or commit"))
}
