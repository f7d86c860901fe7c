//! A time at which values are asked for, and how long the answers hold.

use std::cell::Cell;

/// From a frame up to, but not with, another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    from: f64,
    to: f64,
}

impl Span {
    pub(super) const ALWAYS: Self = Self { from: f64::NEG_INFINITY, to: f64::INFINITY };
    pub(super) const NEVER: Self = Self { from: f64::INFINITY, to: f64::NEG_INFINITY };

    /// Whether a frame lies in it.
    pub(super) fn holds(&self, frame: f64) -> bool {
        self.from <= frame && frame < self.to
    }
}

/// A frame of a composition, which may lie between two whole ones. Whoever answers for it notes
/// over which frames the same answer would be given; what is made of several answers holds as long
/// as all of them do.
#[derive(Debug)]
pub(super) struct Moment {
    frame: f64,
    span: Cell<Span>,
}

impl Moment {
    pub(super) fn at(frame: f64) -> Self {
        Self { frame, span: Cell::new(Span::ALWAYS) }
    }

    pub(super) fn frame(&self) -> f64 {
        self.frame
    }

    /// The answer holds from a frame to before another, this one being among them.
    pub(super) fn between(&self, from: f64, to: f64) {
        let now = self.span.get();
        self.span.set(Span { from: now.from.max(from), to: now.to.min(to) });
    }

    /// The answer holds until a frame that is still to come, or since one that was.
    pub(super) fn beside(&self, border: f64) {
        if self.frame < border {
            self.between(f64::NEG_INFINITY, border);
        } else {
            self.between(border, f64::INFINITY);
        }
    }

    /// The answer holds at this very time.
    pub(super) fn only(&self) {
        self.between(self.frame, self.frame.next_up());
    }

    /// Where all answers so far hold.
    pub(super) fn span(&self) -> Span {
        self.span.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_hold_together_as_long_as_each() {
        let now = Moment::at(5.0);
        assert!(now.span().holds(-1e9));
        now.beside(2.0);
        now.beside(9.0);
        let span = now.span();
        assert!([2.0, 5.0, 8.9].iter().all(|f| span.holds(*f)), "{span:?}");
        assert!([1.9, 9.0].iter().all(|f| !span.holds(*f)), "{span:?}");
        now.only();
        assert!(now.span().holds(5.0) && !now.span().holds(5.1) && !now.span().holds(4.9));
        assert!(!Span::NEVER.holds(0.0));
    }
}
