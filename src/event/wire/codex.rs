//! Codex's hooks: as Claude Code's, with a `turn_id`; and the object that its `notify` program is
//! given.

use super::super::{AgentState, Event};
use super::agent::{Change, shown, state, text};
use super::json::Object;

const APP: &str = "codex";

/// Reads a hook's object that has a `turn_id`.
pub(super) fn hook(hook: &Object<'_>, out: &mut Vec<Event>) -> bool {
    let Some(name) = hook.string("hook_event_name") else { return false };
    let told = |as_state, message| Some(state(APP, as_state, message, hook));
    let event = match &*name {
        "UserPromptSubmit" | "PreToolUse" | "SubagentStart" => {
            told(AgentState::Working, text(hook, "tool_name"))
        }
        "PostToolUse" => patch(hook)
            .map(|change| change.event(hook))
            .or_else(|| told(AgentState::Working, text(hook, "tool_name"))),
        "PermissionRequest" => told(AgentState::Blocked, text(hook, "tool_name")),
        "Stop" => told(AgentState::Done, None),
        "StopFailure" => told(AgentState::Error, text(hook, "error")),
        _ => None,
    };
    out.extend(event);
    true
}

/// Reads what `notify` is given: `{"type":"agent-turn-complete","turn-id":…}`.
pub(super) fn notify(object: &Object<'_>, out: &mut Vec<Event>) -> bool {
    let ours = object.string("type").is_some_and(|kind| kind == "agent-turn-complete");
    if ours {
        out.push(state(APP, AgentState::Done, None, object));
    }
    ours
}

/// What `apply_patch` did: its patch names files in lines of three stars.
fn patch(hook: &Object<'_>) -> Option<Change> {
    let input = hook.object("tool_input")?;
    let patch = input.string("command").or_else(|| input.string("patch"))?;
    if hook.string("tool_name")? != "apply_patch" || !patch.contains("*** Begin Patch") {
        return None;
    }
    let mut change = Change::default();
    for line in patch.lines() {
        let Some(head) = line.strip_prefix("*** ") else {
            change.add_patch_line(line);
            continue;
        };
        let kinds = ["Update File: ", "Add File: ", "Delete File: "];
        if let Some(path) = kinds.iter().find_map(|kind| head.strip_prefix(kind)) {
            change.files += 1;
            change.path = change.path.take().or_else(|| shown(path));
        }
    }
    Some(change)
}
