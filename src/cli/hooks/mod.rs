//! `hooks`: has other programs tell a pet what they do, and undoes it.

mod block;
mod cargo;
mod script;
mod settings;
mod shell;

use super::Failure;
use block::Block;
use clap::{Args, Subcommand, ValueEnum};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The largest file that is changed, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct HooksArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Put them in, and show what changed
    Install(HostArgs),
    /// Take them out again: each file is what it was
    Remove(HostArgs),
    /// Say which are in
    Status,
}

#[derive(Debug, Args)]
struct HostArgs {
    /// Who is to tell the pet
    host: Host,
    /// Its settings, where they are not the usual ones; for git the folder of hooks
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Host {
    /// Claude Code, ~/.claude/settings.json
    Claude,
    /// Codex, ~/.codex/hooks.json
    Codex,
    /// Gemini CLI, ~/.gemini/settings.json
    Gemini,
    /// The hooks of the repository here: commit, checkout, push
    Git,
    /// cargo, $CARGO_HOME/config.toml: aliases bt, bc, bb for test, clippy, build
    Cargo,
    /// zsh, .zshrc: a pet beside each shell
    Zsh,
    /// bash, ~/.bashrc
    Bash,
    /// fish, conf.d/buddy-render.fish
    Fish,
    /// tmux, ~/.tmux.conf: pictures pass through
    Tmux,
}

/// What a host's file is, and how our lines get into it.
enum Form {
    /// JSON with hooks for these events.
    Settings(&'static [&'static str]),
    /// A folder of scripts.
    Scripts,
    /// TOML with aliases, and a script behind them.
    Aliases,
    /// Text with marked blocks, and what reads it to see whether it can.
    Blocks(&'static [Block], &'static [&'static str]),
}

impl Host {
    const ALL: [Self; 9] = [
        Self::Claude,
        Self::Codex,
        Self::Gemini,
        Self::Git,
        Self::Cargo,
        Self::Zsh,
        Self::Bash,
        Self::Fish,
        Self::Tmux,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Git => "git",
            Self::Cargo => "cargo",
            Self::Zsh => "zsh",
            Self::Bash => "bash",
            Self::Fish => "fish",
            Self::Tmux => "tmux",
        }
    }

    /// An agent's events are those that are enough: work, edits, questions, the end. No more, because
    /// each costs it a process.
    const fn form(self) -> Form {
        match self {
            Self::Claude => {
                Form::Settings(&["UserPromptSubmit", "PostToolUse", "Notification", "Stop"])
            }
            Self::Codex => {
                Form::Settings(&["UserPromptSubmit", "PostToolUse", "PermissionRequest", "Stop"])
            }
            Self::Gemini => {
                Form::Settings(&["BeforeAgent", "AfterTool", "Notification", "AfterAgent"])
            }
            Self::Git => Form::Scripts,
            Self::Cargo => Form::Aliases,
            Self::Zsh => Form::Blocks(shell::ZSH, &["zsh", "-fn"]),
            Self::Bash => Form::Blocks(shell::BASH, &["bash", "--norc", "-n"]),
            Self::Fish => Form::Blocks(shell::FISH, &["fish", "--no-execute"]),
            Self::Tmux => Form::Blocks(shell::TMUX, &[]),
        }
    }

    /// Where its settings usually are.
    fn usual(self) -> Result<PathBuf, Failure> {
        let (variable, folder, file) = match self {
            Self::Claude => ("CLAUDE_CONFIG_DIR", ".claude", "settings.json"),
            Self::Codex => ("CODEX_HOME", ".codex", "hooks.json"),
            Self::Gemini => ("", ".gemini", "settings.json"),
            Self::Git => return git_hooks(),
            Self::Cargo => return Ok(cargo_home()?.join("config.toml")),
            Self::Zsh => return shell::zsh_file(),
            Self::Bash => return shell::bash_file(),
            Self::Fish => return shell::fish_file(),
            Self::Tmux => return shell::tmux_file(),
        };
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(folder) = Some(variable).filter(|name| !name.is_empty()).and_then(set) {
            return Ok(PathBuf::from(folder).join(file));
        }
        Ok(shell::home()?.join(folder).join(file))
    }
}

fn cargo_home() -> Result<PathBuf, Failure> {
    shell::set("CARGO_HOME").map_or_else(|| Ok(shell::home()?.join(".cargo")), Ok)
}

/// The script behind cargo's aliases, where cargo looks for its commands.
fn cargo_script() -> Result<PathBuf, Failure> {
    Ok(cargo_home()?.join("bin/cargo-buddy"))
}

/// The folder of hooks that git uses here, wherever `core.hooksPath` says it is.
fn git_hooks() -> Result<PathBuf, Failure> {
    let told = std::process::Command::new("git")
        .args(["rev-parse", "--path-format=absolute", "--git-path", "hooks"])
        .output()
        .map_err(|error| Failure::because("git", &error))?;
    let path = String::from_utf8(told.stdout).unwrap_or_default();
    if !told.status.success() || path.trim().is_empty() {
        return Err(Failure::cannot("this folder is in no git repository"));
    }
    Ok(PathBuf::from(path.trim_end_matches('\n')))
}

/// One file, before and after; nothing where there is no such file.
struct Change {
    path: PathBuf,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
}

pub(super) fn run(args: &HooksArgs) -> Result<(), Failure> {
    let (host, install) = match &args.what {
        What::Install(host) => (host, true),
        What::Remove(host) => (host, false),
        What::Status => return status(),
    };
    let here =
        cfg!(unix) || matches!(host.host, Host::Claude | Host::Codex | Host::Gemini | Host::Git);
    if install && !here {
        return Err(Failure::cannot(format!("{} is for Linux and macOS", host.host.name())));
    }
    // All are computed before the first is written: what is refused changes nothing.
    let changes = changes(host, install)?;
    let mut out = io::stdout().lock();
    for change in &changes {
        if change.before == change.after {
            writeln!(out, "{}: nothing to change", change.path.display())?;
            continue;
        }
        write!(out, "{}", difference(change))?;
        if !host.dry_run {
            apply(change)?;
        }
    }
    if install && host.host == Host::Codex {
        super::say(format_args!(
            "Codex runs hooks where its config.toml has codex_hooks = true under [features]"
        ));
    }
    if install && matches!(host.host, Host::Zsh | Host::Bash | Host::Fish) {
        super::say(format_args!("the next {} has it", host.host.name()));
    }
    if install && !is_on_path() {
        super::say(format_args!("hooks run \"buddy-render\", which is not in your PATH yet"));
    }
    Ok(())
}

fn changes(args: &HostArgs, install: bool) -> Result<Vec<Change>, Failure> {
    let path = args.file.clone().map_or_else(|| args.host.usual(), Ok)?;
    match args.host.form() {
        Form::Scripts => {
            let one = |(name, told): &(&str, &str)| script_change(path.join(name), told, install);
            script::HOOKS.iter().map(one).collect()
        }
        Form::Aliases => {
            let before = read(&path)?;
            let after = match before.as_deref() {
                before if install => cargo::installed(before).map(Some),
                Some(before) => cargo::removed(before),
                None => Ok(None),
            };
            let after = after.map_err(|what| refused(&path, &what))?;
            let script = alias_script(install)?;
            Ok(vec![Change { path, before, after }, script])
        }
        form => {
            let before = read(&path)?;
            let after = changed(&form, before.as_deref(), install);
            let after = after.map_err(|what| refused(&path, &what))?;
            Ok(vec![Change { path, before, after }])
        }
    }
}

/// What becomes of a file; nothing where it goes.
fn changed(form: &Form, before: Option<&[u8]>, install: bool) -> Result<Option<Vec<u8>>, String> {
    match form {
        Form::Settings(events) => {
            let after = match before.map(text).transpose()? {
                before if install => settings::installed(before, events).map(Some)?,
                Some(before) => settings::removed(before, events)?,
                None => None,
            };
            Ok(after.map(String::into_bytes))
        }
        Form::Blocks(blocks, shell) if install => {
            let after = block::installed(before, blocks)?;
            shell::check(shell, &after)?;
            Ok(Some(after))
        }
        Form::Blocks(blocks, _) => match before {
            Some(before) => block::removed(before, blocks),
            None => Ok(None),
        },
        Form::Scripts | Form::Aliases => Ok(None),
    }
}

/// The script behind cargo's aliases; somebody else's of that name is not touched.
fn alias_script(install: bool) -> Result<Change, Failure> {
    let path = cargo_script()?;
    let before = read(&path)?;
    let after = match before.as_deref() {
        before if install => {
            cargo::script(before).map(Some).map_err(|what| refused(&path, &what))?
        }
        Some(before) if !cargo::is_ours(before) => Some(before.to_vec()),
        _ => None,
    };
    Ok(Change { path, before, after })
}

fn script_change(path: PathBuf, told: &str, install: bool) -> Result<Change, Failure> {
    let before = read(&path)?;
    if install && before.is_some() && !is_executable(&path) {
        return Err(refused(&path, "it is not executable, so git does not run it"));
    }
    let after = match before.as_deref().map(text).transpose() {
        Err(what) => Err(what),
        Ok(before) if install => script::installed(before, told).map(Some),
        Ok(Some(before)) => Ok(script::removed(before, told)),
        Ok(None) => Ok(None),
    };
    let after = after.map_err(|what| refused(&path, &what))?.map(String::into_bytes);
    Ok(Change { path, before, after })
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn refused(path: &Path, what: &str) -> Failure {
    Failure::cannot(format!("{} is left as it is: {what}", path.display()))
}

fn status() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for host in Host::ALL {
        let (name, said) = (host.name(), state(host));
        writeln!(out, "{name:8}{said}")?;
    }
    Ok(())
}

fn state(host: Host) -> String {
    match count(host) {
        Ok((0, _, path)) => format!("not installed ({})", path.display()),
        Ok((found, all, path)) if found == all => format!("installed ({})", path.display()),
        Ok((found, all, path)) => format!("{found} of {all} installed ({})", path.display()),
        Err(failure) => failure.to_string(),
    }
}

/// How many of ours are there, of how many, and where.
fn count(host: Host) -> Result<(usize, usize, PathBuf), Failure> {
    let path = host.usual()?;
    let wrong = |what: String| refused(&path, &what);
    let (found, all) = match host.form() {
        Form::Settings(events) => {
            let bytes = read(&path)?;
            let text = bytes.as_deref().map_or(Ok("{}"), text).map_err(wrong)?;
            (settings::present(text, events).map_err(wrong)?.len(), events.len())
        }
        Form::Blocks(blocks, _) => {
            let bytes = read(&path)?.unwrap_or_default();
            (block::present(&bytes, blocks).map_err(wrong)?, blocks.len())
        }
        Form::Aliases => {
            let aliases = cargo::present(&read(&path)?.unwrap_or_default()).map_err(wrong)?;
            let script = read(&cargo_script()?)?.is_some_and(|text| cargo::is_ours(&text));
            (aliases + usize::from(script), 2)
        }
        Form::Scripts => {
            let mut found = 0;
            for (name, _) in script::HOOKS {
                let bytes = read(&path.join(name))?.unwrap_or_default();
                found += usize::from(script::is_present(&String::from_utf8_lossy(&bytes)));
            }
            (found, script::HOOKS.len())
        }
    };
    Ok((found, all, path))
}

/// A file's bytes; nothing where there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let failed = |error: &io::Error| Failure::because(path.display(), error);
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            return Err(refused(path, "it is a link to nothing"));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
        Ok(about) if about.len() > MAX_FILE_BYTES => {
            return Err(refused(path, "it is larger than 1 MiB"));
        }
        Ok(about) if !about.is_file() => return Err(refused(path, "it is no file")),
        Ok(_) => {}
    }
    fs::read(path).map(Some).map_err(|error| failed(&error))
}

/// Writes the file as a whole, through a link where it is one, and keeps its mode.
fn apply(change: &Change) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::because(change.path.display(), &error);
    let Some(text) = &change.after else {
        return fs::remove_file(&change.path).map_err(failed);
    };
    let path = change.path.canonicalize().unwrap_or_else(|_| change.path.clone());
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let write = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text)?;
        match fs::metadata(&path) {
            Ok(about) => {
                keep_owner(file.as_file(), &about);
                file.as_file().set_permissions(about.permissions())?;
            }
            Err(_) => set_fresh_mode(file.as_file(), text.starts_with(b"#!"))?,
        }
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(failed)
}

/// Whoever changes another's file leaves it theirs, where they may.
#[cfg(unix)]
fn keep_owner(file: &fs::File, about: &fs::Metadata) {
    use std::os::unix::fs::MetadataExt as _;
    let _ = std::os::unix::fs::fchown(file, Some(about.uid()), Some(about.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &fs::File, _: &fs::Metadata) {}

/// A new script is to be run, new settings to be read.
#[cfg(unix)]
fn set_fresh_mode(file: &fs::File, is_script: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(if is_script { 0o755 } else { 0o600 }))
}

#[cfg(not(unix))]
fn set_fresh_mode(_: &fs::File, _: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

fn is_on_path() -> bool {
    let name = format!("buddy-render{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(&name).is_file())
}

/// The lines that go and come, each with its sign.
fn difference(change: &Change) -> String {
    let path = change.path.display();
    let text = |bytes: &Option<Vec<u8>>| {
        String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
    };
    let (before, after) = (text(&change.before), text(&change.after));
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let mut text = format!("--- {path}\n+++ {path}\n");
    let (mut at, mut to) = (0, 0);
    while at < old.len() || to < new.len() {
        if old.get(at) == new.get(to) {
            (at, to) = (at + 1, to + 1);
            continue;
        }
        // All that differs is ours, so that the next old line that is kept is found at once.
        let (next_old, next_new) = next_common(old.get(at..), new.get(to..));
        for line in old.iter().skip(at).take(next_old) {
            text.push_str(&format!("-{}\n", super::failure::printable(line)));
        }
        for line in new.iter().skip(to).take(next_new) {
            text.push_str(&format!("+{}\n", super::failure::printable(line)));
        }
        (at, to) = (at + next_old, to + next_new);
    }
    text
}

/// How many lines until both texts go on alike, the fewest in all.
fn next_common(old: Option<&[&str]>, new: Option<&[&str]>) -> (usize, usize) {
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    for sum in 1..old.len() + new.len() {
        for from_old in sum.saturating_sub(new.len())..=sum.min(old.len()) {
            let from_new = sum - from_old;
            if let (Some(a), Some(b)) = (old.get(from_old), new.get(from_new))
                && a == b
            {
                return (from_old, from_new);
            }
        }
    }
    (old.len(), new.len())
}
