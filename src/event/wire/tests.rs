use super::super::{EventKind, LintLevel, Outcome};
use super::*;

fn read(text: &str) -> (Vec<EventKind>, Reader) {
    let mut reader = Reader::new();
    let mut events: Vec<Event> =
        text.split('\n').flat_map(|line| reader.line(line.as_bytes())).collect();
    events.extend(reader.finish());
    (events.into_iter().map(|event| event.kind).collect(), reader)
}

fn tests_of(outcome: Outcome, passed: u64, failed: u64, ignored: u64) -> EventKind {
    EventKind::Tests { outcome, passed, failed, ignored }
}

#[test]
fn a_native_line() {
    let (kinds, reader) =
        read("\u{feff}{\"v\":1,\"event\":\"tests.passed\",\"passed\":42,\"new\":[]}\r");
    assert_eq!(kinds, [tests_of(Outcome::Passed, 42, 0, 0)]);
    assert_eq!(reader.counts().events, 1);
}

#[test]
fn bad_lines_are_told_with_their_field() {
    for (line, what) in [
        (r#"{"v":2,"event":"idle"}"#, "\"v\" is 2, not 1"),
        (r#"{"event":"idle"}"#, "\"v\" is missing"),
        (r#"{"v":1}"#, "\"event\" is missing"),
        (r#"{"v":1,"event":7}"#, "\"event\" is not a string"),
        (
            r#"{"v":1,"event":"idle","seconds":-1}"#,
            "\"seconds\" is not a whole number of at least 0",
        ),
        (
            r#"{"v":1,"event":"keystroke","count":1.5}"#,
            "\"count\" is not a whole number of at least 0",
        ),
        (r#"{"v":1,"event":"edit","renamed":"no"}"#, "\"renamed\" is not true or false"),
        (r#"{"v":1,"event":"say","text":"x","ts":"soon"}"#, "\"ts\" is not an RFC 3339 time"),
        (r#"{"v":1,"event":"say"}"#, "\"text\" is missing"),
        (r#"{"v":1,"event":"mood","value":NaN}"#, "not JSON at byte 31: expected value"),
    ] {
        let (kinds, mut reader) = read(line);
        assert_eq!(kinds, []);
        let problems: Vec<_> = reader.problems().iter().map(ToString::to_string).collect();
        assert_eq!(problems, [format!("line 1: {what}")], "{line}");
        assert_eq!(reader.problems(), []);
    }
}

#[test]
fn moods_stay_between_0_and_1() {
    for (text, value) in [("-3", 0.0), ("0.25", 0.25), ("1e300", 1.0)] {
        let (kinds, _) = read(&format!("{{\"v\":1,\"event\":\"mood\",\"value\":{text}}}"));
        assert_eq!(kinds, [EventKind::Mood { value }]);
    }
}

#[test]
fn names_of_tomorrow_are_counted_within_bounds() {
    let mut reader = Reader::new();
    for n in 0..1000 {
        let name = n.to_string();
        reader.line(format!("{{\"v\":1,\"event\":\"new.{name}\"}}").as_bytes());
    }
    assert_eq!(reader.counts().unknown.len(), MAX_UNKNOWN_NAMES);
    assert_eq!(reader.counts().unknown.values().sum::<u64>(), 1000);
    assert_eq!(reader.counts().malformed, 0);
}

#[test]
fn reports_end_but_counting_does_not() {
    let mut reader = Reader::new();
    for _ in 0..100 {
        reader.line(b"{\"v\":");
    }
    reader.too_long();
    reader.finish();
    let problems = reader.problems();
    assert_eq!(problems.len(), 21);
    assert_eq!(problems[20].what, "the end; 81 more bad lines");
}

#[test]
fn nesting_and_length_have_limits() {
    let nested = |depth: usize| {
        format!("{{\"v\":1,\"event\":\"hide\",\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
    };
    assert_eq!(read(&nested(MAX_DEPTH - 1)).0, [EventKind::Hide]);
    assert_eq!(read(&nested(MAX_DEPTH)).1.problems()[0].what, "nested deeper than 32");
    let brackets = format!("{{\"v\":1,\"event\":\"hide\",\"x\":\"\\\"{}\"}}", "[".repeat(99));
    assert_eq!(read(&brackets).0, [EventKind::Hide]);
    let long = format!("{{\"v\":1,\"event\":\"hide\",\"x\":\"{}\"}}", "a".repeat(MAX_LINE_BYTES));
    assert_eq!(read(&long).1.problems()[0].what, "longer than 256 KiB");
}

#[test]
fn many_programs_are_one_run() {
    let (kinds, reader) = read(
        "    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.5s\n     Running unittests src/lib.rs (target/debug/deps/x-1)\n\n\
         running 2 tests\ntest a ... ok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\
         running 1 test\ntest c ... ignored\n\ntest result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s\n",
    );
    let built = EventKind::Build { outcome: Outcome::Passed, errors: 0 };
    assert_eq!(
        kinds,
        [built, tests_of(Outcome::Started, 0, 0, 0), tests_of(Outcome::Passed, 2, 0, 1)]
    );
    assert_eq!(reader.counts().noise, 0);
}

#[test]
fn a_failure_does_not_wait() {
    let (kinds, _) = read(
        "running 2 tests\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\
         error: test failed, to rerun pass `--lib`",
    );
    assert_eq!(kinds, [tests_of(Outcome::Started, 0, 0, 0), tests_of(Outcome::Failed, 1, 1, 0)]);
}

#[test]
fn a_compiler_error_fails_the_build() {
    let (kinds, _) = read(
        "   Compiling x v0.1.0 (/x)\n\u{1b}[0m\u{1b}[1m\u{1b}[38;5;9merror[E0308]\u{1b}[0m\u{1b}[1m: mismatched types\u{1b}[0m\n --> src/lib.rs:1:26\n  |\n\
         1 | fn f() -> u32 { \"\" }\n  |\n\nerror: could not compile `x` (lib) due to 1 previous error",
    );
    assert_eq!(kinds.len(), 3);
    assert_eq!(kinds[0], EventKind::Build { outcome: Outcome::Started, errors: 0 });
    assert!(
        matches!(&kinds[1], EventKind::Lint { code: Some(code), line: Some(1), .. } if code.as_str() == "E0308")
    );
    assert_eq!(kinds[2], EventKind::Build { outcome: Outcome::Failed, errors: 1 });
}

#[test]
fn clippy_errors_are_lints_and_no_failed_build() {
    let (kinds, _) = read(
        "    Checking x v0.1.0 (/x)\nerror: approximate value of `f64::consts::PI` found\n --> src/lib.rs:2:5\n  |\n2 |     3.14\n  |     ^^^^\n  |\n  \
         = help: consider using the constant directly\n  = note: `#[deny(clippy::approx_constant)]` on by default\n\n\
         error: could not compile `x` (lib) due to 1 previous error",
    );
    assert_eq!(kinds.len(), 1);
    assert!(
        matches!(&kinds[0], EventKind::Lint { level: LintLevel::Error, code: Some(code), .. } if code.as_str() == "clippy::approx_constant")
    );
    let (kinds, _) = read(
        "    Checking x v0.1.0 (/x)\n    Finished `dev` profile [unoptimized] target(s) in 0.2s",
    );
    assert_eq!(kinds, [cargo::clean()]);
}

#[test]
fn what_programs_print_is_nobodys() {
    let (kinds, reader) = read(
        "hello\n{\n  x: 1\n}\n{\"level\":\"info\"}\nerror: cannot find it\nrunning late\n[1, 2]",
    );
    assert_eq!(kinds, []);
    assert_eq!(reader.counts().malformed, 0);
    assert!(reader.counts().noise >= 6);
}

#[test]
fn a_v_of_somebody_elses_is_no_broken_event() {
    let mut reader = Reader::new();
    for line in
        [r#"{"v":3,"key":"x"}"#, r#"{"v":"1.2.3","name":"pkg"}"#, r#"{"v":{}, "id":1,"x":[]}"#]
    {
        assert_eq!(reader.line(line.as_bytes()), [], "{line}");
    }
    assert_eq!((reader.counts().malformed, reader.counts().noise), (0, 3));
    let hook = r#"{"v":1,"hook_event_name":"Stop","session_id":"s","cwd":"/p"}"#;
    assert!(matches!(
        reader.line(hook.as_bytes())[..],
        [Event { kind: EventKind::Agent { .. }, .. }]
    ));
    for line in [r#"{"v":1}"#, r#"{"v":1,"passed":3}"#, r#"{"v":1,"text":"event is missing"}"#] {
        reader.line(line.as_bytes());
    }
    assert_eq!(reader.counts().malformed, 3);
}
