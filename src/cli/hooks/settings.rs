//! Our hooks in the settings of a coding agent: JSON, in which each event has a list of hooks. The
//! text is changed only where ours stand, so that all else keeps its form, and what was put in can be
//! taken out to the byte.

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::ops::Range;

/// What the agent runs.
const COMMAND: &str = "buddy-render emit --hook";
/// Our hook in an event's list.
const ENTRY: &str = r#"{"hooks": [{"type": "command", "command": "buddy-render emit --hook"}]}"#;

/// Before an event that we add to hooks which were there. An event of ours in hooks that were not
/// has none, which is how they are told apart.
const BEFORE_EVENT: &str = "\n    ";
/// Before the hooks that we add to settings which were there.
const BEFORE_HOOKS: &str = "\n  ";
/// Before our hook in a list that was there.
const BEFORE_ENTRY: &str = " ";

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The settings with our hook for each of the events; where there were none, a file of their own.
pub(super) fn installed(text: Option<&str>, events: &[&str]) -> Result<String, String> {
    let Some(text) = text else { return Ok(fresh(events)) };
    let mut text = text.to_owned();
    for event in events {
        text = with_event(&text, event, events)?;
    }
    Ok(text)
}

/// The settings without our hooks; nothing where the file was ours.
pub(super) fn removed(text: &str, events: &[&str]) -> Result<Option<String>, String> {
    if text == fresh(events) {
        return Ok(None);
    }
    let mut text = text.to_owned();
    while let Some(range) = ours(&text, events)? {
        text.replace_range(range, "");
    }
    Ok(Some(text))
}

/// Which of the events have our hook.
pub(super) fn present<'e>(text: &str, events: &[&'e str]) -> Result<Vec<&'e str>, String> {
    let root = members(text)?;
    let Some(hooks) = root.get("hooks") else { return Ok(Vec::new()) };
    let hooks = members(hooks.get())?;
    let mut found = Vec::new();
    for event in events {
        if let Some(list) = hooks.get(*event)
            && items(list)?.iter().any(|item| is_ours(item))
        {
            found.push(*event);
        }
    }
    Ok(found)
}

fn fresh(events: &[&str]) -> String {
    format!("{{ {}}}\n", whole_hooks(events))
}

fn whole_hooks(events: &[&str]) -> String {
    let events: Vec<_> = events.iter().map(|event| whole_event(event)).collect();
    format!("\"hooks\": {{{}}}", events.join(&format!(",{BEFORE_EVENT}")))
}

fn whole_event(event: &str) -> String {
    format!("\"{event}\": [{ENTRY}]")
}

fn with_event(text: &str, event: &str, events: &[&str]) -> Result<String, String> {
    let root = members(text)?;
    let Some(hooks) = root.get("hooks") else {
        let at = text.find('{').unwrap_or_default();
        return Ok(put_first(text, at, BEFORE_HOOKS, &whole_hooks(events)));
    };
    let Some(list) = members(hooks.get())?.get(event).copied() else {
        return Ok(put_first(text, range(text, hooks).start, BEFORE_EVENT, &whole_event(event)));
    };
    if items(list)?.iter().any(|item| is_ours(item)) {
        return Ok(text.to_owned());
    }
    Ok(put_first(text, range(text, list).start, BEFORE_ENTRY, ENTRY))
}

/// Puts something behind the bracket at `at`, with a comma where there is more.
fn put_first(text: &str, at: usize, before: &str, what: &str) -> String {
    let (head, tail) = text.split_at(at + 1);
    let comma = if tail.trim_start().starts_with(['}', ']']) { "" } else { "," };
    format!("{head}{before}{what}{comma}{tail}")
}

/// Where the next thing of ours stands: all hooks, an event, or one hook, whichever we put in.
fn ours(text: &str, events: &[&str]) -> Result<Option<Range<usize>>, String> {
    let root = members(text)?;
    let Some(hooks) = root.get("hooks") else { return Ok(None) };
    if format!("\"hooks\": {}", hooks.get()) == whole_hooks(events) {
        return Ok(Some(with_key(text, range(text, hooks), "\"hooks\": ", BEFORE_HOOKS)));
    }
    for (event, list) in members(hooks.get())? {
        if !events.contains(&&*event) {
            continue;
        }
        if list.get() == format!("[{ENTRY}]") {
            let key = format!("\"{event}\": ");
            return Ok(Some(with_key(text, range(text, list), &key, BEFORE_EVENT)));
        }
        if let Some(item) = items(list)?.into_iter().find(|item| is_ours(item)) {
            return Ok(Some(widened(text, range(text, item), BEFORE_ENTRY)));
        }
    }
    Ok(None)
}

fn with_key(text: &str, value: Range<usize>, key: &str, before: &str) -> Range<usize> {
    let head = text.get(..value.start).unwrap_or_default();
    // A key that somebody wrote in another way stays, and its colon needs a value.
    match head.strip_suffix(key) {
        Some(head) => widened(text, head.len()..value.end, before),
        None => value,
    }
}

/// With the comma that parts it from its neighbour, and the space that we put before it.
fn widened(text: &str, Range { mut start, mut end }: Range<usize>, before: &str) -> Range<usize> {
    let (head, tail) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let spaced = head.strip_suffix(before).unwrap_or(head);
    start = spaced.len();
    let rest = tail.trim_start();
    if rest.starts_with(',') {
        end += tail.len() - rest.len() + 1;
    } else if let Some(other) = spaced.trim_end().strip_suffix(',') {
        // It is the last of several, where somebody moved it.
        start = other.len();
    }
    start..end
}

/// Where a value stands in the text that it was read from.
fn range(text: &str, value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + value.get().len()
}

fn members(text: &str) -> Result<Members<'_>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn items(list: &RawValue) -> Result<Vec<&RawValue>, String> {
    serde_json::from_str(list.get()).map_err(|_| "an event's hooks are no list".to_owned())
}

/// Whether a hook is ours, however it is written.
fn is_ours(item: &RawValue) -> bool {
    let value: Value = serde_json::from_str(item.get()).unwrap_or_default();
    let hooks = value["hooks"].as_array().map(Vec::as_slice).unwrap_or_default();
    matches!(hooks, [hook] if hook["command"] == COMMAND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &[&str] = &["Stop", "Notification"];

    const SETTINGS: &[&str] = &[
        "{}",
        "{\n}\n",
        "{ }\n",
        "\n{\"a\": 1}",
        "{\r\n  \"a\": {\"hooks\": 1}\r\n}\r\n",
        "{\n  \"hooks\": {}\n}",
        "{\n  \"hooks\": {\n  }\n}",
        "{\"hooks\":{\"Stop\":[]}}",
        "{\"hooks\":{\"Stop\":[\n],\"Notification\":[ {\"hooks\":[]} ]}, \"z\": 2}",
        "{\"hooks\":{\"Stop\":[{\"matcher\":\"x\",\"hooks\":[{\"type\":\"command\",\"command\":\"say ü\"}]}]}}",
        "{\n\t\"hooks\": {\n\t\t\"Other\": [{\"hooks\": []}]\n\t},\n\t\"b\": \"}{\"\n}\n",
    ];

    #[test]
    fn what_was_put_in_comes_out_to_the_byte() {
        for before in SETTINGS {
            let with = installed(Some(before), EVENTS).unwrap();
            assert!(serde_json::from_str::<Value>(&with).is_ok(), "{with}");
            assert_eq!(present(&with, EVENTS).unwrap(), EVENTS, "{with}");
            assert_eq!(present(before, EVENTS).unwrap(), [""; 0]);
            assert_eq!(installed(Some(&with), EVENTS).unwrap(), with, "twice is once");
            let mut values: Value = serde_json::from_str(&with).unwrap();
            values["hooks"].take();
            let mut kept: Value = serde_json::from_str(before).unwrap();
            kept["hooks"].take();
            assert_eq!(values, kept);
            assert_eq!(removed(&with, EVENTS).unwrap().as_deref(), Some(*before));
        }
        let fresh = installed(None, EVENTS).unwrap();
        assert_eq!(installed(Some(&fresh), EVENTS).unwrap(), fresh);
        assert_eq!(removed(&fresh, EVENTS).unwrap(), None);
    }

    #[test]
    fn ours_is_found_in_whatever_form() {
        for before in SETTINGS {
            let with = installed(Some(before), EVENTS).unwrap();
            let value: Value = serde_json::from_str(&with).unwrap();
            for text in [value.to_string(), format!("{value:#}")] {
                let without = removed(&text, EVENTS).unwrap().unwrap();
                assert_eq!(present(&without, EVENTS).unwrap(), [""; 0], "{without}");
                assert!(serde_json::from_str::<Value>(&without).is_ok(), "{without}");
            }
        }
        let half = installed(Some("{}"), &["Stop"]).unwrap();
        assert_eq!(present(&half, EVENTS).unwrap(), ["Stop"]);
        let whole = installed(Some(&half), EVENTS).unwrap();
        assert_eq!(present(&whole, EVENTS).unwrap(), EVENTS);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in ["", "[]", "{", "{// a\n}", "{\"hooks\":[]}", "{\"hooks\":{\"Stop\":{}}}"] {
            assert!(installed(Some(text), EVENTS).is_err(), "{text}");
        }
    }
}
