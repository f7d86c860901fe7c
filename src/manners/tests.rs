//! Files and facts in, verdicts out.

use super::error::Fault;
use super::*;
use std::fs;
use std::path::Path;

fn at(text: &str) -> Zoned {
    format!("{text}[Europe/Vienna]").parse().unwrap()
}

fn hours(text: &str) -> Hours {
    text.parse().unwrap()
}

#[test]
fn the_strictest_wins_and_all_are_told() {
    let mut facts = Facts { tty: Some(7), ..Facts::default() };
    let now = at("2026-11-30T12:00");
    assert_eq!(judge(&facts, &now), Verdict::default());
    facts.hours = hours("11:00-13:00");
    assert_eq!(judge(&facts, &now).standing, Standing::Quiet);
    facts.switch.hidden = vec![Hidden { tty: 7, session: 1 }];
    let verdict = judge(&facts, &now);
    assert_eq!(verdict.standing, Standing::Hidden);
    assert_eq!(verdict.reasons, [Reason::HiddenHere, Reason::QuietHours(facts.hours.clone())]);
    assert_eq!(judge(&Facts { tty: Some(8), ..facts.clone() }, &now).standing, Standing::Quiet);
    assert_eq!(judge(&Facts { tty: None, ..facts.clone() }, &now).standing, Standing::Quiet);
    for (name, value) in [("BUDDY", "0"), ("CI", "true"), ("CI", "1"), ("TERM", "dumb")] {
        let environment = Environment::from_vars([(name, value)]);
        let verdict = judge(&Facts { environment, ..facts.clone() }, &now);
        assert_eq!((verdict.standing, verdict.reasons.len()), (Standing::Off, 3), "{name}");
    }
    let harmless =
        [("BUDDY", "1"), ("CI", "false"), ("CI", ""), ("TERM", "xterm"), ("NO_MOTION", "")];
    assert_eq!(Environment::from_vars(harmless), Environment::default());
    for switch in
        [Switch { off: true, ..Switch::default() }, Switch { broken: true, ..Switch::default() }]
    {
        assert_eq!(judge(&Facts { switch, ..facts.clone() }, &now).standing, Standing::Off);
    }
}

#[test]
fn quiet_ends_by_itself() {
    let end = at("2026-11-30T12:30").timestamp();
    let switch = Switch { quiet: Some(Quiet::Until(end)), ..Switch::default() };
    let facts = Facts { switch, hours: hours("22:00-07:00"), ..Facts::default() };
    let verdict = judge(&facts, &at("2026-11-30T12:00"));
    assert_eq!((verdict.standing, verdict.until), (Standing::Quiet, Some(end)));
    let bearing = verdict.bearing(at("2026-11-30T12:29").timestamp());
    assert_eq!(bearing.holds.unwrap().as_secs(), 60);
    // A clock that was put forward meanwhile: it is over.
    assert!(verdict.bearing(at("2026-11-30T13:00").timestamp()).holds.unwrap().as_secs() == 0);
    let after = judge(&facts, &at("2026-11-30T12:30"));
    let night = at("2026-11-30T22:00").timestamp();
    assert_eq!((after.standing, after.until), (Standing::On, Some(night)));
    let forever = Switch { quiet: Some(Quiet::UntilOn), ..Switch::default() };
    let verdict = judge(&Facts { switch: forever, ..Facts::default() }, &at("2030-01-01T00:00"));
    assert_eq!((verdict.standing, verdict.until), (Standing::Quiet, None));
}

#[test]
fn hours_go_over_midnight_and_know_their_edges() {
    let night = hours("22:00-07:00, 12:00-13:30");
    for (time, quiet) in [
        ("2026-11-30T21:59:59", false),
        ("2026-11-30T22:00", true),
        ("2026-11-30T23:59", true),
        ("2026-11-30T00:00", true),
        ("2026-11-30T06:59", true),
        ("2026-11-30T07:00", false),
        ("2026-11-30T13:29", true),
        ("2026-11-30T13:30", false),
    ] {
        assert_eq!(night.contain(at(time).time()), quiet, "{time}");
    }
    let next = |time: &str| night.next_change(&at(time)).unwrap();
    assert_eq!(next("2026-11-30T23:00"), at("2026-12-01T07:00").timestamp());
    assert_eq!(next("2026-11-30T07:00"), at("2026-11-30T12:00").timestamp());
    // The night of the change to summer time has no 02:30.
    let gap = hours("02:30-05:00").next_change(&at("2026-03-29T01:00")).unwrap();
    assert_eq!(gap, at("2026-03-29T03:30").timestamp());
    assert_eq!(night.to_string(), "22:00-07:00, 12:00-13:30");
    assert_eq!(hours("none"), Hours::default());
    let many = ["1:00-2:00"; MAX_SPANS + 1].join(",");
    for wrong in
        ["22-7", "22:00", "24:00-07:00", "07:00-07:00", "22:60-07:00", "1:2-3:4", ",", &many]
    {
        assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
    }
}

const ALL: &str = "# mine\npet: \"null\"\nskin: ms-dos\nground: dark\nsize: 12x6\ncorner: top-left\n\
    protocol: sixel\nmotion: reduced\nfps: 12.5\nlang: de\nspeech: off\nguests: no\n\
    quiet_hours: 22:00-07:00\n";

#[test]
fn a_configuration_says_all_that_there_is() {
    let path = Path::new("c.yaml");
    let config = Config::parse(ALL, path).unwrap();
    let expected = Config {
        pet: Some("null".to_owned()),
        skin: Some("ms-dos".to_owned()),
        ground: Some(crate::pet::skin::Ground::Dark),
        size: Some(crate::units::CellSize::new(12, 6)),
        corner: Some(crate::units::Corner::TopLeft),
        protocol: Some(crate::terminal::Protocol::Sixel),
        motion: Some(Motion::Reduced),
        fps: Some(12.5),
        lang: Some("de".parse().unwrap()),
        speech: Some(false),
        guests: Some(false),
        quiet_hours: Some(hours("22:00-07:00")),
    };
    assert_eq!(config, expected);
    for (key, _) in KEYS {
        assert!(ALL.contains(&format!("\n{key}: ")), "{key} is tried");
    }
    for same in [ALL.replace('\n', "\r\n"), format!("\u{feff}{ALL}"), format!("---\n{ALL}...\n")] {
        assert_eq!(Config::parse(&same, path).unwrap(), expected);
    }
    let none = Config::default();
    for empty in ["", "\n", "# nothing\n", "{}", "protocol: auto\nground: auto\n", "---\n"] {
        assert_eq!(Config::parse(empty, path).unwrap(), none, "{empty:?}");
    }
    assert_eq!(
        Config::parse("{pet: bit, speech: true}", path).unwrap().pet.as_deref(),
        Some("bit")
    );
}

fn fault(text: &str) -> (usize, Fault) {
    match Config::parse(text, Path::new("c.yaml")) {
        Err(MannersError::Line { line, fault, .. }) => (line, fault),
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_the_nearest() {
    for (key, wanted) in [
        ("pett", "pet"),
        ("colour", "corner"),
        ("quiet-hours", "quiet_hours"),
        ("quiet", "quiet_hours"),
        ("moton", "motion"),
        ("Size", "size"),
        ("language", "lang"),
    ] {
        let (line, fault) = fault(&format!("pet: bit\n\n{key}: x\n"));
        assert_eq!(line, 3);
        assert_eq!(fault, Fault::Key { key: key.to_owned(), nearest: wanted });
    }
    let path = Path::new("/home/x/config.yaml");
    let error = Config::parse("pet: bit\nmotoin: none", path).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/home/x/config.yaml, line 2: there is no key \"motoin\"; the nearest is \"motion\""
    );
    assert!(error.hint().unwrap().contains("quiet_hours"));
    let bad = "a\u{1b}]52;c;x\u{7}b\u{202e}".to_owned() + &"c".repeat(900);
    let said = fault(&format!("\"{}\": 1", bad.escape_default())).1.to_string();
    assert!(said.len() < 120 && !said.contains(char::is_control), "{said}");
}

#[test]
fn a_value_that_a_key_does_not_have_is_refused() {
    for (key, wanted) in KEYS {
        for value in ["[1]", "{a: b}", "\"\"", "", "~", "1e999", "-1"] {
            // A pet may be called anything, and so may a skin.
            if matches!(key, "pet" | "skin") && matches!(value, "-1" | "1e999") {
                continue;
            }
            let (line, fault) = fault(&format!("{key}: {value}"));
            match fault {
                Fault::Shape => {}
                Fault::Value { key: k, wanted: w, .. } => assert_eq!((k, &*w), (key, wanted)),
                other => panic!("{key}: {value}: {other}"),
            }
            assert_eq!(line, 1);
        }
    }
    for (text, line) in [("fps: 0", 1), ("fps: 61", 1), ("fps: nan", 1), ("\nsize: 0x4", 2)] {
        assert!(matches!(fault(text), (l, Fault::Value { .. }) if l == line), "{text}");
    }
    let cat = Config::parse("pet: null", Path::new("c")).unwrap();
    assert_eq!(cat.pet.as_deref(), Some("null"));
    assert_eq!(fault("pet: bit\npet: null"), (2, Fault::Repeated { key: "pet".to_owned() }));
}

#[test]
fn hostile_yaml_is_refused_where_it_begins() {
    let bomb = "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\npet: *c\n";
    for text in [
        bomb,
        "pet: &x bit\nskin: *x",
        "&x pet: bit",
        "pet: !!str bit",
        "!<tag:yaml.org,2002:map> {pet: bit}",
        "%YAML 1.2\n---\npet: bit",
        "pet: bit\n---\npet: null",
        "- pet",
        "pet",
        "pet: [bit]",
        "pet:\n  name: bit",
        "<<: {pet: bit}",
        "? [a]\n: b",
        "pet: *none",
        "pet: bit\n\tskin: x",
        "pet: \"bit",
        "{---",
        "pet: bit\u{0}",
    ] {
        let error = Config::parse(text, Path::new("c")).map(|config| panic!("{text:?} {config:?}"));
        assert!(matches!(error, Err(MannersError::Line { .. })), "{text:?}");
    }
    // As deep and as wide as the largest file can be: quick, and no deep stack.
    let size = usize::try_from(MAX_FILE_BYTES).unwrap();
    let wide: String = (0..size / 8).map(|n| format!("k{n}: 1\n")).collect();
    for text in
        ["[".repeat(size), "{".repeat(size), "a:\n ".repeat(size / 4), "- ".repeat(size / 2), wide]
    {
        let begun = std::time::Instant::now();
        assert!(Config::parse(&text, Path::new("c")).is_err());
        assert!(begun.elapsed().as_secs() < 10);
    }
}

#[test]
fn any_bytes_are_read_or_refused() {
    let mut random = fastrand::Rng::with_seed(8);
    let pieces = [
        "pet",
        ": ",
        "\n",
        "  ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a",
        "*a",
        "!t",
        "|",
        ">",
        "'",
        "\"",
        "#",
        "\t",
        "on",
        "22:00-07:00",
        "---",
        "...",
        "?",
        ",",
        "\u{feff}",
        "\\u0000",
        "é",
        "%",
    ];
    for _ in 0..20_000 {
        let count = random.usize(0..24);
        let text: String = (0..count).map(|_| *random.choice(&pieces).unwrap()).collect();
        if let Err(error) = Config::parse(&text, Path::new("c")) {
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
            let MannersError::Line { line, .. } = error else { panic!("{error:?}") };
            assert!((1..=text.split(['\n', '\r']).count() + 1).contains(&line), "{text:?}: {line}");
        }
        let mut asked = Reductions::default();
        asked.add(&text, Path::new("c"));
    }
}

/// A repository with files, by their paths in it.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("repo/.git")).unwrap();
    for (path, text) in files {
        let path = root.path().join("repo").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

#[test]
fn a_repository_only_reduces() {
    let root = repository(&[
        (".buddy.yaml", "pet: haiku\nmotion: reduced\nguests: off\n"),
        ("a/.buddy.yaml", "pet: bit\nspeech: off\nquiet: true\n"),
        ("a/b/x", ""),
    ]);
    let here = root.path().join("repo/a/b");
    let (asked, slips) = Reductions::around(&here);
    assert!(slips.is_empty(), "{slips:?}");
    assert_eq!((asked.pet, asked.motion), (Some("bit"), Motion::Reduced));
    assert!(asked.silent && asked.no_guests && asked.off.is_none());
    assert!(asked.quiet.as_ref().unwrap().ends_with("repo/a/.buddy.yaml"));
    assert_eq!(asked.files.len(), 2);
    let facts = Facts { reductions: asked.clone(), ..Facts::default() };
    assert_eq!(judge(&facts, &at("2026-11-30T12:00")).standing, Standing::Quiet);
    // Above the repository, and where there is none, nothing is looked for.
    fs::write(root.path().join(".buddy.yaml"), "off: true").unwrap();
    assert_eq!(Reductions::around(&here).0, asked);
    assert_eq!(Reductions::around(root.path()).0, Reductions::default());
    let raising = [
        ("off: false", "off"),
        ("quiet: no", "quiet"),
        ("motion: full", "motion"),
        ("speech: on", "speech"),
        ("guests: true", "guests"),
        ("pet: ./evil", "pet"),
        ("pet: ada/tin", "pet"),
        ("pet: /etc/passwd", "pet"),
    ];
    for (text, key) in raising {
        let root = repository(&[(".buddy.yaml", &format!("{text}\n"))]);
        let (asked, slips) = Reductions::around(&root.path().join("repo"));
        assert_eq!(Reductions { files: Vec::new(), ..asked }, Reductions::default(), "{text}");
        let [MannersError::Line { fault: Fault::Value { key: told, .. }, .. }] = &slips[..] else {
            panic!("{text}: {slips:?}");
        };
        assert_eq!(*told, key);
    }
    for (key, _) in REPOSITORY_KEYS {
        assert!(raising.iter().any(|(_, tried)| *tried == key), "{key} is tried");
    }
}

#[test]
fn a_slip_in_a_repository_leaves_the_rest() {
    let text = "skin: x\nmotion: none\ncommand: rm\nspeech: off\npet: [\n";
    let root = repository(&[(".buddy.yaml", text)]);
    let (asked, slips) = Reductions::around(&root.path().join("repo"));
    assert!(asked.silent && asked.motion == Motion::None);
    assert_eq!(slips.len(), 3, "{slips:?}");
}

#[cfg(unix)]
#[test]
fn a_repository_leads_nobody_elsewhere() {
    use std::os::unix::fs::symlink;
    let root = repository(&[("inner.yaml", "off: true")]);
    let repo = root.path().join("repo");
    let file = repo.join(".buddy.yaml");
    let outside = root.path().join("outside.yaml");
    fs::write(&outside, "off: true").unwrap();
    symlink(&outside, &file).unwrap();
    let (asked, slips) = Reductions::around(&repo);
    assert_eq!((asked, slips.len()), (Reductions::default(), 1));
    fs::remove_file(&file).unwrap();
    symlink("inner.yaml", &file).unwrap();
    assert!(Reductions::around(&repo).0.off.is_some());
    // Neither a pipe that nobody writes into nor too much is waited for or read.
    fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    assert!(matches!(Reductions::around(&repo).1[..], [MannersError::NoFile { .. }]));
    fs::remove_file(&file).unwrap();
    let size = usize::try_from(MAX_FILE_BYTES).unwrap();
    fs::write(&file, format!("off: true\n#{}", "x".repeat(size))).unwrap();
    let (asked, slips) = Reductions::around(&repo);
    assert!(asked.off.is_none() && matches!(slips[..], [MannersError::NoFile { .. }]));
}

#[cfg(unix)]
#[test]
fn a_configuration_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    assert_eq!(Config::read(&path).unwrap(), Config::default());
    fs::write(&path, "pet: bit\n").unwrap();
    for (mode, fine) in [(0o600, true), (0o644, true), (0o664, false), (0o646, false)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let read = Config::read(&path);
        assert_eq!(read.is_ok(), fine, "{mode:o}");
        assert!(fine || matches!(read, Err(MannersError::Exposed { .. })));
    }
}

#[test]
fn the_switch_stays_as_it_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(&folder.path().join("state/buddy"));
    assert_eq!(store.read(), Switch::default());
    let end = at("2026-11-30T12:30").timestamp();
    let us = std::process::id();
    store.change(|switch| switch.off = true).unwrap();
    store.change(|switch| switch.quiet = Some(Quiet::Until(end))).unwrap();
    let mut hid = false;
    store.change(|s| hid = s.toggle_hidden(Hidden { tty: 7, session: us })).unwrap();
    let read = Store::new(&folder.path().join("state/buddy")).read();
    let quiet = Some(Quiet::Until(end));
    let hidden = if cfg!(unix) { vec![Hidden { tty: 7, session: us }] } else { Vec::new() };
    assert_eq!(read, Switch { off: true, quiet, hidden, broken: false });
    assert!(hid);
    store.change(|s| hid = s.toggle_hidden(Hidden { tty: 7, session: us })).unwrap();
    assert!(!hid || !cfg!(unix));
    let left: Vec<_> = fs::read_dir(folder.path().join("state/buddy")).unwrap().collect();
    assert_eq!(left.len(), 2, "the switch and its lock: {left:?}");
    store.change(|switch| *switch = Switch::default()).unwrap();
    assert_eq!(store.read(), Switch::default());
}

#[test]
fn a_damaged_switch_counts_as_off_until_it_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let size = usize::try_from(MAX_FILE_BYTES).unwrap();
    let long = format!("{{\"v\":1}}{}", " ".repeat(size));
    for damaged in
        ["", "{", "off", "{\"v\":1,\"off\":\"no\"}", "{\"v\":1,\"quiet\":\"soon\"}", &long]
    {
        fs::write(store.path(), damaged).unwrap();
        assert!(store.read().broken, "{damaged:.30}");
        let facts = Facts { switch: store.read(), ..Facts::default() };
        assert_eq!(judge(&facts, &at("2026-11-30T12:00")).standing, Standing::Off);
    }
    store.change(|switch| switch.off = false).unwrap();
    assert_eq!(store.read(), Switch::default());
    // What a later version adds is passed by.
    fs::write(store.path(), "{\"v\":2,\"off\":true,\"new\":[1]}").unwrap();
    assert_eq!(store.read(), Switch { off: true, ..Switch::default() });
    // A session that has ended leaves its terminal to others.
    fs::write(store.path(), "{\"v\":1,\"hidden\":[{\"tty\":7,\"session\":4294967295}]}").unwrap();
    assert!(!store.read().hides(Some(7)));
    let mut switch = Switch::default();
    for tty in 0..200 {
        switch.toggle_hidden(Hidden { tty, session: 1 });
    }
    assert_eq!(switch.hidden.len(), MAX_HIDDEN);
    assert!(switch.hides(Some(199)) && !switch.hides(Some(0)));
}

#[test]
fn many_who_change_it_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let us = std::process::id();
    std::thread::scope(|scope| {
        for tty in 0..16 {
            let store = &store;
            let hide = move |s: &mut Switch| {
                s.toggle_hidden(Hidden { tty, session: us });
            };
            scope.spawn(move || store.change(hide).unwrap());
        }
    });
    assert_eq!(store.read().hidden.len(), if cfg!(unix) { 16 } else { 0 });
}

#[test]
fn the_least_motion_is_taken() {
    let motion = |no_motion: bool, config: Option<Motion>, repository: Motion| {
        let environment = Environment { no_motion, ..Environment::default() };
        let reductions = Reductions { motion: repository, ..Reductions::default() };
        let facts = Facts { environment, reductions, ..Facts::default() };
        let config = Config { motion: config, ..Config::default() };
        Manners { config, facts, ..Manners::default() }.motion()
    };
    assert_eq!(motion(false, None, Motion::Full), Motion::Full);
    assert_eq!(motion(false, Some(Motion::None), Motion::Reduced), Motion::None);
    assert_eq!(motion(false, Some(Motion::Full), Motion::Reduced), Motion::Reduced);
    assert_eq!(motion(true, Some(Motion::Full), Motion::Full), Motion::None);
}
