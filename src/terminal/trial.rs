//! What a terminal does of kitty's graphics protocol, found out by trying it on pictures of one
//! pixel that are never shown and are freed again.
//!
//! Source: <https://sw.kovidgoyal.net/kitty/graphics-protocol/>, "Querying support" and "Animation".
//! No version number tells as much: forks and multiplexers keep their original's.

/// The ids of one trial: four in a row, so that each answer tells its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    first: u32,
}

impl Trial {
    /// A trial with the ids `first` and the three after it.
    #[must_use]
    pub const fn starting_at(first: u32) -> Self {
        Self { first }
    }

    /// Looked at and forgotten (`a=q`).
    const fn picture(self) -> u32 {
        self.first
    }

    /// Given a second frame, and freed.
    const fn framed(self) -> u32 {
        self.first + 1
    }

    /// Loaded meanwhile, and given a second frame after the other was freed.
    const fn bystander(self) -> u32 {
        self.first + 2
    }

    /// Never loaded.
    const fn absent(self) -> u32 {
        self.first + 3
    }

    /// The questions, each a whole APC string. `esc` is what stands for ESC: two of them for a
    /// multiplexer that passes one on.
    ///
    /// Nothing is asked to be wholly quiet (`q=2`), which would silence the answers too; what only
    /// prepares a question is `q=1`, quiet unless it fails.
    #[must_use]
    pub fn bytes(self, esc: &str) -> Vec<u8> {
        const PIXEL: &str = "s=1,v=1,f=24";
        let (framed, bystander) = (self.framed(), self.bystander());
        let strings = [
            format!("a=q,i={},t=d,{PIXEL};AAAA", self.picture()),
            format!("a=t,i={framed},{PIXEL},q=1;AAAA"),
            format!("a=t,i={bystander},{PIXEL},q=1;AAAA"),
            format!("a=f,i={framed},{PIXEL};AAAA"),
            // Controlling an animation is answered only if it fails: this must.
            format!("a=a,i={},s=1", self.absent()),
            format!("a=d,d=I,i={framed},q=1"),
            format!("a=f,i={bystander},{PIXEL};AAAA"),
            format!("a=d,d=I,i={bystander},q=1"),
        ];
        strings.iter().flat_map(|keys| format!("{esc}_G{keys}{esc}\\").into_bytes()).collect()
    }
}

/// What came of a [`Trial`]: `OK` or an error's code, nothing where there was no answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KittyAnswers {
    /// A picture was looked at.
    pub picture: Option<String>,
    /// A frame was added to a picture (`a=f`).
    pub frame: Option<String>,
    /// An animation that is not there was to be stopped (`a=a`).
    pub control: Option<String>,
    /// A frame was added to a picture after another had been freed.
    pub bystander: Option<String>,
}

impl KittyAnswers {
    /// Takes an answer; false if its id is not of this trial.
    pub fn take(&mut self, trial: Trial, id: u32, code: &str) -> bool {
        let answer = match id {
            _ if id == trial.picture() => &mut self.picture,
            _ if id == trial.framed() => &mut self.frame,
            _ if id == trial.bystander() => &mut self.bystander,
            _ if id == trial.absent() => &mut self.control,
            _ => return false,
        };
        // Whoever answers to q=1 too says OK to the picture before it says no to the frame.
        if answer.as_deref().is_none_or(|before| before == "OK") {
            *answer = Some(code.to_owned());
        }
        true
    }

    /// Whether it takes pictures.
    #[must_use]
    pub fn shows(&self) -> bool {
        self.picture.as_deref() == Some("OK")
    }

    /// Whether it plays frames: it took one, and knew that there was nothing to stop.
    #[must_use]
    pub fn animates(&self) -> bool {
        self.frame.as_deref() == Some("OK") && self.control.as_deref() == Some("ENOENT")
    }

    /// Whether freeing one picture (`d=I`) leaves the others that are not shown alone. kitty up to
    /// 0.26 at least frees them, too. Without an answer it is taken for one that does.
    #[must_use]
    pub fn frees_one_by_one(&self) -> bool {
        self.bystander.as_deref() == Some("OK")
    }

    /// Whether the last question was answered.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.bystander.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answers: &[(u32, &str)]) -> KittyAnswers {
        let mut told = KittyAnswers::default();
        for (id, code) in answers {
            assert!(told.take(Trial::starting_at(31), *id, code));
        }
        told
    }

    #[test]
    fn only_what_was_seen_to_work_counts() {
        let kitty = of(&[(31, "OK"), (32, "OK"), (34, "ENOENT"), (33, "OK")]);
        assert!(kitty.shows() && kitty.animates() && kitty.frees_one_by_one());
        let old = of(&[(31, "OK"), (32, "OK"), (34, "ENOENT"), (33, "ENOENT")]);
        assert!(old.animates() && !old.frees_one_by_one());
        // Answers to the pictures in spite of q=1, knows no frames: once silent, once not.
        assert!(!of(&[(31, "OK"), (32, "OK"), (33, "OK")]).animates());
        let talkative = [(32, "OK"), (33, "OK"), (32, "EINVAL"), (34, "EINVAL"), (33, "EINVAL")];
        assert!(!of(&talkative).animates() && !of(&talkative).frees_one_by_one());
        assert!(!of(&[]).shows());
    }

    #[test]
    fn somebody_elses_answers_are_left_alone() {
        assert!(!KittyAnswers::default().take(Trial::starting_at(31), 35, "OK"));
        assert!(!KittyAnswers::default().take(Trial::starting_at(31), 30, "OK"));
    }

    #[test]
    fn what_was_loaded_is_freed() {
        let bytes = String::from_utf8(Trial::starting_at(7).bytes("\x1b")).unwrap();
        for id in [8, 9] {
            let at = |what: String| bytes.find(&what).unwrap();
            assert!(at(format!("a=t,i={id},")) < at(format!("a=d,d=I,i={id},")));
        }
    }
}
