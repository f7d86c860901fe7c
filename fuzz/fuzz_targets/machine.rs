//! A dotLottie state machine, run through whatever it listens to.

#![no_main]

use buddy_render::scene::dotlottie::machine::{InputValue, Machine, PointerEvent, StateMachine};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use std::time::Duration;

/// A definition may have a thousand inputs; the first ones show as much.
const MOST: usize = 16;

fuzz_target!(|data: &[u8]| {
    let Ok(definition) = StateMachine::parse(data) else { return };
    let inputs: Vec<_> = definition.inputs().take(MOST).collect();
    let inputs: Vec<_> = inputs.into_iter().map(|(n, v)| (n.to_owned(), v.clone())).collect();
    let layer = definition.layers().next().map(str::to_owned);
    let (mut machine, _) = Machine::start(Arc::new(definition), 1);
    for (name, value) in inputs {
        match value {
            InputValue::Number(n) => machine.set_number(&name, n + 1.0),
            InputValue::Text(text) => machine.set_text(&name, &(text + "!")),
            InputValue::Flag(flag) => machine.set_flag(&name, !flag),
            InputValue::Event => machine.fire(&name),
        };
        machine.advance(Duration::from_millis(700));
    }
    for event in [PointerEvent::Enter, PointerEvent::Down, PointerEvent::Click, PointerEvent::Exit]
    {
        machine.pointer(event, layer.as_deref());
    }
    machine.completed(true);
    machine.completed(false);
});
