//! Plays by the real clock, into a terminal or a pipe.

use super::pace::Pace;
use super::{PlayError, Player, load};
use crate::event::EventKind;
use crate::event::bus::Bus;
use crate::manners::{Bearing, Standing};
use crate::mood::Input;
use crate::terminal::outbox::{Next, SLICE};
use crate::terminal::{
    Alarm, Awaited, CursorCare, Outbox, Reply, SHOW_CURSOR, Signal, Signals, Terminal,
    TerminalError, UNWATCH_VISIBILITY, WATCH_VISIBILITY,
};
use crate::units::CellPixels;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// No wait is longer, whatever is waited for.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// So often at least it is asked what the pet may do, where that changes by itself: the time of the
/// day goes on while the machine sleeps, ours does not.
const LONGEST_TRUST: Duration = Duration::from_secs(300);

/// How often a terminal that holds pictures is asked whether it still does: `clear` in some other
/// program may have freed them.
const CHECK: Duration = Duration::from_secs(10);

/// Why playing ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The pet could not be played.
    #[error(transparent)]
    Play(#[from] PlayError),
    /// The terminal could not be used.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// The bytes could not be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// What a key did.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyAction {
    /// Nothing.
    Ignore,
    /// End.
    Quit,
    /// Draw all anew.
    Redraw,
    /// Tell the pet.
    Tell(Input),
}

/// How a live run is bounded and steered.
pub struct Live<'a> {
    /// Where events arrive; without, none do, and nothing ends the run but a key, a signal or the
    /// limit.
    pub bus: Option<&'a Bus>,
    /// The run ends after so long.
    pub limit: Option<Duration>,
    /// Whether frames stand between synchronized-update marks (mode 2026).
    pub synchronized: bool,
    /// Whether the terminal reports that its window is not seen: then nothing is drawn meanwhile.
    pub watches: bool,
    /// Whether the cursor is shown, and so hidden around frames that move it and are not
    /// synchronized.
    pub cursor_shown: bool,
    /// One cell's pixels, where the system does not tell them.
    pub cell: CellPixels,
    /// Says what the pet may do; asked at the start, when `manners.changed` is heard, and when what it
    /// said holds no longer. Without, it may do all.
    pub manners: Option<&'a mut dyn FnMut() -> Bearing>,
    /// What a key the user pressed does. Bytes as the terminal sent them.
    pub on_key: &'a mut dyn FnMut(&[u8]) -> KeyAction,
}

/// Plays until the pet leaves, a signal or key ends it, or the limit is reached, and clears up.
///
/// Nothing waits for a terminal that is slow or has stopped: keys, signals and events are attended
/// to all the while, and no frame is drawn before the one ahead of it was read ([`Pace`]).
///
/// # Errors
/// When the pet cannot be played or the terminal not be written to.
pub fn run(
    player: &mut Player,
    terminal: &mut Terminal,
    signals: &mut Signals,
    live: &mut Live<'_>,
) -> Result<(), LiveError> {
    let alarm = Alarm::new()?;
    if let Some(bus) = live.bus {
        let bell = alarm.bell()?;
        // For what came before there was a bell.
        bell();
        bus.set_bell(Some(Box::new(bell)));
    }
    let frame_rate = player.frame_rate();
    let pace = Pace::new(frame_rate, terminal.answer_time());
    let mut show = Show {
        ended: live.bus.is_none(),
        player,
        terminal,
        signals,
        live,
        alarm,
        begun: Instant::now(),
        outbox: Outbox::new(),
        pace,
        slice_since: Duration::ZERO,
        asks: false,
        wake: Duration::ZERO,
        drawn: None,
        news: true,
        refit: false,
        wiped: false,
        unseen: false,
        check: CHECK,
        trusted: Trust::default(),
    };
    let played = show.watch().and_then(|()| show.play());
    let cleared = show.clear();
    show.terminal.set_farewell(&[]);
    show.player.set_frame_rate(frame_rate);
    if let Some(bus) = live.bus {
        bus.set_bell(None);
    }
    played.and(cleared)
}

/// A run and all that takes part in it.
struct Show<'a, 'l> {
    player: &'a mut Player,
    terminal: &'a mut Terminal,
    signals: &'a mut Signals,
    live: &'a mut Live<'l>,
    alarm: Alarm,
    begun: Instant,
    outbox: Outbox,
    pace: Pace,
    /// When the slice on its way began, and whether a question is behind it.
    slice_since: Duration,
    asks: bool,
    /// When the player wants to draw next.
    wake: Duration,
    /// When it last drew.
    drawn: Option<Duration>,
    /// Something happened that it has not drawn yet.
    news: bool,
    /// The window may have changed.
    refit: bool,
    /// What was drawn may be gone.
    wiped: bool,
    /// The window is not seen.
    unseen: bool,
    /// When the terminal is asked whether it still has what was drawn.
    check: Duration,
    /// No more events will come.
    ended: bool,
    /// How long it is known what the pet may do.
    trusted: Trust,
}

/// Up to when what was said of the pet's manners holds.
#[derive(Default)]
struct Trust {
    until: Duration,
}

impl Trust {
    /// Has the pet behave as it may, where that may have changed: whether it has, or nothing where the
    /// pet may not be there at all.
    fn renew(
        &mut self,
        now: Duration,
        ask: &mut Option<&mut dyn FnMut() -> Bearing>,
        player: &mut Player,
    ) -> Option<bool> {
        let Some(ask) = ask.as_mut().filter(|_| now >= self.until) else {
            // With nobody to ask, it is never asked.
            self.until = if ask.is_none() { Duration::MAX } else { self.until };
            return Some(false);
        };
        let bearing = ask();
        let holds = bearing.holds.map(|holds| now + holds.min(LONGEST_TRUST));
        self.until = holds.unwrap_or(Duration::MAX);
        player.behave(now, bearing.standing);
        (bearing.standing < Standing::Off).then_some(true)
    }

    /// What was said may no longer hold.
    fn lose(&mut self) {
        self.until = Duration::ZERO;
    }
}

impl Show<'_, '_> {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn play(&mut self) -> Result<(), LiveError> {
        if self.heed(Duration::ZERO).is_none() {
            return Ok(());
        }
        self.player.input(Duration::ZERO, Input::Tick);
        loop {
            let now = self.now();
            if self.heed(now).is_none() {
                return Ok(());
            }
            if self.player.has_left() || self.live.limit.is_some_and(|limit| now >= limit) {
                return Ok(());
            }
            self.pace.tick(now);
            if self.outbox.is_empty() && self.pace.may_send(now) {
                self.draw(now)?;
            }
            if self.outbox.is_empty() && self.pace.may_send(now) && now >= self.check_due() {
                self.check(now);
            }
            self.push(now)?;
            self.wait()?;
            self.hear();
            if !self.serve()? {
                return Ok(());
            }
        }
    }

    /// Has the pet behave as it may; nothing where it is to go.
    fn heed(&mut self, now: Duration) -> Option<()> {
        self.news |= self.trusted.renew(now, &mut self.live.manners, self.player)?;
        Some(())
    }

    /// Has the terminal report whether its window is seen, if it does.
    fn watch(&mut self) -> Result<(), LiveError> {
        if self.live.watches {
            self.terminal.set_farewell(UNWATCH_VISIBILITY);
            self.terminal.write(WATCH_VISIBILITY)?;
        }
        Ok(())
    }

    /// When the next frame is due.
    fn due(&self) -> Duration {
        match self.drawn {
            _ if self.unseen => Duration::MAX,
            _ if self.refit || self.wiped => Duration::ZERO,
            // News is shown at once, but a flood of it not more often than frames are seen.
            Some(drawn) if self.news => self.wake.min(drawn + self.pace.gap()),
            None => Duration::ZERO,
            Some(_) => self.wake,
        }
    }

    /// Draws what is due for this moment. What would have been due before is left out.
    fn draw(&mut self, now: Duration) -> Result<(), LiveError> {
        if now < self.due() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        if std::mem::take(&mut self.wiped) {
            self.player.clear(&mut bytes);
            self.news = true;
            self.drawn = None;
            self.put(&bytes, 0);
            return Ok(());
        }
        if std::mem::take(&mut self.refit) {
            let geometry = self.terminal.size()?.geometry(self.live.cell);
            self.player.resize(geometry, &mut bytes);
            self.news = true;
            self.drawn = None;
            self.put(&bytes, 0);
            return Ok(());
        }
        if self.pace.wants_load(now) {
            load::tell(&mut self.pace);
        }
        self.player.set_frame_rate(self.pace.frame_rate());
        self.wake = self.player.draw(now, &mut bytes)?;
        (self.drawn, self.news) = (Some(now), false);
        let uploaded = self.player.take_uploaded();
        self.put(&bytes, uploaded);
        Ok(())
    }

    fn check_due(&self) -> Duration {
        if self.unseen { Duration::MAX } else { self.check }
    }

    /// Asks the terminal whether it still has what was drawn, if its answer would come to us.
    fn check(&mut self, now: Duration) {
        self.check = now + CHECK;
        let mut bytes = Vec::new();
        if self.terminal.may_ask() && self.pace.wants_answer(now) {
            self.player.check(&mut bytes);
        }
        self.put(&bytes, 0);
    }

    /// What the frame that was just drawn asks for.
    fn cursor_care(&mut self) -> CursorCare {
        CursorCare::of(self.player.take_cursor_moved(), self.live.cursor_shown)
    }

    /// Puts a frame on its way; the first `uploaded` bytes of it show nothing yet.
    fn put(&mut self, bytes: &[u8], uploaded: usize) {
        let cursor = self.cursor_care();
        if bytes.is_empty() {
            return;
        }
        // Known before anything is on its way: half an upload must be taken back, too.
        let mut farewell = Vec::new();
        self.player.farewell(&mut farewell);
        if self.live.watches {
            farewell.extend_from_slice(UNWATCH_VISIBILITY);
        }
        if cursor == CursorCare::Hide {
            farewell.extend_from_slice(SHOW_CURSOR);
        }
        self.terminal.set_farewell(&farewell);
        let (upload, drawn) = bytes.split_at(uploaded.min(bytes.len()));
        self.outbox.fill(upload, drawn, self.live.synchronized, cursor);
    }

    /// Whether the next slice may begin: one of a frame that was begun is finished, whatever else.
    fn may_begin(&self, next: Next, now: Duration) -> bool {
        let goes_on = next.later && !next.upload;
        let in_turn = goes_on || self.pace.may_send(now);
        in_turn && (next.len <= SLICE || self.pace.may_send_long(now))
    }

    /// Writes what the terminal takes at once, one slice at most.
    fn push(&mut self, now: Duration) -> Result<(), LiveError> {
        if self.outbox.pending().is_empty() {
            let Some(next) = self.outbox.next() else { return Ok(()) };
            if !self.may_begin(next, now) {
                return Ok(());
            }
            let telling = next.last || (next.upload && next.later);
            self.asks = telling && self.pace.wants_answer(now) && self.terminal.may_ask();
            self.outbox.begin(self.asks);
            self.slice_since = now;
        }
        let begun = self.outbox.taken() > 0;
        let taken = self.terminal.offer(self.outbox.pending(), begun)?;
        self.outbox.took(taken);
        if self.outbox.pending().is_empty() {
            self.pace.sent(self.slice_since, self.outbox.taken(), self.asks);
            if self.asks {
                self.terminal.expect_status();
            }
        }
        Ok(())
    }

    /// Waits for whatever comes first: room for the rest of a frame, an answer, a key, a signal, an
    /// event, or the time for the next frame.
    fn wait(&mut self) -> Result<(), LiveError> {
        let now = self.now();
        let writing = !self.outbox.pending().is_empty();
        let next = self.outbox.next();
        let room = writing || next.is_some_and(|next| self.may_begin(next, now));
        let until = if room {
            Duration::MAX
        } else if next.is_some() || !self.pace.may_send(now) {
            self.pace.retry(now)
        } else {
            self.due().min(self.check_due())
        };
        let limit = self.live.limit.unwrap_or(Duration::MAX);
        let until = until.min(limit).min(self.trusted.until);
        let rest = until.saturating_sub(now).min(LONGEST_REST);
        let signals = Some(&*self.signals);
        self.terminal.wait(Awaited { signals, alarm: Some(&self.alarm), room }, rest)?;
        Ok(())
    }

    /// Tells the player of the events that came.
    fn hear(&mut self) {
        self.alarm.silence();
        let Some(bus) = self.live.bus.filter(|_| !self.ended) else { return };
        let now = self.begun.elapsed();
        for event in bus.drain() {
            if event.kind == EventKind::MannersChanged {
                self.trusted.lose();
                continue;
            }
            self.player.input(now, Input::Event(event));
            self.news = true;
        }
        if bus.is_finished() {
            (self.ended, self.news) = (true, true);
            self.player.input(now, Input::EndOfInput);
        }
    }

    /// Attends to signals and keys; `false` when it is time to go.
    fn serve(&mut self) -> Result<bool, LiveError> {
        for signal in self.signals.take() {
            match signal {
                signal if signal.ends() => return Ok(false),
                Signal::Suspend => {
                    self.suspend()?;
                    self.refit = true;
                }
                _ => self.refit = true,
            }
        }
        for reply in self.terminal.read_replies(Duration::ZERO)? {
            let now = self.now();
            let key = match reply {
                Reply::Status(_) => {
                    self.pace.answered(now);
                    continue;
                }
                Reply::Visible(seen) => {
                    self.news |= seen;
                    self.unseen = !seen;
                    continue;
                }
                Reply::KittyGraphics { id, code } => {
                    self.wiped |= code != "OK" && self.player.owns(id);
                    continue;
                }
                Reply::Key(key) => key,
                _ => continue,
            };
            match (self.live.on_key)(&key) {
                KeyAction::Ignore => {}
                KeyAction::Quit => return Ok(false),
                KeyAction::Redraw => self.wiped = true,
                KeyAction::Tell(input) => {
                    self.player.input(now, input);
                    self.news = true;
                }
            }
        }
        Ok(true)
    }

    /// Takes everything of ours off the screen, whatever was on its way.
    fn clear(&mut self) -> Result<(), LiveError> {
        let owed = self.outbox.abandon();
        let mended = self.terminal.mend(owed);
        let mut bytes = Vec::new();
        self.player.clear(&mut bytes);
        if self.live.watches {
            bytes.extend_from_slice(UNWATCH_VISIBILITY);
        }
        let cursor = self.cursor_care();
        mended?;
        Ok(self.terminal.write_frame(&bytes, self.live.synchronized, cursor)?)
    }

    /// Cleans the screen and stops until it is continued in the foreground.
    fn suspend(&mut self) -> Result<(), LiveError> {
        self.clear()?;
        self.terminal.set_farewell(&[]);
        let mut resumed = self.terminal.suspend();
        // `bg` continues us where we may not draw: stop again until `fg`.
        while let Err(TerminalError::Background) = resumed {
            resumed = self.terminal.suspend();
        }
        self.pace.forget();
        self.unseen = false;
        resumed?;
        self.watch()
    }
}

/// What plays into something that is not a terminal goes by.
#[derive(Default)]
pub struct Piped<'a> {
    /// Where events arrive.
    pub bus: Option<&'a Bus>,
    /// The run ends after so long.
    pub limit: Option<Duration>,
    /// Whether sentences are written and not pictures.
    pub sentences: bool,
    /// Says what the pet may do, as in [`Live::manners`].
    pub manners: Option<&'a mut dyn FnMut() -> Bearing>,
}

/// Plays by the real clock into something that is not a terminal, for a window that never changes.
///
/// # Errors
/// When the pet cannot be played or `out` not be written.
pub fn run_into(
    player: &mut Player,
    piped: &mut Piped<'_>,
    out: &mut impl Write,
) -> Result<(), LiveError> {
    let mut run = Run { begun: Instant::now(), ended: false, trusted: Trust::default() };
    let (mut bytes, mut wake, mut news) = (Vec::new(), Duration::ZERO, true);
    let mut may_stay = run.trusted.renew(Duration::ZERO, &mut piped.manners, player).is_some();
    player.input(Duration::ZERO, Input::Tick);
    while may_stay && !player.has_left() && run.is_within(piped.limit) {
        let now = run.begun.elapsed();
        // Whoever only wakes up has nothing new to show.
        if news || now >= wake {
            wake = player.draw(now, &mut bytes)?;
            super::script::flush(player, piped.sentences, &mut bytes, out)?;
            out.flush()?;
        }
        news = run.wait(player, piped, wake);
        let now = run.begun.elapsed();
        match run.trusted.renew(now, &mut piped.manners, player) {
            Some(changed) => news |= changed,
            None => may_stay = false,
        }
    }
    player.clear(&mut bytes);
    super::script::flush(player, piped.sentences, &mut bytes, out)?;
    Ok(out.flush()?)
}

/// A run into something that is not a terminal.
struct Run {
    begun: Instant,
    ended: bool,
    trusted: Trust,
}

impl Run {
    fn is_within(&self, limit: Option<Duration>) -> bool {
        limit.is_none_or(|limit| self.begun.elapsed() < limit)
    }

    /// Waits until the player wants to draw again, the run is over, or for events, and tells the player
    /// of them; whether there were any.
    fn wait(&mut self, player: &mut Player, piped: &Piped<'_>, wake: Duration) -> bool {
        let until = wake.min(piped.limit.unwrap_or(Duration::MAX)).min(self.trusted.until);
        let time = until.saturating_sub(self.begun.elapsed()).min(LONGEST_REST);
        let Some(bus) = piped.bus.filter(|_| !self.ended) else {
            std::thread::sleep(time);
            return false;
        };
        let first = bus.recv_timeout(time);
        let now = self.begun.elapsed();
        let heard = first.is_some();
        for event in first.into_iter().chain(bus.drain()) {
            if event.kind == EventKind::MannersChanged {
                self.trusted.lose();
            } else {
                player.input(now, Input::Event(event));
            }
        }
        if !heard && bus.is_finished() {
            self.ended = true;
            player.input(now, Input::EndOfInput);
        }
        heard || self.ended
    }
}
