//! The formats that are read, for people: `protocols/events.md` is written from this.

/// One format.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// By what a line or document is known.
    pub known_by: &'static str,
    /// What to type.
    pub example: &'static str,
    /// The events that it becomes; none where that is any.
    pub tells: &'static [&'static str],
    /// Samples in `fixtures/events`, which together become all of these events.
    pub samples: &'static [&'static str],
}

const TESTS: &[&str] = &["tests.started", "tests.passed", "tests.failed"];
const AGENT: &[&str] = &["agent.working", "agent.blocked", "agent.done", "agent.error", "edit"];

/// All formats beside the native one.
pub const FORMATS: &[Format] = &[
    Format {
        name: "CloudEvents 1.0",
        known_by: "`specversion`, `type`",
        example: "an event's name after `dev.buddy.` as `type`, its fields in `data`",
        tells: &[],
        samples: &["spec/cloudevents.jsonl"],
    },
    Format {
        name: "Claude Code's hooks",
        known_by: "`hook_event_name`",
        example: "`buddy-render emit --hook`",
        tells: AGENT,
        samples: &["spec/claude.jsonl"],
    },
    Format {
        name: "Codex's hooks and `notify`",
        known_by: "`hook_event_name`, `turn_id`; `type`, `turn-id`",
        example: "`buddy-render emit --hook`",
        tells: AGENT,
        samples: &["spec/codex.jsonl"],
    },
    Format {
        name: "Gemini CLI's hooks",
        known_by: "`hook_event_name`, `timestamp`",
        example: "`buddy-render emit --hook`",
        tells: &["agent.working", "agent.blocked", "agent.done", "edit"],
        samples: &["spec/gemini.jsonl"],
    },
    Format {
        name: "cargo, in words",
        known_by: "its lines",
        example: "`cargo test 2>&1`",
        tells: &[
            "build.started",
            "build.passed",
            "build.failed",
            "tests.started",
            "tests.passed",
            "tests.failed",
            "lint.error",
            "lint.warning",
            "lint.clean",
        ],
        samples: &[
            "raw/test-red.txt",
            "raw/test-green.txt",
            "raw/clippy-error.txt",
            "raw/clippy-clean.txt",
            "tools/cargo-words.txt",
            "tools/cargo-words-warning.txt",
        ],
    },
    Format {
        name: "cargo, as JSON",
        known_by: "`reason`",
        example: "`cargo clippy --message-format=json`",
        tells: &[
            "build.passed",
            "build.failed",
            "lint.error",
            "lint.warning",
            "lint.clean",
            "condense.hint",
        ],
        samples: &[
            "tools/clippy.jsonl",
            "tools/clippy-shorter.jsonl",
            "tools/cargo-build.jsonl",
            "raw/clippy-json.txt",
        ],
    },
    Format {
        name: "libtest and nextest, as JSON",
        known_by: "`type`, `event`",
        example: "`NEXTEST_EXPERIMENTAL_LIBTEST_JSON=1 cargo nextest run --message-format libtest-json`",
        tells: TESTS,
        samples: &["tools/libtest.jsonl", "tools/libtest-green.jsonl", "tools/nextest.jsonl"],
    },
    Format {
        name: "nextest, pytest, Vitest and Jest, in words",
        known_by: "the lines that begin a run and sum it up",
        example: "`cargo nextest run 2>&1`, `pytest`, `vitest run`, `jest 2>&1`",
        tells: &["build.passed", "tests.started", "tests.passed", "tests.failed"],
        samples: &[
            "tools/nextest-words.txt",
            "tools/nextest-words-green.txt",
            "tools/pytest-words.txt",
            "tools/pytest-words-green.txt",
            "tools/pytest-words-quiet.txt",
            "tools/vitest-words.txt",
            "tools/vitest-words-green.txt",
            "tools/jest-words.txt",
        ],
    },
    Format {
        name: "Go's tests",
        known_by: "`Action`, `Package` or `ImportPath`",
        example: "`go test -json ./...`",
        tells: &["tests.started", "tests.passed", "tests.failed", "build.failed"],
        samples: &[
            "tools/go-test.jsonl",
            "tools/go-test-green.jsonl",
            "tools/go-test-broken.jsonl",
            "spec/go-build-fail.jsonl",
        ],
    },
    Format {
        name: "pytest-reportlog",
        known_by: "`$report_type`",
        example: "`pytest --report-log=/dev/stdout`",
        tells: TESTS,
        samples: &["tools/pytest-reportlog.jsonl", "tools/pytest-reportlog-green.jsonl"],
    },
    Format {
        name: "Jest and Vitest, as JSON",
        known_by: "`numTotalTests`, `testResults`",
        example: "`vitest run --reporter=json`, `jest --json`",
        tells: &["tests.passed", "tests.failed"],
        samples: &["tools/vitest.json", "tools/vitest-green.json", "tools/jest.json"],
    },
    Format {
        name: "TAP 12 to 14",
        known_by: "`TAP version`, or a plan such as `1..4`",
        example: "`node --test --test-reporter=tap`",
        tells: TESTS,
        samples: &[
            "tools/node-test.tap",
            "tools/node-test-green.tap",
            "tools/vitest.tap",
            "spec/tap14.tap",
        ],
    },
    Format {
        name: "JUnit XML",
        known_by: "`<?xml`, `<testsuites`, `<testsuite`",
        example: "`pytest --junitxml=/dev/stdout`",
        tells: &["tests.passed", "tests.failed"],
        samples: &[
            "tools/pytest-junit.xml",
            "tools/pytest-junit-green.xml",
            "tools/node-test-junit.xml",
            "tools/ruff-junit.xml",
        ],
    },
    Format {
        name: "Bazel's build events",
        known_by: "`id`, an object",
        example: "`bazel test //... --build_event_json_file=FILE`",
        tells: &["build.started", "build.passed", "build.failed", "tests.failed"],
        samples: &["spec/bazel.jsonl"],
    },
    Format {
        name: "SARIF 2.1.0",
        known_by: "`runs`",
        example: "`ruff check --output-format sarif`",
        tells: &["lint.error", "lint.warning", "lint.clean", "condense.hint"],
        samples: &[
            "tools/ruff.sarif",
            "tools/ruff-clean.sarif",
            "tools/eslint.sarif",
            "spec/sarif-rules.sarif",
        ],
    },
    Format {
        name: "reviewdog's rdjson and rdjsonl",
        known_by: "`diagnostics`; `message`, `location`",
        example: "`ruff check --output-format rdjson`",
        tells: &["lint.error", "lint.warning", "condense.hint"],
        samples: &["tools/ruff-rdjson.json", "spec/rdjson.jsonl"],
    },
    Format {
        name: "a language server's diagnostics",
        known_by: "`jsonrpc`, `method`",
        example: "`textDocument/publishDiagnostics`, with or without its headers",
        tells: &["lint.error", "lint.warning", "lint.clean"],
        samples: &["tools/lsp.jsonl", "spec/lsp-stream.txt"],
    },
    Format {
        name: "GitHub's `check_run`",
        known_by: "`check_run`",
        example: "the payload of the webhook",
        tells: &["build.started", "build.passed", "build.failed"],
        samples: &["spec/check_run.json"],
    },
    Format {
        name: "git, in words",
        known_by: "its lines",
        example: "`git merge`, `git status`, `git commit`, `git switch`, `git push`, with `2>&1`",
        tells: &["git.conflict", "git.conflict_resolved", "git.commit", "git.branch", "git.push"],
        samples: &[
            "raw/merge-conflict.txt",
            "raw/status-conflict.txt",
            "raw/status-resolved.txt",
            "raw/merge-commit.txt",
            "tools/git.txt",
        ],
    },
];
