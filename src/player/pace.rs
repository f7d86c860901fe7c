//! How fast frames may go to a terminal. Pure: times are told, nothing is measured here.
//!
//! After a frame the terminal is asked whether it has read it (DSR 5), and the next one waits for
//! the answer. So a slow terminal gets fewer frames and never old ones, and one that stopped
//! reading has little to catch up on. The time from the write to the answer decides the frame rate
//! together with the system's load.

use crate::terminal::outbox::SLICE;
use std::time::Duration;

/// The fewest frames a second, however slow the terminal or busy the system: fewer look broken.
pub const SLOWEST: f32 = 2.0;
/// The most frames a second; more are not seen in a drawing of this size.
pub const FASTEST: f32 = 30.0;
/// How much of its time a terminal may spend on us: the user's own output is to come first.
const SHARE: f32 = 0.5;
/// How long an answer is waited for before frames go on without.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long after a question it is taken for lost: somebody else read the answer, or the terminal
/// was stopped. Then one is asked anew.
const LOST: Duration = Duration::from_secs(10);
/// How long after an unanswered question a terminal that never answered one is asked again.
const SELDOM: Duration = Duration::from_secs(60);
/// How often the system's load is looked at: it is a mean over a minute.
const LOAD_EVERY: Duration = Duration::from_secs(5);

/// What is known of the terminal's answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manners {
    /// It is not to be asked.
    NotAsked,
    /// It was not asked yet, or did not have its time to answer.
    Untried,
    /// It has answered.
    Answers,
    /// It let its time pass without ever answering.
    Silent,
}

/// A question that was not answered yet.
#[derive(Clone, Copy, Debug)]
struct Question {
    /// When what it asks about began to be written.
    since: Duration,
}

/// Decides when the next bytes may go out and how many frames a second there are. Times are since
/// any one start.
#[derive(Clone, Debug)]
pub struct Pace {
    most: f32,
    manners: Manners,
    question: Option<Question>,
    /// When a question was last asked.
    asked: Option<Duration>,
    /// Bytes that went out since the terminal last had read all.
    unread: usize,
    /// How long an answer is under way.
    distance: Duration,
    /// What a frame costs the terminal, smoothed.
    cost: Duration,
    /// Of the frames that the system can afford, 1 where it is not busy.
    ease: f32,
    load_due: Duration,
}

impl Pace {
    /// For a terminal that was sent nothing yet. `most` is frames a second; `distance` is how long it
    /// took to answer the probe, which was hardly any work: an answer about a frame takes that long,
    /// too, however quickly the frame is read. One that has not answered is not asked.
    #[must_use]
    pub const fn new(most: f32, distance: Option<Duration>) -> Self {
        let (manners, distance) = match distance {
            Some(distance) => (Manners::Untried, distance),
            None => (Manners::NotAsked, Duration::ZERO),
        };
        Self {
            most: most.clamp(1.0, FASTEST),
            manners,
            distance,
            question: None,
            asked: None,
            unread: 0,
            cost: Duration::ZERO,
            ease: 1.0,
            load_due: Duration::ZERO,
        }
    }

    /// Frames a second, now: between [`SLOWEST`] and what was given as the most.
    #[must_use]
    pub fn frame_rate(&self) -> f32 {
        let terminal = SHARE / self.cost.as_secs_f32().max(0.001);
        (self.most * self.ease).min(terminal).max(SLOWEST.min(self.most))
    }

    /// The shortest time between the beginnings of two frames, whatever they are for.
    #[must_use]
    pub fn gap(&self) -> Duration {
        Duration::from_secs_f32(1.0 / FASTEST)
    }

    /// Whether the next frame, or the next slice of an upload, may go out.
    #[must_use]
    pub fn may_send(&self, now: Duration) -> bool {
        match self.question {
            None => true,
            Some(question) if now < question.since + PATIENCE => self.manners == Manners::Silent,
            // It is slow or has stopped: no more than it can read at once when it goes on.
            Some(_) if self.manners == Manners::Answers => self.unread < SLICE,
            Some(_) => true,
        }
    }

    /// Whether a sequence longer than a slice may go out: only while the terminal answers, or
    /// never does.
    #[must_use]
    pub fn may_send_long(&self, now: Duration) -> bool {
        self.may_send(now) && (self.question.is_none() || self.manners != Manners::Answers)
    }

    /// When what may not be sent now may be, if no answer comes before.
    #[must_use]
    pub fn retry(&self, now: Duration) -> Duration {
        let since = self.question.map_or(now, |question| question.since);
        let next = [since + PATIENCE, since + LOST].into_iter().find(|at| *at > now);
        next.unwrap_or(now + PATIENCE)
    }

    /// Whether what is sent now should be asked about.
    #[must_use]
    pub fn wants_answer(&self, now: Duration) -> bool {
        let since = |patience| self.asked.is_none_or(|asked| now >= asked + patience);
        match self.manners {
            Manners::NotAsked => false,
            Manners::Silent => since(SELDOM),
            Manners::Untried | Manners::Answers => self.question.is_none() || since(LOST),
        }
    }

    /// Time has passed: an answer that is not coming is given up.
    pub fn tick(&mut self, now: Duration) {
        let Some(question) = self.question else { return };
        let waited = now.saturating_sub(question.since);
        if waited >= PATIENCE && self.manners == Manners::Untried {
            self.manners = Manners::Silent;
        }
        if waited >= LOST {
            self.question = None;
            self.unread = 0;
        }
    }

    /// The terminal took the last of `bytes` that began to be written at `since`; the question is
    /// behind them if `asked`.
    pub fn sent(&mut self, since: Duration, bytes: usize, asked: bool) {
        self.unread = self.unread.saturating_add(bytes);
        if asked {
            self.question = Some(Question { since });
            self.asked = Some(since);
        }
    }

    /// The terminal answered at `now`: it has read all that the question was behind.
    pub fn answered(&mut self, now: Duration) {
        let Some(question) = self.question.take() else { return };
        self.manners = Manners::Answers;
        self.unread = 0;
        let took = now.saturating_sub(question.since).saturating_sub(self.distance).min(PATIENCE);
        // Down at once, up again slowly: one frame that came through quickly is no proof.
        self.cost =
            if took > self.cost { (self.cost + took) / 2 } else { (self.cost * 7 + took) / 8 };
    }

    /// Nothing that went out matters any more: the terminal was left to somebody else meanwhile.
    pub fn forget(&mut self) {
        self.question = None;
        self.unread = 0;
    }

    /// Whether it is time to look at the system's load. Says so once each few seconds.
    pub fn wants_load(&mut self, now: Duration) -> bool {
        let due = now >= self.load_due;
        if due {
            self.load_due = now + LOAD_EVERY;
        }
        due
    }

    /// The system has so many processes ready to run (a mean over the last minute) and so many
    /// processors for them. More than one each, and we take less.
    pub fn load(&mut self, average: f64, processors: usize) {
        #[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits")]
        let each = (average / processors.max(1) as f64) as f32;
        self.ease = if each.is_finite() && each > 1.0 { 1.0 / each } else { 1.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: Option<Duration> = Some(Duration::ZERO);

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Sends frames of `bytes` to a terminal that answers `delay` later, as often as the pace
    /// allows, and gives back when.
    fn play(
        pace: &mut Pace,
        bytes: usize,
        delay: Option<Duration>,
        until: Duration,
    ) -> Vec<Duration> {
        let (mut sent, mut answer, mut due) = (Vec::new(), None, Duration::ZERO);
        let mut now = Duration::ZERO;
        while now < until {
            if answer.is_some_and(|at| at <= now) {
                answer = None;
                pace.answered(now);
            }
            pace.tick(now);
            if now >= due && pace.may_send(now) {
                let ask = pace.wants_answer(now);
                pace.sent(now, bytes, ask);
                answer = if ask { delay.map(|delay| now + delay) } else { answer };
                due = now + Duration::from_secs_f32(1.0 / pace.frame_rate());
                sent.push(now);
            }
            now += ms(1);
        }
        sent
    }

    #[test]
    fn a_quick_terminal_gets_the_protocols_own_rate() {
        let mut pace = Pace::new(12.0, NEAR);
        let sent = play(&mut pace, 500, Some(ms(5)), ms(10_000));
        assert!((115..=121).contains(&sent.len()), "{}", sent.len());
        assert!((pace.frame_rate() - 12.0).abs() < 0.01);
        assert!(Pace::new(60.0, NEAR).frame_rate() <= FASTEST);
    }

    #[test]
    fn a_slow_one_spends_no_more_than_half_of_its_time_on_us() {
        let mut pace = Pace::new(12.0, NEAR);
        let sent = play(&mut pace, 500, Some(ms(100)), ms(10_000));
        assert!((45..=60).contains(&sent.len()), "{}", sent.len());
        let mut pace = Pace::new(12.0, NEAR);
        let sent = play(&mut pace, 500, Some(ms(400)), ms(10_000));
        assert!((18..=24).contains(&sent.len()), "never below two: {}", sent.len());
    }

    #[test]
    fn a_far_one_is_not_taken_for_a_slow_one() {
        let mut pace = Pace::new(12.0, Some(ms(150)));
        let sent = play(&mut pace, 500, Some(ms(160)), ms(10_000));
        // One frame under way at a time is all that keeps it from twelve.
        assert!((58..=63).contains(&sent.len()), "{}", sent.len());
        let mut pace = Pace::new(12.0, Some(ms(50)));
        let sent = play(&mut pace, 500, Some(ms(250)), ms(10_000));
        assert!((20..=28).contains(&sent.len()), "{}", sent.len());
    }

    #[test]
    fn one_that_becomes_quick_again_gets_its_frames_back() {
        let mut pace = Pace::new(10.0, NEAR);
        play(&mut pace, 500, Some(ms(300)), ms(5000));
        assert!(pace.frame_rate() < 3.0);
        for n in 0..60 {
            pace.sent(ms(6000 + n * 100), 500, true);
            pace.answered(ms(6002 + n * 100));
        }
        assert!((pace.frame_rate() - 10.0).abs() < 0.01);
    }

    #[test]
    fn a_terminal_that_stopped_gets_one_slice_and_one_frame_at_most() {
        let mut pace = Pace::new(10.0, NEAR);
        play(&mut pace, 500, Some(ms(5)), ms(1000));
        let mut behind = 0;
        for now in (1000..9000).step_by(100).map(ms) {
            pace.tick(now);
            if pace.may_send(now) {
                behind += 3000;
                let ask = pace.wants_answer(now);
                pace.sent(now, 3000, ask);
                assert!(!pace.may_send_long(now));
            }
        }
        assert!((3000..SLICE + 3000).contains(&behind), "{behind}");
        pace.answered(ms(9000));
        assert!(pace.may_send(ms(9000)) && pace.may_send_long(ms(9000)));
    }

    #[test]
    fn one_that_never_answers_is_hardly_asked_and_gets_its_frames() {
        let mut pace = Pace::new(10.0, NEAR);
        let sent = play(&mut pace, 500, None, ms(11_000));
        assert!((95..=101).contains(&sent.len()), "{}", sent.len());
        assert!(sent[1] >= PATIENCE, "the first answer is waited for");
        assert!(!pace.wants_answer(ms(30_000)) && pace.wants_answer(ms(61_000)));
        let mut pace = Pace::new(10.0, None);
        assert_eq!(play(&mut pace, 500, None, ms(2000)).len(), 20);
        assert!(!pace.wants_answer(ms(100_000)));
    }

    #[test]
    fn a_lost_answer_is_got_over() {
        let mut pace = Pace::new(10.0, NEAR);
        pace.sent(ms(0), 500, true);
        pace.answered(ms(10));
        pace.sent(ms(100), 9000, true);
        pace.tick(ms(5000));
        assert!(!pace.may_send(ms(5000)));
        assert_eq!(pace.retry(ms(500)), ms(1100));
        assert_eq!(pace.retry(ms(5000)), ms(10_100));
        pace.tick(ms(10_100));
        assert!(pace.may_send(ms(10_100)) && pace.wants_answer(ms(10_100)));
    }

    #[test]
    fn an_answer_to_nobodys_question_changes_nothing() {
        let mut pace = Pace::new(10.0, NEAR);
        pace.answered(ms(700));
        assert!((pace.frame_rate() - 10.0).abs() < 0.01);
        pace.sent(ms(800), 100, true);
        pace.forget();
        assert!(pace.may_send(ms(801)));
    }

    #[test]
    fn a_busy_system_gets_fewer_frames() {
        let mut pace = Pace::new(12.0, NEAR);
        pace.load(1.9, 2);
        assert!((pace.frame_rate() - 12.0).abs() < 0.01);
        pace.load(6.0, 2);
        assert!((pace.frame_rate() - 4.0).abs() < 0.01);
        pace.load(500.0, 2);
        assert!((pace.frame_rate() - SLOWEST).abs() < 0.01);
        pace.load(f64::NAN, 0);
        assert!((pace.frame_rate() - 12.0).abs() < 0.01);
        assert!(pace.wants_load(ms(0)) && !pace.wants_load(ms(4999)) && pace.wants_load(ms(5000)));
    }
}
