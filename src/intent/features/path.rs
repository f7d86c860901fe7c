//! What a file is, by its path alone.

/// The kinds of files, in the order of the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Source,
    Test,
    Docs,
    Config,
    Ci,
    Manifest,
    Lock,
    Generated,
    Example,
    Style,
    Asset,
    Changelog,
}

/// Their names among the inputs.
pub(super) const KINDS: [&str; 12] = [
    "src",
    "test",
    "docs",
    "config",
    "ci",
    "manifest",
    "lock",
    "generated",
    "example",
    "style",
    "asset",
    "changelog",
];

/// The names of the families of languages among the inputs.
pub(super) const LANGUAGES: [&str; 12] = [
    "rust", "js", "python", "go", "jvm", "c", "csharp", "script", "markup", "data", "css", "other",
];

/// A path in lower case, taken apart.
struct Parts<'a> {
    path: &'a str,
    name: &'a str,
    extension: &'a str,
}

impl Parts<'_> {
    /// Whether one of its folders has one of these names.
    fn within(&self, folders: &[&str]) -> bool {
        self.path.split('/').rev().skip(1).any(|folder| folders.contains(&folder))
    }

    fn named(&self, names: &[&str]) -> bool {
        names.contains(&self.name)
    }

    fn ends(&self, extensions: &[&str]) -> bool {
        extensions.contains(&self.extension)
    }

    fn begins(&self, starts: &[&str]) -> bool {
        starts.iter().any(|start| self.name.starts_with(start))
    }

    fn has(&self, pieces: &[&str]) -> bool {
        pieces.iter().any(|piece| self.name.contains(piece))
    }
}

/// Whether a path fits a kind.
type Rule = fn(&Parts<'_>) -> bool;

/// The kind of a file. The first that fits: a lock file in a folder of tests is a lock file.
pub(super) fn kind(path: &str) -> Kind {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or("");
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let parts = Parts { path: &path, name, extension };
    let rules: [(Kind, Rule); 11] = [
        (Kind::Lock, is_lock),
        (Kind::Changelog, is_changelog),
        (Kind::Generated, is_generated),
        (Kind::Ci, is_ci),
        (Kind::Test, is_test),
        (Kind::Example, |p| p.within(&["examples", "example", "samples", "demo", "demos"])),
        (Kind::Docs, is_docs),
        (Kind::Manifest, is_manifest),
        (Kind::Style, |p| p.ends(&["css", "scss", "less", "sass", "styl"])),
        (Kind::Asset, is_asset),
        (Kind::Config, is_config),
    ];
    rules.iter().find(|(_, fits)| fits(&parts)).map_or(Kind::Source, |(kind, _)| *kind)
}

fn is_lock(p: &Parts<'_>) -> bool {
    p.named(&[
        "package-lock.json",
        "pnpm-lock.yaml",
        "go.sum",
        "bun.lockb",
        "package.resolved",
        "lazy-lock.json",
    ]) || p.ends(&["lock", "lockfile"])
}

fn is_changelog(p: &Parts<'_>) -> bool {
    p.begins(&["changelog", "changes.", "releases", "release-notes"])
        || p.named(&["history.md"])
        || p.within(&[".changeset", "changelog", "changelogs"])
}

fn is_generated(p: &Parts<'_>) -> bool {
    let folders = [
        "__snapshots__",
        "snapshots",
        "vendor",
        "node_modules",
        "dist",
        "third_party",
        "generated",
    ];
    p.within(&folders)
        || p.ends(&["snap"])
        || p.has(&[".min.", ".pb.", "generated"])
        || p.name.ends_with(".g.dart")
}

fn is_ci(p: &Parts<'_>) -> bool {
    let folders =
        [".github/", ".circleci/", ".gitlab", ".buildkite", ".azure", ".kokoro", ".cirrus"];
    folders.iter().any(|folder| p.path.starts_with(folder))
        || p.named(&[
            ".travis.yml",
            "appveyor.yml",
            "jenkinsfile",
            "azure-pipelines.yml",
            ".gitlab-ci.yml",
            "renovate.json",
            "dependabot.yml",
            "codecov.yml",
            ".goreleaser.yml",
            ".goreleaser.yaml",
            "mergify.yml",
            ".mergify.yml",
            ".pre-commit-config.yaml",
        ])
}

fn is_test(p: &Parts<'_>) -> bool {
    let folders = [
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "testdata",
        "fixtures",
        "e2e",
        "testing",
        "playground",
    ];
    let endings = ["test.java", "tests.java", "test.kt", "tests.cs", "test.php"];
    p.within(&folders)
        || p.begins(&["test_"])
        || p.has(&[".test.", ".spec.", "_test.", "_spec."])
        || endings.iter().any(|ending| p.name.ends_with(ending))
        || p.named(&["conftest.py"])
}

fn is_docs(p: &Parts<'_>) -> bool {
    let written = ["md", "mdx", "rst", "adoc", "txt", "tex", "pod", "1", "po", "pot"];
    p.ends(&written) && !p.named(&["requirements.txt", "cmakelists.txt"])
        || p.within(&["docs", "doc", "documentation", "website"])
        || p.named(&["license", "readme", "authors", "codeowners"])
}

fn is_manifest(p: &Parts<'_>) -> bool {
    p.named(&[
        "cargo.toml",
        "package.json",
        "pyproject.toml",
        "setup.py",
        "setup.cfg",
        "requirements.txt",
        "go.mod",
        "go.work",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "settings.gradle",
        "gradle.properties",
        "makefile",
        "cmakelists.txt",
        "meson.build",
        "dockerfile",
        "build.rs",
        "composer.json",
        "pubspec.yaml",
        "gemfile",
        "build.zig",
        "default.nix",
        "flake.nix",
        "justfile",
        "taskfile.yml",
        "directory.packages.props",
        "package.swift",
        "lerna.json",
        "pnpm-workspace.yaml",
        "rust-toolchain.toml",
        "rust-toolchain",
        "libs.versions.toml",
    ]) || p.ends(&[
        "csproj", "sln", "gradle", "mk", "cmake", "nix", "bazel", "bzl", "props", "gemspec",
    ]) || p.has(&["vite.config", "rollup.config", "webpack.config"])
        || p.begins(&["tsconfig", "requirements"])
}

fn is_asset(p: &Parts<'_>) -> bool {
    p.ends(&[
        "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "mp4", "woff", "woff2", "ttf", "pdf",
        "tape", "wasm", "bin", "zip", "gz",
    ])
}

fn is_config(p: &Parts<'_>) -> bool {
    p.ends(&[
        "yml",
        "yaml",
        "toml",
        "json",
        "json5",
        "jsonc",
        "ini",
        "cfg",
        "conf",
        "env",
        "properties",
        "xml",
        "editorconfig",
    ]) || p.name.starts_with('.') && p.extension != "rs"
}

/// The family of a file's language, an index into [`LANGUAGES`].
pub(super) fn language(path: &str) -> usize {
    let name = path.rsplit('/').next().unwrap_or("");
    let extension =
        name.rsplit_once('.').map_or_else(String::new, |(_, end)| end.to_ascii_lowercase());
    match extension.as_str() {
        "rs" => 0,
        "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte" => 1,
        "py" | "pyi" | "ipynb" => 2,
        "go" => 3,
        "java" | "kt" | "kts" | "scala" | "groovy" => 4,
        "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" | "hh" | "m" | "mm" | "zig" => 5,
        "cs" | "fs" | "vb" => 6,
        "sh" | "bash" | "zsh" | "fish" | "ps1" | "bat" | "lua" | "rb" | "php" | "pl" | "vim"
        | "dart" | "swift" | "ex" | "exs" | "sql" | "nu" => 7,
        "md" | "mdx" | "rst" | "adoc" | "html" | "htm" | "txt" | "tmpl" | "hbs" => 8,
        "json" | "yaml" | "yml" | "toml" | "xml" | "ini" | "lock" | "csv" | "proto"
        | "properties" | "snap" | "golden" => 9,
        "css" | "scss" | "less" | "sass" => 10,
        _ => 11,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_decides() {
        for (path, expected) in [
            ("src/main.rs", Kind::Source),
            ("tests/Cargo.lock", Kind::Lock),
            ("CHANGELOG.md", Kind::Changelog),
            ("docs/CHANGELOG.md", Kind::Changelog),
            ("vendor/a.rs", Kind::Generated),
            (".github/workflows/ci.yml", Kind::Ci),
            ("src/a_test.go", Kind::Test),
            ("a/tests/x.rs", Kind::Test),
            ("tests", Kind::Source),
            ("examples/README.md", Kind::Example),
            ("docs/conf.py", Kind::Docs),
            ("requirements.txt", Kind::Manifest),
            ("a/Cargo.toml", Kind::Manifest),
            ("a.css", Kind::Style),
            ("logo.png", Kind::Asset),
            (".eslintrc", Kind::Config),
            ("", Kind::Source),
            ("//", Kind::Source),
        ] {
            assert_eq!(kind(path), expected, "{path}");
        }
    }

    #[test]
    fn languages_by_their_extension() {
        assert_eq!(LANGUAGES[language("a/B.RS")], "rust");
        assert_eq!(LANGUAGES[language("x.tsx")], "js");
        assert_eq!(LANGUAGES[language("a.lua/Makefile")], "other");
    }
}
