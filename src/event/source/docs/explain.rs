//! Asks the user's own compiler to explain one of its errors.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The longest that it may take: rustup may have to think first.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest explanation, in bytes.
const MAX_TEXT: u64 = 64 << 10;

/// What `rustc --explain CODE` says. No shell, nothing of the environment but what is given, and
/// from the root folder: a repository's `rust-toolchain.toml` could name any toolchain.
pub(super) fn ask(
    rustc: &Path,
    environment: &[(OsString, OsString)],
    code: &str,
) -> Option<String> {
    let mut child = Command::new(rustc)
        .args(["--explain", code])
        .env_clear()
        .envs(environment.iter().cloned())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let output = child.stdout.take()?;
    let (send, said) = mpsc::channel();
    let read = std::thread::Builder::new().name("explain".to_owned()).spawn(move || {
        let mut text = String::new();
        let read = output.take(MAX_TEXT).read_to_string(&mut text);
        // Nobody waits any more where it took too long.
        let _ = send.send(read.is_ok().then_some(text));
    });
    let text = read.ok().and_then(|_| said.recv_timeout(LONGEST).ok().flatten());
    if text.is_none() {
        let _ = child.kill();
    }
    let ended = child.wait().is_ok_and(|status| status.success());
    text.filter(|text| ended && !text.trim().is_empty())
}

/// Keeps an explanation where the user can open it. It appears whole or not at all.
pub(super) fn keep(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::super::question::{Language, Question};
    use super::super::shelves::Shelves;
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn program(folder: &Path, text: &str) -> std::path::PathBuf {
        let path = folder.join("rustc");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[test]
    fn an_explanation_is_asked_for_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let say = format!(
            "echo \"$@ $PWD $SECRET\" >> {}\necho; echo '#### Note'; echo 'Types do not match.'",
            log.display()
        );
        let rustc = program(folder.path(), &say);
        let kept = folder.path().join("kept");
        let shelves = Shelves {
            rustc: Some((rustc, vec![("PATH".into(), "/usr/bin:/bin".into())])),
            kept: Some(kept.clone()),
            ..Shelves::default()
        };
        let code = Some("E0308".to_owned());
        let question = Question { language: Language::Rust, code, names: Vec::new() };
        for _ in 0..2 {
            let page = shelves.find(&question).unwrap();
            assert_eq!(page.title, "E0308: Types do not match.");
            assert_eq!(page.path, kept.join("E0308.md").display().to_string());
            assert!(std::fs::read_to_string(&page.path).unwrap().contains("Types do not match."));
        }
        assert_eq!(std::fs::read_to_string(log).unwrap(), "--explain E0308 / \n");
    }

    #[test]
    fn a_compiler_that_fails_or_floods_explains_nothing_much() {
        let folder = tempfile::tempdir().unwrap();
        let path = [("PATH".into(), "/usr/bin:/bin".into())];
        assert_eq!(ask(&program(folder.path(), "echo no; exit 1"), &path, "E0308"), None);
        let flood = program(folder.path(), "while :; do echo 'x x x x x x x x x x x'; done");
        // It is stopped by a pipe that nobody reads.
        assert_eq!(ask(&flood, &path, "E0308"), None);
        assert_eq!(ask(&folder.path().join("none"), &path, "E0308"), None);
    }
}
