//! The JSON spelling of state machines, the beta's names included.

use super::{
    Action, Condition, Guard, InputValue, Interaction, Loop, Mode, Operand, Playback, PointerEvent,
    State, StateMachine, Transition, Trigger, Tween,
};
use super::{
    MAX_ACTIONS, MAX_GUARDS, MAX_INPUTS, MAX_INTERACTIONS, MAX_MACHINE_BYTES, MAX_STATES,
    MAX_TEXT_BYTES, MAX_TRANSITIONS,
};
use crate::scene::SceneError;
use crate::scene::dotlottie::{quoted, tidy};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

type Object = Map<String, Value>;
/// What is wrong, to be told with the name of the state or input it is in.
type Part<T> = Result<T, String>;

pub(super) fn parse(json: &[u8]) -> Result<StateMachine, SceneError> {
    limit("the state machine's size in bytes", json.len(), MAX_MACHINE_BYTES)?;
    let root: Value = serde_json::from_slice(json).map_err(|e| broken(&tidy(&e.to_string())))?;
    let root = root.as_object().ok_or_else(|| broken("it is no JSON object"))?;
    let states = list(root, &["states"]).map_err(|e| broken(&e))?;
    limit("the number of states in the state machine", states.len(), MAX_STATES)?;
    let names = names(states)?;
    let inputs = inputs(list(root, &["inputs", "triggers"]).map_err(|e| broken(&e))?)?;
    let mut reader =
        Reader { names: &names, inputs: &inputs, transitions: 0, guards: 0, actions: 0 };
    let mut read = Vec::with_capacity(states.len());
    for (state, name) in states.iter().zip(&names) {
        read.push(reader.state(state, name).map_err(|e| within("state", name, &e))?);
        reader.within_limits()?;
    }
    let interactions = reader.interactions(root)?;
    let initial = text(root, "initial").map_err(|e| broken(&e))?;
    let place = names.iter().position(|name| *name == initial);
    let initial = place.ok_or_else(|| within("initial state", &initial, "there is none"))?;
    let global = one_global(&read)?;
    Ok(StateMachine { initial, global, states: read, interactions, inputs })
}

fn limit(what: &'static str, count: usize, limit: usize) -> Result<(), SceneError> {
    if count > limit {
        return Err(SceneError::Limit { what, limit: limit as u64 });
    }
    Ok(())
}

fn broken(what: &str) -> SceneError {
    SceneError::Container(format!("the state machine: {what}"))
}

fn within(kind: &str, name: &str, what: &str) -> SceneError {
    broken(&format!("{kind} {}: {what}", quoted(name)))
}

/// The list under the first of these keys that is there.
fn list<'a>(object: &'a Object, keys: &[&str]) -> Part<&'a [Value]> {
    match keys.iter().find_map(|key| object.get(*key)) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(format!("{:?} is no list", keys.first().unwrap_or(&""))),
    }
}

fn object(value: &Value) -> Part<&Object> {
    value.as_object().ok_or_else(|| "an entry is no JSON object".to_owned())
}

fn text(object: &Object, key: &str) -> Part<String> {
    let text = object.get(key).and_then(Value::as_str);
    let text = text.ok_or_else(|| format!("{key:?} is missing or no text"))?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("{key:?} is over {MAX_TEXT_BYTES} bytes long"));
    }
    Ok(text.to_owned())
}

/// A text that may be absent; an empty one counts as absent.
fn some_text(object: &Object, key: &str) -> Part<Option<String>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => text(object, key).map(|text| Some(text).filter(|text| !text.is_empty())),
    }
}

fn flag(object: &Object, key: &str) -> Part<bool> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| format!("{key:?} is neither true nor false")),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

fn names(states: &[Value]) -> Result<Vec<String>, SceneError> {
    let mut names: Vec<String> = Vec::with_capacity(states.len());
    for state in states {
        let name = object(state).and_then(|state| text(state, "name"));
        let name = name.map_err(|e| broken(&format!("a state: {e}")))?;
        if names.contains(&name) {
            return Err(within("state", &name, "two have this name"));
        }
        names.push(name);
    }
    Ok(names)
}

fn inputs(list: &[Value]) -> Result<BTreeMap<String, InputValue>, SceneError> {
    limit("the number of inputs of the state machine", list.len(), MAX_INPUTS)?;
    let mut inputs = BTreeMap::new();
    for entry in list {
        let entry = object(entry).map_err(|e| broken(&e))?;
        let name = text(entry, "name").map_err(|e| broken(&format!("an input: {e}")))?;
        // These names are kept for what is built in; the reference player drops them too.
        if name.starts_with('@') {
            continue;
        }
        let value = input(entry).map_err(|e| within("input", &name, &e))?;
        let kind = std::mem::discriminant(&value);
        let before = inputs.insert(name.clone(), value);
        if before.is_some_and(|before| std::mem::discriminant(&before) != kind) {
            return Err(within("input", &name, "it has two types"));
        }
    }
    Ok(inputs)
}

fn input(entry: &Object) -> Part<InputValue> {
    let wrong = || "its value is not of its type".to_owned();
    let value = entry.get("value").unwrap_or(&Value::Null);
    Ok(match text(entry, "type")?.as_str() {
        "Numeric" => InputValue::Number(number(value).ok_or_else(wrong)?),
        "String" => InputValue::Text(text(entry, "value")?),
        "Boolean" => InputValue::Flag(value.as_bool().ok_or_else(wrong)?),
        "Event" => InputValue::Event,
        other => return Err(format!("{} is no type of input", quoted(other))),
    })
}

fn one_global(states: &[State]) -> Result<Option<usize>, SceneError> {
    let mut global = states.iter().enumerate().filter(|(_, state)| state.playback.is_none());
    let first = global.next();
    if let Some((_, second)) = global.next() {
        return Err(within("state", &second.name, "a second global state"));
    }
    Ok(first.map(|(place, _)| place))
}

struct Reader<'a> {
    names: &'a [String],
    inputs: &'a BTreeMap<String, InputValue>,
    transitions: usize,
    guards: usize,
    actions: usize,
}

impl Reader<'_> {
    fn within_limits(&self) -> Result<(), SceneError> {
        limit("the number of transitions of the state machine", self.transitions, MAX_TRANSITIONS)?;
        limit("the number of guards of the state machine", self.guards, MAX_GUARDS)?;
        limit("the number of actions of the state machine", self.actions, MAX_ACTIONS)
    }

    fn state(&mut self, value: &Value, name: &str) -> Part<State> {
        let state = object(value)?;
        let playback = match text(state, "type")?.as_str() {
            "PlaybackState" => Some(playback(state)?),
            "GlobalState" => None,
            other => return Err(format!("{} is no type of state", quoted(other))),
        };
        let transitions = list(state, &["transitions"])?;
        self.transitions += transitions.len();
        let transitions =
            transitions.iter().map(|t| self.transition(t)).collect::<Part<Vec<_>>>()?;
        if transitions.iter().filter(|t| t.guards.is_empty()).count() > 1 {
            return Err("more than one transition has no guard".to_owned());
        }
        Ok(State {
            name: name.to_owned(),
            is_final: playback.is_some() && flag(state, "final")?,
            playback,
            entry: self.actions(list(state, &["entryActions"])?)?,
            exit: self.actions(list(state, &["exitActions"])?)?,
            transitions,
        })
    }

    fn transition(&mut self, value: &Value) -> Part<Transition> {
        let transition = object(value)?;
        let to = text(transition, "toState")?;
        let tween = match text(transition, "type")?.as_str() {
            "Transition" => None,
            "Tweened" => Some(tween(transition)?),
            other => return Err(format!("{} is no type of transition", quoted(other))),
        };
        let guards = list(transition, &["guards"])?;
        self.guards += guards.len();
        let guards = guards.iter().map(|g| self.guard(g)).collect::<Part<Vec<_>>>()?;
        Ok(Transition { to: self.names.iter().position(|name| *name == to), guards, tween })
    }

    fn guard(&self, value: &Value) -> Part<Guard> {
        let guard = object(value)?;
        let input = input_name(guard)?;
        let kind = text(guard, "type")?;
        if kind == "Event" {
            self.known(&input, &InputValue::Event)?;
            return Ok(Guard::Event(input));
        }
        let condition = condition(guard)?;
        let against = guard.get("compareTo").unwrap_or(&Value::Null);
        let wrong = || format!("a guard on {}: \"compareTo\" is not of its type", quoted(&input));
        Ok(match kind.as_str() {
            "Numeric" => {
                if let Some(name) = against.as_str().filter(|name| !name.starts_with('@')) {
                    self.known(name.trim_start_matches('$'), &InputValue::Number(0.0))?;
                }
                let against = numeric(against).ok_or_else(wrong)?;
                Guard::Number { input, condition, against }
            }
            "String" => {
                let against = against.as_str().ok_or_else(wrong)?;
                let against = match against.strip_prefix('$') {
                    Some(name) => {
                        self.known(name, &InputValue::Text(String::new()))?;
                        Operand::Input(name.to_owned())
                    }
                    None => Operand::Fixed(against.to_owned()),
                };
                Guard::Text { input, condition, against }
            }
            "Boolean" => {
                let against = boolean(against).ok_or_else(wrong)?;
                if let Operand::Input(name) = &against {
                    self.known(name, &InputValue::Flag(false))?;
                }
                Guard::Flag { input, condition, against }
            }
            other => return Err(format!("{} is no type of guard", quoted(other))),
        })
    }

    /// Whether there is an input of this name and of the type of `like`.
    fn known(&self, name: &str, like: &InputValue) -> Part<()> {
        let kind = std::mem::discriminant(like);
        let found = self.inputs.get(name).is_some_and(|v| std::mem::discriminant(v) == kind);
        found.then_some(()).ok_or_else(|| {
            format!("a guard is against the input {}, and there is none of its type", quoted(name))
        })
    }

    fn interactions(&mut self, root: &Object) -> Result<Vec<Interaction>, SceneError> {
        let list = list(root, &["interactions", "listeners"]).map_err(|e| broken(&e))?;
        limit("the number of interactions of the state machine", list.len(), MAX_INTERACTIONS)?;
        let mut read = Vec::with_capacity(list.len());
        for entry in list {
            let interaction = self.interaction(entry);
            read.push(interaction.map_err(|e| broken(&format!("an interaction: {e}")))?);
            self.within_limits()?;
        }
        Ok(read)
    }

    fn interaction(&mut self, value: &Value) -> Part<Interaction> {
        let interaction = object(value)?;
        let layer = some_text(interaction, "layerName")?;
        let pointer = |event| Trigger::Pointer { event, layer };
        let on = match text(interaction, "type")?.as_str() {
            "PointerUp" => pointer(PointerEvent::Up),
            "PointerDown" => pointer(PointerEvent::Down),
            "PointerEnter" => pointer(PointerEvent::Enter),
            "PointerExit" => pointer(PointerEvent::Exit),
            "Click" | "PointerClick" => pointer(PointerEvent::Click),
            "PointerMove" => Trigger::Pointer { event: PointerEvent::Move, layer: None },
            kind @ ("OnComplete" | "OnLoopComplete") => {
                let looped = kind == "OnLoopComplete";
                Trigger::Completed { state: text(interaction, "stateName")?, looped }
            }
            other => return Err(format!("{} is no type of interaction", quoted(other))),
        };
        Ok(Interaction { on, actions: self.actions(list(interaction, &["actions"])?)? })
    }

    fn actions(&mut self, list: &[Value]) -> Part<Vec<Action>> {
        self.actions += list.len();
        list.iter().map(|value| object(value).and_then(action)).collect()
    }
}

fn playback(state: &Object) -> Part<Playback> {
    let count = match state.get("loopCount") {
        None | Some(Value::Null) => 0,
        Some(value) => {
            let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
            count.ok_or("\"loopCount\" is no count")?
        }
    };
    let looping = match (flag(state, "loop")?, count) {
        (false, _) => Loop::Once,
        (true, 0) => Loop::Forever,
        (true, count) => Loop::Times(count),
    };
    let mode = match some_text(state, "mode")?.as_deref() {
        None | Some("Forward") => Mode::Forward,
        Some("Reverse") => Mode::Reverse,
        Some("Bounce") => Mode::Bounce,
        Some("ReverseBounce") => Mode::ReverseBounce,
        Some(other) => return Err(format!("{} is no mode", quoted(other))),
    };
    let speed = match state.get("speed") {
        None | Some(Value::Null) => 1.0,
        Some(value) => number(value).ok_or("\"speed\" is no number")?,
    };
    // Red stands in the highest byte.
    let background = state.get("backgroundColor").and_then(Value::as_u64);
    let background = background.and_then(|color| u32::try_from(color).ok()).map(u32::to_be_bytes);
    Ok(Playback {
        animation: some_text(state, "animation")?,
        segment: some_text(state, "segment")?,
        mode,
        speed,
        looping,
        autoplay: flag(state, "autoplay")?,
        background,
    })
}

fn tween(transition: &Object) -> Part<Tween> {
    let duration = transition.get("duration").and_then(number);
    let duration = duration.ok_or("\"duration\" is no number of seconds")?.clamp(0.0, 1e6);
    let easing: Option<Vec<f64>> = match transition.get("easing") {
        Some(Value::Array(list)) => list.iter().map(number).collect(),
        _ => None,
    };
    let easing = easing.and_then(|easing| <[f64; 4]>::try_from(easing).ok());
    Ok(Tween { duration, easing: easing.ok_or("\"easing\" is not four numbers")? })
}

fn condition(guard: &Object) -> Part<Condition> {
    Ok(match text(guard, "conditionType")?.as_str() {
        "GreaterThan" => Condition::Greater,
        "GreaterThanOrEqual" => Condition::GreaterOrEqual,
        "LessThan" => Condition::Less,
        "LessThanOrEqual" => Condition::LessOrEqual,
        "Equal" => Condition::Equal,
        "NotEqual" => Condition::NotEqual,
        other => return Err(format!("{} is no condition", quoted(other))),
    })
}

/// The input's name, under today's key or the beta's.
fn input_name(of: &Object) -> Part<String> {
    let key = if of.contains_key("inputName") { "inputName" } else { "triggerName" };
    text(of, key).map_err(|_| "\"inputName\" is missing, too long or no text".to_owned())
}

/// A number, `"$input"` or `"@builtIn"`.
fn numeric(value: &Value) -> Option<Operand<f64>> {
    let Some(text) = value.as_str() else {
        return number(value).map(Operand::Fixed);
    };
    let name = text.strip_prefix('$').or(text.starts_with('@').then_some(text));
    Some(name.map_or(Operand::Nothing, |name| Operand::Input(name.to_owned())))
}

fn boolean(value: &Value) -> Option<Operand<bool>> {
    match value.as_str() {
        Some(name) => Some(Operand::Input(name.trim_start_matches('$').to_owned())),
        None => value.as_bool().map(Operand::Fixed),
    }
}

/// A number under a key; none where the key is absent.
fn some_numeric(action: &Object, key: &str) -> Part<Option<Operand<f64>>> {
    match action.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match numeric(value) {
            Some(operand) => Ok(Some(operand)),
            None => Err(format!("{key:?} is no number")),
        },
    }
}

fn action(action: &Object) -> Part<Action> {
    let kind = text(action, "type")?;
    let input = || input_name(action);
    let amount = || some_numeric(action, "value")?.ok_or_else(|| "\"value\" is missing".to_owned());
    let one = || Ok::<_, String>(some_numeric(action, "value")?.unwrap_or(Operand::Fixed(1.0)));
    let bound = |key, default| {
        Ok::<_, String>(some_numeric(action, key)?.unwrap_or(Operand::Fixed(default)))
    };
    Ok(match kind.as_str() {
        "Increment" => Action::Add { input: input()?, by: one()?, sign: 1.0 },
        "Decrement" => Action::Add { input: input()?, by: one()?, sign: -1.0 },
        "Multiply" => Action::Multiply { input: input()?, by: amount()? },
        "Floor" => Action::Floor { input: input()? },
        "Clamp" => {
            let (min, max) = (some_numeric(action, "min")?, some_numeric(action, "max")?);
            Action::Clamp { input: input()?, min, max }
        }
        "SetNumeric" => Action::SetNumber { input: input()?, to: amount()? },
        "SetRandom" => {
            let (min, max) = (bound("min", 0.0)?, bound("max", 1.0)?);
            Action::SetRandom { input: input()?, min, max, whole: flag(action, "integer")? }
        }
        "SetString" => Action::SetText { input: input()?, to: text(action, "value")? },
        "SetBoolean" => {
            let to = action.get("value").and_then(boolean);
            Action::SetFlag { input: input()?, to: to.ok_or("\"value\" is no boolean")? }
        }
        "Toggle" => Action::Toggle { input: input()? },
        "Fire" => Action::Fire { input: input()? },
        "Reset" => Action::Reset { input: input()? },
        "SetFrame" => Action::SetFrame(amount()?),
        "SetProgress" => Action::SetProgress(amount()?),
        other => return message(action, other),
    })
}

/// The actions that name no input.
fn message(action: &Object, kind: &str) -> Part<Action> {
    Ok(match kind {
        "SetTheme" => Action::SetTheme(text(action, "value")?),
        "FireCustomEvent" => Action::Custom(text(action, "value")?),
        "OpenUrl" => Action::Refuse(format!("OpenUrl {}", quoted(&text(action, "url")?))),
        // Known to one of the format's tools, and to no released player before 2026.
        "SetSlot" | "SetExpression" | "SetNode" | "ResetNode" | "Animate" | "AnimateInput"
        | "PlayMotion" => Action::Refuse(kind.to_owned()),
        other => return Err(format!("{} is no type of action", quoted(other))),
    })
}
