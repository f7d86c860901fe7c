//! Who reads our lines in a marked block: shells and tmux, and where their files are.

use super::block::{Block, Side};
use crate::cli::Failure;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// At the top a pet starts before all the rest, which only the shell beside it then does; at the end the
/// marks come after whoever else changes the prompt.
pub(super) const BASH: &[Block] = &[
    Block { name: "", side: Side::Top, text: include_str!("blocks/start.bash") },
    Block { name: "marks", side: Side::End, text: include_str!("blocks/marks.bash") },
];
/// The same in zsh.
pub(super) const ZSH: &[Block] = &[
    Block { name: "", side: Side::Top, text: include_str!("blocks/start.zsh") },
    Block { name: "marks", side: Side::End, text: include_str!("blocks/marks.zsh") },
];
/// fish reads a folder of files before its own, so that ours is one of those.
pub(super) const FISH: &[Block] =
    &[Block { name: "", side: Side::Top, text: include_str!("blocks/fish.fish") }];
/// What is said last holds.
pub(super) const TMUX: &[Block] =
    &[Block { name: "", side: Side::End, text: include_str!("blocks/tmux.conf") }];

/// Where bash's file is.
pub(super) fn bash_file() -> Result<PathBuf, Failure> {
    Ok(home()?.join(".bashrc"))
}

/// Where zsh's file is.
pub(super) fn zsh_file() -> Result<PathBuf, Failure> {
    Ok(set("ZDOTDIR").map_or_else(home, Ok)?.join(".zshrc"))
}

/// Where fish's file for us is.
pub(super) fn fish_file() -> Result<PathBuf, Failure> {
    Ok(config()?.join("fish/conf.d/buddy-render.fish"))
}

/// The first of tmux's files that is there, else the first.
pub(super) fn tmux_file() -> Result<PathBuf, Failure> {
    let usual = home()?.join(".tmux.conf");
    let other = config()?.join("tmux/tmux.conf");
    Ok(if !usual.exists() && other.exists() { other } else { usual })
}

fn config() -> Result<PathBuf, Failure> {
    set("XDG_CONFIG_HOME").map_or_else(|| Ok(home()?.join(".config")), Ok)
}

pub(super) fn home() -> Result<PathBuf, Failure> {
    std::env::home_dir().ok_or_else(|| Failure::cannot("there is no home folder"))
}

pub(super) fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Has the shell read a file without doing anything of it. Where there is no such shell, nobody reads
/// the file either.
pub(super) fn check(shell: &[&str], text: &[u8]) -> Result<(), String> {
    let Some((program, arguments)) = shell.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(Path::new("/")).env_remove("BASH_ENV").env_remove("ENV");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return Ok(()) };
    // One that has seen enough closes the pipe.
    let _ = child.stdin.take().map(|mut input| input.write_all(text));
    match child.wait() {
        Ok(status) if !status.success() => Err(format!("{program} cannot read it")),
        _ => Ok(()),
    }
}
