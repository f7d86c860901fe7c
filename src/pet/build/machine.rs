//! The clips of a pet as a dotLottie state machine (dotLottie specification 2.0, "State
//! Machines"), so that other players can let it react: an event called as a clip plays that clip,
//! from wherever the pet is, and what is played once goes on to `idle`, or from `doze` to `sleep`.

use super::clips::{Clip, Clips};
use serde_json::{Value as Json, json};

/// The machine's id in the container.
pub(crate) const ID: &str = "clips";

/// What is fired when a clip that is played once comes to its end.
const DONE: &str = "done";

/// The definition, for the animation of that id.
pub(super) fn definition(clips: &Clips, animation: &str) -> Json {
    let clips = &clips.clips;
    let initial = if clips.iter().any(|clip| clip.name == "enter") { "enter" } else { "idle" };
    let any: Vec<Json> = clips.iter().map(|clip| on(&clip.name, &clip.name)).collect();
    let mut states = vec![json!({"name": "any", "type": "GlobalState", "transitions": any})];
    states.extend(clips.iter().map(|clip| state(clip, next(clip, clips), animation)));
    let names = clips.iter().map(|clip| clip.name.as_str()).chain([DONE]);
    let inputs: Vec<Json> = names.map(|name| json!({"name": name, "type": "Event"})).collect();
    let fire = json!([{"type": "Fire", "inputName": DONE}]);
    let ended =
        |clip: &Clip| json!({"type": "OnComplete", "stateName": clip.name, "actions": fire});
    let ends: Vec<Json> =
        clips.iter().filter(|clip| next(clip, clips).is_some()).map(ended).collect();
    json!({"initial": initial, "states": states, "interactions": ends, "inputs": inputs})
}

/// What comes after a clip of these by itself.
fn next(clip: &Clip, clips: &[Clip]) -> Option<&'static str> {
    match clip.name.as_str() {
        // The pet is gone.
        "exit" | "vanish" => None,
        "doze" if clips.iter().any(|clip| clip.name == "sleep") => Some("sleep"),
        _ if clip.looping => None,
        _ => Some("idle"),
    }
}

fn state(clip: &Clip, next: Option<&str>, animation: &str) -> Json {
    let then: Vec<Json> = next.map(|next| on(DONE, next)).into_iter().collect();
    json!({
        "name": clip.name, "type": "PlaybackState", "animation": animation,
        "segment": clip.name, "loop": clip.looping, "autoplay": true, "transitions": then,
    })
}

fn on(event: &str, state: &str) -> Json {
    let guard = json!({"type": "Event", "inputName": event});
    json!({"type": "Transition", "toState": state, "guards": [guard]})
}
