//! What a command line is about, by the names of the programs in it.

/// What a developer does with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Runs tests.
    Tests,
    /// Builds.
    Build,
    /// Has the code looked at.
    Lint,
    /// Commits.
    Commit,
    /// Pushes.
    Push,
}

/// A command that means something to the pet. Its words are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) kind: Kind,
}

/// Words that only say how the next command is run.
const BEFORE: [&str; 16] = [
    "sudo",
    "doas",
    "time",
    "env",
    "nice",
    "command",
    "exec",
    "builtin",
    "npx",
    "pnpx",
    "bunx",
    "uv",
    "poetry",
    "pipenv",
    "mise",
    "caffeinate",
];

/// Programs that are about one thing whatever they are told, or whose next word says it. Longer
/// entries before shorter ones.
const KNOWN: &[(&str, Kind)] = &[
    ("cargo test", Kind::Tests),
    ("cargo t", Kind::Tests),
    ("cargo nextest", Kind::Tests),
    ("cargo clippy", Kind::Lint),
    ("cargo deny", Kind::Lint),
    ("cargo build", Kind::Build),
    ("cargo b", Kind::Build),
    ("cargo check", Kind::Build),
    ("cargo c", Kind::Build),
    ("pytest", Kind::Tests),
    ("py.test", Kind::Tests),
    ("python -m pytest", Kind::Tests),
    ("python3 -m pytest", Kind::Tests),
    ("python -m unittest", Kind::Tests),
    ("python3 -m unittest", Kind::Tests),
    ("tox", Kind::Tests),
    ("nox", Kind::Tests),
    ("go test", Kind::Tests),
    ("go build", Kind::Build),
    ("go vet", Kind::Lint),
    ("golangci-lint", Kind::Lint),
    ("npm test", Kind::Tests),
    ("npm t", Kind::Tests),
    ("npm run test", Kind::Tests),
    ("npm run build", Kind::Build),
    ("npm run lint", Kind::Lint),
    ("yarn test", Kind::Tests),
    ("yarn build", Kind::Build),
    ("yarn lint", Kind::Lint),
    ("pnpm test", Kind::Tests),
    ("pnpm build", Kind::Build),
    ("pnpm lint", Kind::Lint),
    ("bun test", Kind::Tests),
    ("bun run build", Kind::Build),
    ("deno test", Kind::Tests),
    ("deno lint", Kind::Lint),
    ("jest", Kind::Tests),
    ("vitest", Kind::Tests),
    ("mocha", Kind::Tests),
    ("tsc", Kind::Build),
    ("eslint", Kind::Lint),
    ("biome", Kind::Lint),
    ("ruff", Kind::Lint),
    ("flake8", Kind::Lint),
    ("pylint", Kind::Lint),
    ("mypy", Kind::Lint),
    ("pyright", Kind::Lint),
    ("shellcheck", Kind::Lint),
    ("rubocop", Kind::Lint),
    ("pre-commit", Kind::Lint),
    ("make test", Kind::Tests),
    ("make check", Kind::Tests),
    ("make lint", Kind::Lint),
    ("make", Kind::Build),
    ("just test", Kind::Tests),
    ("just lint", Kind::Lint),
    ("just build", Kind::Build),
    ("ctest", Kind::Tests),
    ("meson test", Kind::Tests),
    ("meson compile", Kind::Build),
    ("cmake --build", Kind::Build),
    ("ninja test", Kind::Tests),
    ("ninja", Kind::Build),
    ("bazel test", Kind::Tests),
    ("bazel build", Kind::Build),
    ("mvn test", Kind::Tests),
    ("mvn", Kind::Build),
    ("gradle test", Kind::Tests),
    ("gradle", Kind::Build),
    ("gradlew test", Kind::Tests),
    ("gradlew", Kind::Build),
    ("dotnet test", Kind::Tests),
    ("dotnet build", Kind::Build),
    ("swift test", Kind::Tests),
    ("swift build", Kind::Build),
    ("zig build test", Kind::Tests),
    ("zig build", Kind::Build),
    ("mix test", Kind::Tests),
    ("rspec", Kind::Tests),
    ("phpunit", Kind::Tests),
    ("git commit", Kind::Commit),
    ("git push", Kind::Push),
];

impl Command {
    /// What a line is about: of several commands the last that means something, as its status is
    /// mostly the line's.
    pub(super) fn of(line: &str) -> Option<Self> {
        let commands = line.split(['|', '&', ';', '\n']);
        // What follows a pipe only shows.
        commands.rev().find_map(kind_of).map(|kind| Self { kind })
    }
}

fn kind_of(command: &str) -> Option<Kind> {
    let mut words = command.split_whitespace().peekable();
    while words.next_if(|word| is_before(word)).is_some() {
        // `uv run pytest`, `poetry run pytest`.
        let _ = words.next_if(|word| *word == "run" || *word == "exec");
    }
    let mut words = words.map(|word| word.trim_matches(['\'', '"']));
    // By its name alone, wherever it lies.
    let program = words.next()?.rsplit('/').next()?;
    let words: Vec<&str> = std::iter::once(program).chain(words).collect();
    KNOWN.iter().find(|(known, _)| begins_with(&words, known)).map(|(_, kind)| *kind)
}

/// Whether a word only says how the next command is run: `sudo`, or a variable's value.
fn is_before(word: &str) -> bool {
    let variable = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    variable || BEFORE.contains(&word)
}

/// Whether the first of `words` are `head`, toolchains (`+nightly`) left out.
fn begins_with(words: &[&str], head: &str) -> bool {
    let mut said = words.iter().filter(|word| !word.starts_with('+'));
    head.split(' ').all(|word| said.next() == Some(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_known_by_their_programs() {
        let cases = [
            ("cargo test", Some(Kind::Tests)),
            ("cargo +nightly test --lib", Some(Kind::Tests)),
            ("RUST_LOG=debug cargo t", Some(Kind::Tests)),
            ("sudo make", Some(Kind::Build)),
            ("make -j8 test", Some(Kind::Build)),
            ("make test", Some(Kind::Tests)),
            ("cd x && cargo build", Some(Kind::Build)),
            ("cargo build && cargo test", Some(Kind::Tests)),
            ("pytest -x | tee log", Some(Kind::Tests)),
            ("uv run pytest", Some(Kind::Tests)),
            ("./gradlew test", Some(Kind::Tests)),
            ("node_modules/.bin/eslint .", Some(Kind::Lint)),
            ("git push origin main", Some(Kind::Push)),
            ("echo cargo test", None),
            ("cargo", None),
            ("ls", None),
            ("", None),
            ("=x", None),
            ("sudo", None),
        ];
        for (line, kind) in cases {
            assert_eq!(Command::of(line).map(|command| command.kind), kind, "{line}");
        }
    }
}
