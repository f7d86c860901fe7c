//! Claude Code's hooks: `hook_event_name`, `session_id`, `cwd`, and what belongs to the event.

use super::super::{AgentState, Event};
use super::agent::{Change, state, text};
use super::json::Object;
use crate::text::SafeText;

const APP: &str = "claude";

/// Reads a hook's object; whether its event is one of the agent's.
pub(super) fn hook(hook: &Object<'_>, out: &mut Vec<Event>) -> bool {
    let Some(name) = hook.string("hook_event_name") else { return false };
    let told = |as_state, message| Some(state(APP, as_state, message, hook));
    let event = match &*name {
        "UserPromptSubmit" | "PreToolUse" | "SubagentStart" | "PostToolUseFailure"
            if !is_interrupt(hook) =>
        {
            told(AgentState::Working, text(hook, "tool_name"))
        }
        "PostToolUse" => change(hook)
            .map(|change| change.event(hook))
            .or_else(|| told(AgentState::Working, text(hook, "tool_name"))),
        "PermissionRequest" => told(AgentState::Blocked, text(hook, "tool_name")),
        "Notification" if is_question(hook) => told(AgentState::Blocked, text(hook, "message")),
        "Elicitation" => told(AgentState::Blocked, text(hook, "message")),
        "Stop" => told(AgentState::Done, None),
        "StopFailure" => {
            told(AgentState::Error, text(hook, "error_type").or_else(|| text(hook, "error")))
        }
        _ => None,
    };
    out.extend(event);
    true
}

/// A tool that the developer called off is no news of the agent's.
fn is_interrupt(hook: &Object<'_>) -> bool {
    hook.get("is_interrupt").and_then(super::json::Raw::flag).unwrap_or(false)
}

/// Whether the agent waits for its developer. Older versions tell only in words.
fn is_question(hook: &Object<'_>) -> bool {
    if let Some(kind) = hook.string("notification_type") {
        return matches!(&*kind, "permission_prompt" | "idle_prompt" | "elicitation_dialog");
    }
    let message = hook.string("message").unwrap_or_default();
    message.contains("needs your permission") || message.contains("waiting for your input")
}

/// What a tool that writes files did, where it was one.
fn change(hook: &Object<'_>) -> Option<Change> {
    let (tool, input) = (hook.string("tool_name")?, hook.object("tool_input")?);
    let path = text(&input, "file_path").or_else(|| text(&input, "notebook_path"));
    if !matches!(&*tool, "Edit" | "MultiEdit" | "Write" | "NotebookEdit") {
        return None;
    }
    if let Some(change) = patched(hook, path.clone()) {
        return Some(change);
    }
    let edits: Vec<Object<'_>> = match &*tool {
        "MultiEdit" => input.items("edits").into_iter().filter_map(|e| e.object()).collect(),
        "Edit" => vec![input],
        _ => return Some(Change::replaced(path, "", &written(&input))),
    };
    Some(edits.iter().fold(Change { path, files: 1, ..Change::default() }, |mut sum, edit| {
        let [old, new] = ["old_string", "new_string"].map(|n| edit.string(n).unwrap_or_default());
        let one = Change::replaced(None, &old, &new);
        sum.added += one.added;
        sum.deleted += one.deleted;
        sum
    }))
}

fn written<'a>(input: &Object<'a>) -> std::borrow::Cow<'a, str> {
    input.string("content").or_else(|| input.string("new_source")).unwrap_or_default()
}

/// The response's patch, which also counts what was there before.
fn patched(hook: &Object<'_>, path: Option<SafeText>) -> Option<Change> {
    let hunks = hook.object("tool_response")?.items("structuredPatch");
    if hunks.is_empty() {
        return None;
    }
    let mut change = Change { path, files: 1, ..Change::default() };
    let lines = hunks.iter().filter_map(|hunk| hunk.object()).flat_map(|hunk| hunk.items("lines"));
    lines.filter_map(|line| line.string()).for_each(|line| change.add_patch_line(&line));
    Some(change)
}
