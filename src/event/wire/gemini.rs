//! Gemini CLI's hooks: names of its own (`BeforeTool`, `AfterAgent`), and a `timestamp`.

use super::super::{AgentState, Event};
use super::agent::{Change, state, text};
use super::json::Object;

const APP: &str = "gemini";

/// Reads a hook's object that has a `timestamp`.
pub(super) fn hook(hook: &Object<'_>, out: &mut Vec<Event>) -> bool {
    let Some(name) = hook.string("hook_event_name") else { return false };
    let told = |as_state, message| Some(state(APP, as_state, message, hook));
    let event = match &*name {
        "BeforeAgent" | "BeforeTool" => told(AgentState::Working, text(hook, "tool_name")),
        "AfterTool" => change(hook)
            .map(|change| change.event(hook))
            .or_else(|| told(AgentState::Working, text(hook, "tool_name"))),
        "AfterAgent" => told(AgentState::Done, None),
        "Notification"
            if hook.string("notification_type").is_some_and(|t| t == "ToolPermission") =>
        {
            told(AgentState::Blocked, text(hook, "message"))
        }
        // Models' chunks come by the hundred, sessions begin and end: no news.
        "BeforeModel"
        | "AfterModel"
        | "BeforeToolSelection"
        | "SessionStart"
        | "SessionEnd"
        | "Notification"
        | "PreCompress" => None,
        _ => return false,
    };
    let ts = hook.string("timestamp").and_then(|ts| ts.parse().ok());
    out.extend(event.map(|event| Event { ts, ..event }));
    true
}

/// What a tool that writes files did, where it was one and did not fail.
fn change(hook: &Object<'_>) -> Option<Change> {
    let (tool, input) = (hook.string("tool_name")?, hook.object("tool_input")?);
    if hook.object("tool_response").is_some_and(|response| response.get("error").is_some()) {
        return None;
    }
    let [old, new] = match &*tool {
        "replace" => {
            ["old_string", "new_string"].map(|name| input.string(name).unwrap_or_default())
        }
        "write_file" => [Default::default(), input.string("content").unwrap_or_default()],
        _ => return None,
    };
    Some(Change::replaced(text(&input, "file_path"), &old, &new))
}
