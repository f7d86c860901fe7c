//! A mind that wants one thing: to repeat a clip. For previews.

use super::{Effect, Input, Mind};
use crate::event::EventKind;
use std::time::Duration;

/// Plays one clip over and over, another when told to by `play`, and leaves at the end of input.
#[derive(Clone, Debug)]
pub struct OneClip {
    clip: String,
    begun: bool,
}

impl OneClip {
    /// A mind set on that clip.
    #[must_use]
    pub fn new(clip: &str) -> Self {
        Self { clip: clip.to_owned(), begun: false }
    }
}

impl Mind for OneClip {
    fn step(&mut self, _now: Duration, input: Input) -> Vec<Effect> {
        match input {
            Input::EndOfInput => return vec![Effect::Leave],
            Input::Event(event) => match event.kind {
                EventKind::Play { clip } => self.clip = clip,
                _ => return Vec::new(),
            },
            Input::Tick if self.begun => return Vec::new(),
            Input::Quiet(_) => return Vec::new(),
            Input::Tick => {}
        }
        self.begun = true;
        vec![Effect::Play { clip: self.clip.clone(), looping: true, urgent: true }]
    }

    fn next_deadline(&self) -> Option<Duration> {
        None
    }
}
