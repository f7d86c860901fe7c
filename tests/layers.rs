//! The rules of the house about who may know whom (ARCHITECTURE.md): each room's `use crate::…`
//! lines name only the rooms it is allowed to know.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may import.
const RULES: &[(&str, &[&str])] = &[
    ("units.rs", &[]),
    ("text.rs", &[]),
    ("frame", &["frame", "units"]),
    ("scene", &["scene", "frame", "units"]),
    ("protocol", &["protocol", "frame", "units", "text"]),
    ("event", &["event", "text"]),
    ("intent", &["intent", "event", "text"]),
    ("mood", &["mood", "event", "intent", "text"]),
    ("pack", &["pack", "pet", "scene", "frame", "units", "text"]),
    ("pet", &["pet", "scene", "frame", "units", "text", "mood"]),
    ("manners", &["manners", "pet", "terminal", "units", "text"]),
    ("terminal", &["terminal", "protocol", "units", "text"]),
    (
        "overlay",
        &["overlay", "event", "manners", "mood", "player", "protocol", "terminal", "text", "units"],
    ),
];

/// What the pure rooms must not name.
const IMPURE: &[&str] =
    &["std::time::Instant", "SystemTime", "std::thread", "std::fs", "std::env", "std::net"];

/// The pure rooms.
const PURE: &[&str] = &["mood", "protocol", "frame"];

/// The files of a room, but for those that are tests alone.
fn sources(room: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    if path.is_file() {
        return vec![path];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let below =
                path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
            found.extend(sources(below.to_str().unwrap()));
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

/// The rooms that code imports that are not in `allowed`. Tests at a file's end may know more.
fn trespasses(code: &str, allowed: &[&str]) -> Vec<String> {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let rooms: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        };
        for room in rooms {
            let name: String =
                room.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() && !allowed.contains(&name.as_str()) {
                found.push(name);
            }
        }
    }
    found
}

#[test]
fn every_room_imports_only_what_it_may() {
    let mut wrong = Vec::new();
    for (room, allowed) in RULES {
        for file in sources(room) {
            let code = fs::read_to_string(&file).unwrap();
            for name in trespasses(&code, allowed) {
                wrong.push(format!("{} imports {name}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_know_no_clock_thread_file_or_environment() {
    let mut wrong = Vec::new();
    for file in PURE.iter().flat_map(|room| sources(room)) {
        let code = fs::read_to_string(&file).unwrap();
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for name in IMPURE.iter().filter(|name| code.contains(**name)) {
            wrong.push(format!("{} names {name}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files that may call what is not safe.
const FOREIGN: &[&str] = &["src/intent/providers.rs"];

#[test]
fn what_is_not_safe_stands_in_one_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: Vec<_> = sources("")
        .into_iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains("unsafe {"))
        .map(|file| file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, FOREIGN);
}

#[test]
fn a_planted_import_is_found() {
    let planted = "use crate::frame::Frame;\nuse crate::{units, terminal::Terminal};\n";
    assert_eq!(trespasses(planted, &["frame", "units"]), ["terminal"]);
    assert_eq!(trespasses("crate::mood::Mood", &["frame"]), ["mood"]);
}
