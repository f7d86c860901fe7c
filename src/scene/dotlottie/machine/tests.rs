use super::*;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/dotlottie").join(path)
}

fn machine(name: &str) -> Result<StateMachine, SceneError> {
    StateMachine::parse(&std::fs::read(fixture("machines").join(name)).unwrap())
}

fn started(name: &str) -> Machine {
    Machine::start(Arc::new(machine(name).unwrap()), 1).0
}

fn files(folder: &str) -> Vec<PathBuf> {
    std::fs::read_dir(fixture(folder)).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_reference_machines_are_read_or_refused_for_a_reason() {
    let refused = [
        ("bool_guard.json", "\"initial\" is missing"),
        ("security-compare_to.json", "the input \"ATriggerName\""),
        ("security-event_guards.json", "the input \"DoesntExist\""),
        ("security-guardless_transitions.json", "more than one transition has no guard"),
        ("security-multi_global.json", "state \"a\": a second global state"),
    ];
    for path in files("machines") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let why = refused.iter().find(|(refused, _)| *refused == name);
        match (machine(name), why) {
            (Ok(_), None) => {}
            (Err(error), Some((_, why))) => assert!(error.to_string().contains(why), "{error}"),
            (result, _) => panic!("{name}: {:?}", result.err()),
        }
    }
}

/// An effect as the traces spell it; none for what the reference player keeps to itself.
fn told(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Transition { from, to } => format!("transition {from} > {to}"),
        Effect::Left { state } => format!("left {state}"),
        Effect::Entered { state } => format!("entered {state}"),
        Effect::Changed { input, value } => match value {
            InputValue::Number(number) => format!("changed {input} {number}"),
            InputValue::Text(text) => format!("changed {input} {text}"),
            InputValue::Flag(flag) => format!("changed {input} {flag}"),
            InputValue::Event => return None,
        },
        Effect::Fired(name) => format!("fired {name}"),
        Effect::Custom(message) => format!("custom {message}"),
        _ => return None,
    })
}

fn step(machine: &mut Machine, step: &Value) -> Vec<Effect> {
    let (kind, with) = step.as_object().unwrap().iter().next().unwrap();
    let name = with.as_str().or(with[0].as_str()).unwrap_or("");
    match kind.as_str() {
        "num" => machine.set_number(name, with[1].as_f64().unwrap()),
        "bool" => machine.set_flag(name, with[1].as_bool().unwrap()),
        "str" => machine.set_text(name, with[1].as_str().unwrap()),
        "fire" => machine.fire(name),
        "tick" => machine.advance(Duration::from_millis(with.as_u64().unwrap())),
        "down" => machine.pointer(PointerEvent::Down, None),
        "up" => machine.pointer(PointerEvent::Up, None),
        "move" => machine.pointer(PointerEvent::Move, None),
        "enter" => machine.pointer(PointerEvent::Enter, None),
        "exit" => machine.pointer(PointerEvent::Exit, None),
        other => panic!("{other}"),
    }
}

#[test]
fn machines_run_as_in_the_reference_player() {
    for path in files("traces") {
        let trace: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let definition = Arc::new(machine(trace["machine"].as_str().unwrap()).unwrap());
        let (mut running, mut effects) = Machine::start(definition, 1);
        for (i, expected) in trace["steps"].as_array().unwrap().iter().enumerate() {
            if i > 0 {
                effects = step(&mut running, &expected["step"]);
            }
            let told: Vec<String> = effects.iter().filter_map(told).collect();
            assert_eq!(serde_json::json!(told), expected["events"], "{path:?}, step {i}");
            assert_eq!(running.state(), expected["state"], "{path:?}, step {i}");
        }
    }
}

#[test]
fn a_machine_that_loops_is_stopped() {
    let mut machine = started("security-infinite_loop.json");
    let effects = machine.set_number("rating", 2.0);
    assert!(machine.is_tweening(), "both states play the same animation");
    assert!(!effects.contains(&Effect::Stopped(Stop::Loops)));
    let effects = machine.end_tween();
    assert_eq!(effects.last(), Some(&Effect::Stopped(Stop::Loops)));
    assert!(machine.is_stopped());
    let state = machine.state().to_owned();
    machine.set_number("rating", 5.0);
    assert_eq!(machine.state(), state);
}

#[test]
fn a_final_state_is_the_last() {
    let mut machine = started("normal_usecases-final_state.json");
    let effects = machine.set_number("rating", 5.0);
    assert_eq!(effects.last(), Some(&Effect::Stopped(Stop::Final)));
    machine.set_number("rating", 2.0);
    assert_eq!(machine.state(), "star_5");
}

#[test]
fn the_end_of_what_plays_leads_on() {
    let mut machine = started("pigeon.json");
    assert!(machine.completed(false).is_empty());
    machine.pointer(PointerEvent::Down, None);
    assert_eq!(machine.state(), "explosion");
    let effects = machine.completed(false);
    let played = effects.iter().find_map(|effect| match effect {
        Effect::Play { playback, tween: None } => playback.segment.clone(),
        _ => None,
    });
    assert_eq!(played.as_deref(), Some("feather"));
    assert!(machine.completed(true).is_empty(), "a turn of a loop is another thing");
    machine.completed(false);
    assert_eq!(machine.state(), "pigeonRunning");
}

#[test]
fn the_betas_names_are_read() {
    let mut machine = started("beta.json");
    machine.pointer(PointerEvent::Down, None);
    assert_eq!(machine.state(), "explosion");
}

#[test]
fn layers_are_entered_and_left() {
    let mut machine = started("interaction-pointer_exit.json");
    machine.pointer(PointerEvent::Move, Some("star2"));
    assert_eq!(machine.state(), "star_2");
    machine.pointer(PointerEvent::Move, None);
    assert_eq!(machine.state(), "star_0");
    let mut machine = started("interaction-pointer_enter.json");
    machine.pointer(PointerEvent::Move, Some("star3"));
    assert_eq!(machine.input("rating"), Some(InputValue::Number(3.0)));
    assert!(machine.pointer(PointerEvent::Move, Some("star3")).is_empty(), "it is there already");
}

#[test]
fn chance_follows_the_seed() {
    let roll = |seed| {
        let definition = Arc::new(machine("action-set_random.json").unwrap());
        let mut machine = Machine::start(definition, seed).0;
        machine.set_number("trigger", 4.0);
        machine.input("irange").unwrap()
    };
    assert_eq!(roll(3), roll(3));
    let all: Vec<_> = (0..50).map(roll).collect();
    assert!((1..=6).all(|n| all.contains(&InputValue::Number(f64::from(n)))));
}

#[test]
fn addresses_are_not_opened() {
    let mut machine = started("rating.json");
    let effects = machine.set_number("rating", 1.0);
    let refused = Effect::Refused("OpenUrl \"https://www.google.com/\"".into());
    assert!(effects.contains(&refused), "{effects:?}");
}

#[test]
fn an_error_names_what_is_wrong() {
    let json = r#"{"initial":"a","states":[{"type":"PlaybackState","name":"a",
        "entryActions":[{"type":"Self\u001bDestruct"}]}]}"#;
    let error = StateMachine::parse(json.as_bytes()).unwrap_err().to_string();
    assert!(error.contains(r#"state "a": "Self\u{1b}Destruct" is no type of action"#), "{error}");
}

#[test]
fn no_mutated_machine_panics() {
    let files: Vec<Vec<u8>> =
        files("machines").iter().map(|path| std::fs::read(path).unwrap()).collect();
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..5000 {
        let mut bytes = random.choice(&files).unwrap().clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(0..bytes.len());
            bytes[at] = *random.choice(br#"0-9"[]{}:,e\$@x"#).unwrap();
        }
        let Ok(definition) = StateMachine::parse(&bytes) else { continue };
        let names: Vec<String> = definition.inputs().map(|(name, _)| name.to_owned()).collect();
        let mut machine = Machine::start(Arc::new(definition), 1).0;
        for name in &names {
            machine.fire(name);
            machine.set_flag(name, true);
            machine.set_number(name, f64::from(random.i32(-3..9)));
            machine.pointer(PointerEvent::Down, Some("star1"));
            machine.completed(random.bool());
            machine.advance(Duration::from_millis(700));
        }
    }
}
