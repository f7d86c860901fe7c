//! The pet's side of it: what of ours goes into the child's output, and when. It reads no clock and
//! writes to nobody: bytes come in, bytes come out.

use super::super::{
    Followed, Fullscreen, Mark, Needs, Room, Sensed, Senses, Stance, Stands, Strainer, Tracker,
    WHERE,
};
use super::Exchange;
use super::artist::{Artist, Drawn, Mended};
use crate::event::bus::Bus;
use crate::event::{Event, EventKind};
use crate::manners::Standing;
use crate::mood::Input;
use crate::player::{PlayError, Player, layout};
use crate::protocol::{Placement, wipe};
use crate::terminal::outbox::{SLICE, cut};
use crate::text::SafeText;
use crate::units::{CellPosition, CellSize, Corner, Geometry};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What is on the screen is put back where it was, after the text has scrolled, not more often.
const PUT_AGAIN: Duration = Duration::from_millis(33);
/// How long ours may be deferred; then the pet is away until it is not.
const MOST_DEFERRED: Duration = Duration::from_millis(500);
/// How quiet the child must be before the terminal is asked where the cursor is.
const ASK_AFTER: Duration = Duration::from_millis(15);
/// How long an answer is awaited before another is asked for.
const ANSWER: Duration = Duration::from_millis(400);
/// After so many questions without an answer no more are asked.
const MOST_UNANSWERED: u32 = 3;
/// No more questions than this are ever open: whoever answers only some of them is asked no more.
const MOST_OPEN: usize = 8;
/// What is answered for the terminal is dropped where the program has left so much unread.
const MOST_UNREAD: usize = 16 * 1024;
/// A window with less has no room for pets.
const SMALLEST_WINDOW: CellSize = CellSize::new(60, 12);
/// How often it is looked whether a password is still asked for.
const SECRET: Duration = Duration::from_millis(250);
/// How much of a flood is followed when it is over: many screens full.
const BACKLOG: usize = 64 * 1024;
/// Keys are told of together, not more often.
const KEYS_EVERY: Duration = Duration::from_millis(250);
/// More bytes at once are a paste, or a mouse.
const MOST_OF_A_KEY: usize = 16;

/// What a stage must know before it opens.
#[derive(Clone, Copy, Debug)]
pub struct StageConfig {
    /// The window, and one cell's pixels.
    pub geometry: Geometry,
    /// The box that is wanted, in cells.
    pub size: CellSize,
    /// Where it is.
    pub corner: Corner,
    /// What the pet's frames need of the terminal.
    pub needs: Needs,
    /// Whether the terminal knows synchronized updates (mode 2026).
    pub synchronized: bool,
    /// Whether the pet stays when a program has the whole screen.
    pub fullscreen: Fullscreen,
    /// Where the cursor is, if the terminal told.
    pub cursor: Option<CellPosition>,
    /// Whether it was asked and has not answered yet.
    pub owes_cursor: bool,
    /// Whether the terminal itself answers OSC 7501.
    pub knows_status: bool,
}

/// The pet, and what it knows of the terminal that it shares.
pub struct Stage {
    config: StageConfig,
    artist: Artist,
    bus: Arc<Bus>,
    tracker: Tracker,
    stance: Stance,
    senses: Senses,
    strainer: Strainer,
    stands: Stands,
    /// What of an upload was not sent yet, and the frame after it.
    queue: VecDeque<Vec<u8>>,
    frame: Option<Frame>,
    /// When the player wants to draw next.
    wake: Duration,
    /// Something happened that it has not drawn yet.
    news: bool,
    /// What was drawn has moved with the text, or is gone with what the terminal held.
    moved: bool,
    gone: bool,
    put_at: Duration,
    deferred: Option<Duration>,
    hidden: bool,
    /// A password is asked for. Its end is told by nothing, so that it must be looked for.
    secret: bool,
    /// Of a flood, what comes last: only that matters once it is over.
    backlog: Vec<u8>,
    /// All bytes of the child's that were followed.
    passed: u64,
    /// When the terminal was last asked where the cursor is, while that answer is awaited.
    asked: Option<Duration>,
    /// What `passed` was at each question that is still open, or [`VOID`].
    open: VecDeque<u64>,
    unanswered: u32,
    refit: Option<Refit>,
    /// The columns in which it has ever stood.
    drawn: Option<(u16, u16)>,
    /// Where the shell says that it is.
    folder: Option<SafeText>,
    keys: Keys,
    /// What was exchanged on our account, where somebody wants to see it.
    log: Option<Vec<Exchange>>,
}

/// A question whose answer says nothing any more.
const VOID: u64 = u64::MAX;

/// The window has changed and nobody knows where everything went.
#[derive(Clone, Copy)]
struct Refit {
    row: u16,
}

/// Bytes of ours that go out together.
struct Frame {
    bytes: Vec<u8>,
    /// Whether they move the cursor.
    moves: bool,
    /// What goes out instead where they are out of date before; nothing where they cannot be.
    undo: Option<Vec<u8>>,
}

/// Keys since they were last told of.
#[derive(Default)]
struct Keys {
    count: u64,
    since: Duration,
    last: Option<Duration>,
    spent: Duration,
}

impl Stage {
    /// A stage that has drawn nothing yet.
    #[must_use]
    pub fn new(config: StageConfig, mut player: Player, bus: Arc<Bus>) -> Self {
        player.input(Duration::ZERO, Input::Tick);
        let blank = config.cursor.is_some_and(|at| (at.row, at.col) == (0, 0));
        let mut tracker = Tracker::new(config.geometry.window, blank);
        if let Some(cursor) = config.cursor {
            tracker.tell_cursor(cursor);
        }
        let mut strainer = Strainer::default();
        if config.owes_cursor {
            strainer.await_cursor();
        }
        Self {
            config,
            artist: Artist::new(player),
            bus,
            tracker,
            stance: Stance::default(),
            senses: Senses::default(),
            strainer,
            stands: Stands::Away,
            queue: VecDeque::new(),
            frame: None,
            wake: Duration::ZERO,
            news: true,
            moved: false,
            gone: false,
            put_at: Duration::ZERO,
            deferred: None,
            hidden: false,
            secret: false,
            backlog: Vec::new(),
            passed: 0,
            asked: None,
            open: if config.owes_cursor { VecDeque::from([VOID]) } else { VecDeque::new() },
            unanswered: 0,
            refit: None,
            drawn: None,
            folder: None,
            keys: Keys::default(),
            log: None,
        }
    }

    /// From now on it is drawn on a thread, which rings the bell when [`Stage::present`] is to be
    /// called for what it has done. Without, it is drawn there.
    pub fn draw_apart(&mut self, bell: impl Fn() + Send + 'static) {
        self.artist.move_out(bell);
    }

    /// Keeps what is exchanged on our account from now on, for [`Stage::take_log`].
    pub fn keep_log(&mut self) {
        self.log.get_or_insert_default();
    }

    /// What was exchanged since this was called last.
    pub fn take_log(&mut self) -> Vec<Exchange> {
        self.log.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Tells the pet what has happened.
    pub fn hear(&mut self, now: Duration, event: Event) {
        self.artist.hear(now, event);
        self.news = true;
    }

    /// What the pet may do from now on.
    pub fn behave(&mut self, now: Duration, standing: Standing) {
        self.hidden = standing >= Standing::Hidden;
        self.artist.behave(now, standing);
        self.news = true;
    }

    /// Appends what takes everything of ours off the screen and out of the terminal's memory, for an
    /// end that nobody can foresee.
    pub fn farewell(&self, out: &mut Vec<u8>) {
        self.artist.farewell(self.frame.is_some() || self.has_strayed(), out);
    }

    /// The child's output: appends it to `out`, and what takes the pet away before something happens
    /// to the place where it stands. Appends what is to be told to the child to `typed`.
    ///
    /// # Errors
    /// When the pet cannot be drawn.
    pub fn output(
        &mut self,
        now: Duration,
        bytes: &[u8],
        out: &mut Vec<u8>,
        typed: &mut Vec<u8>,
    ) -> Result<(), PlayError> {
        self.stance.output(now, bytes.len());
        if self.stance.is_flooded(now) && !self.artist.is_on_screen() && self.is_idle() {
            out.extend_from_slice(bytes);
            self.put_off(bytes);
            return Ok(());
        }
        self.catch_up(typed);
        let (mut rest, mut drawn) = (bytes, Ok(()));
        while let Followed::Halted(at) = self.tracker.follow(rest) {
            let (before, after) = rest.split_at(at);
            out.extend_from_slice(before);
            self.stance.leave();
            drawn = drawn.and(self.take_away(now, out));
            // Whatever became of that, the output goes on.
            self.tracker.watch(None, None);
            rest = after;
        }
        out.extend_from_slice(rest);
        self.passed = self.passed.wrapping_add(bytes.len() as u64);
        self.note_changes(typed);
        drawn
    }

    /// Takes a part of a flood without a look at it; what is old of it is skimmed.
    fn put_off(&mut self, bytes: &[u8]) {
        self.passed = self.passed.wrapping_add(bytes.len() as u64);
        self.backlog.extend_from_slice(bytes);
        if self.backlog.len() > 2 * BACKLOG {
            let old = self.backlog.len() - BACKLOG;
            self.tracker.skim(self.backlog.get(..old).unwrap_or_default());
            self.backlog.drain(..old);
        }
    }

    /// Follows what of a flood was put off.
    fn catch_up(&mut self, typed: &mut Vec<u8>) {
        if self.backlog.is_empty() {
            return;
        }
        let backlog = std::mem::take(&mut self.backlog);
        self.tracker.watch(None, None);
        self.tracker.follow(&backlog);
        self.note_changes(typed);
    }

    /// What has become of the picture, and what was said in passing.
    fn note_changes(&mut self, typed: &mut Vec<u8>) {
        let changes = self.tracker.take_changes();
        self.moved |= changes.scrolled || (changes.written && !self.artist.floats());
        self.gone |= changes.wiped;
        for mark in self.tracker.take_marks() {
            self.sense(&mark, typed);
        }
    }

    fn sense(&mut self, mark: &Mark, typed: &mut Vec<u8>) {
        let mut sensed = Vec::new();
        self.senses.hear(mark, &mut sensed);
        for sensed in sensed {
            match sensed {
                Sensed::Event(kind) => {
                    self.bus.push(Event { repo: self.folder.clone(), ..Event::of(kind) });
                }
                Sensed::Folder(folder) => self.folder = Some(SafeText::new(&folder)),
                // Where the terminal answers by itself, it is heard, and nothing more.
                Sensed::Answer(answer)
                    if !self.config.knows_status && typed.len() < MOST_UNREAD =>
                {
                    typed.extend_from_slice(answer);
                    if let (Some(log), Mark::Osc(text)) = (&mut self.log, mark) {
                        log.push(Exchange::Answered {
                            asked: [b"\x1b]".as_slice(), text].concat(),
                            answer,
                        });
                    }
                }
                Sensed::Answer(_) => {}
            }
        }
    }

    /// What came from the terminal: appends to `typed` what is the child's. `mine` tells whether a
    /// reply answers a question asked before.
    pub fn input(
        &mut self,
        now: Duration,
        bytes: &[u8],
        mine: impl FnMut(crate::terminal::Reply) -> bool,
        secret: bool,
        typed: &mut Vec<u8>,
    ) {
        let before = typed.len();
        if let Some(told) = self.strainer.strain(bytes, mine, typed) {
            self.told(told);
        }
        let taken = self.strainer.take_taken();
        if let Some(log) = &mut self.log {
            log.extend(taken.into_iter().map(Exchange::TakenOut));
        }
        let length = typed.len() - before;
        if length > 0 && !secret {
            self.keys.add(now, length);
        }
    }

    /// What was typed while no answer is awaited: it is passed on as it is.
    pub fn typed(&mut self, now: Duration, bytes: &[u8], secret: bool, typed: &mut Vec<u8>) {
        typed.extend_from_slice(bytes);
        if !secret && !bytes.is_empty() {
            self.keys.add(now, bytes.len());
        }
    }

    /// Whether something is held back that may be a key.
    #[must_use]
    pub fn strains_key(&self) -> bool {
        self.strainer.holds()
    }

    /// Whether what comes from the terminal must be looked at.
    #[must_use]
    pub fn strains(&self) -> bool {
        self.strainer.awaits() || self.strainer.holds()
    }

    /// Nothing more came of what may have been the beginning of an answer.
    pub fn release(&mut self, typed: &mut Vec<u8>) {
        self.strainer.release(typed);
    }

    /// The terminal said where the cursor was when it was asked. Answers come in the order of the
    /// questions, over a far line more than one later.
    fn told(&mut self, told: CellPosition) {
        self.unanswered = 0;
        let asked = self.open.pop_front();
        if self.open.is_empty() {
            self.asked = None;
        }
        if asked != Some(self.passed) {
            return;
        }
        self.tracker.tell_cursor(told);
        if let Some(refit) = &self.refit {
            let col = self.box_of(Stands::Full).map_or(0, |at| at.at.col);
            self.tracker.refit(refit.row, col);
        }
    }

    /// The window has another size.
    pub fn resize(&mut self, geometry: Geometry) {
        if geometry == self.config.geometry {
            return;
        }
        let row = self.tracker.cursor().row;
        self.config.geometry = geometry;
        self.tracker.resize(geometry.window);
        self.tracker.watch(None, None);
        let first = self.refit.map_or(row, |refit| refit.row);
        self.refit = Some(Refit { row: first });
        self.void_questions();
        self.stance.leave();
    }

    /// Somebody else has had the terminal: what was drawn may be gone, and the cursor anywhere.
    pub fn doubt(&mut self) {
        self.tracker.forget();
        self.void_questions();
        self.gone = true;
    }

    fn void_questions(&mut self) {
        self.asked = None;
        self.open.iter_mut().for_each(|passed| *passed = VOID);
    }

    /// Whether something of it is on the screen.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.artist.is_on_screen()
    }

    /// Whether everything of it was drawn and sent.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.frame.is_none() && !self.artist.is_drawing()
    }

    /// Whether a flood passes by, and nothing is to be done about it.
    #[must_use]
    pub fn is_passing_by(&self, now: Duration) -> bool {
        !self.backlog.is_empty() && self.stance.is_flooded(now)
    }

    /// Whether what was not sent yet may go now.
    pub(super) fn can_go_on(&self) -> bool {
        let needs = match &self.frame {
            _ if !self.queue.is_empty() => Needs::Ground,
            Some(Frame { moves: true, .. }) => self.config.needs,
            Some(_) => Needs::Ground,
            None => return false,
        };
        self.tracker.may_write(needs)
    }

    /// Whether a frame is there that may not go out now.
    fn is_stuck(&self) -> bool {
        self.queue.is_empty() && self.frame.is_some() && !self.can_go_on()
    }

    /// Appends what of ours goes out now. Only when all before it was taken by the terminal.
    ///
    /// # Errors
    /// When the pet cannot be drawn.
    pub fn present(
        &mut self,
        now: Duration,
        secret: bool,
        out: &mut Vec<u8>,
        typed: &mut Vec<u8>,
    ) -> Result<(), PlayError> {
        if self.is_passing_by(now) {
            return Ok(());
        }
        self.catch_up(typed);
        self.keys.tell(now, &self.bus);
        self.secret = secret;
        if self.asked.is_some_and(|at| now.saturating_sub(at) >= ANSWER) {
            self.unanswered += 1;
            self.asked = None;
        }
        if let Some(drawn) = self.artist.collect()
            && self.show(now, drawn?, out)
        {
            return Ok(());
        }
        if self.frame.as_ref().is_some_and(|frame| frame.undo.is_some()) && !self.is_current(now) {
            self.frame = self.withdraw(now);
        }
        if !self.is_idle() {
            self.go_on(out);
            return if self.is_stuck() { self.wait_for_it(now, out) } else { Ok(()) };
        }
        if self.refit.is_some() {
            return self.settle_in(now, out);
        }
        self.stands = self.stance.settle(now, self.room());
        if self.stands == Stands::Away {
            return self.take_away(now, out);
        }
        let size = self.box_size(self.stands);
        let at = layout::place(self.config.geometry, size, self.config.corner);
        let other = self.artist.player().placement() != at;
        let due = self.news || now >= self.wake || other;
        // What has moved is first wiped.
        let early = self.has_strayed() && now < self.put_at;
        if early || !(due || self.moved || self.gone) {
            return Ok(());
        }
        if !self.tracker.may_write(self.config.needs) {
            return self.wait_for_it(now, out);
        }
        self.deferred = None;
        let mut mended = Mended::default();
        self.artist.player().step_aside(false);
        if other {
            self.artist.player().refit(self.config.geometry, size, &mut mended.bytes);
        }
        self.mend(now, &mut mended);
        self.news = false;
        // Nothing is to happen to it before it is there.
        self.watch(at);
        let at_once = !mended.bytes.is_empty();
        self.artist.begin(now, mended);
        // What is mended goes with what comes in its place; a frame alone need not be waited for.
        let drawn = if at_once { self.artist.finish() } else { self.artist.collect() };
        if let Some(drawn) = drawn {
            self.show(now, drawn?, out);
        }
        Ok(())
    }

    /// Sends what was drawn; where that is out of date, only what the terminal is to keep. Tells
    /// whether it was all.
    fn show(&mut self, now: Duration, drawn: Drawn, out: &mut Vec<u8>) -> bool {
        let current = self.is_current(now);
        self.wake = drawn.wake;
        self.frame = self.shelve(drawn);
        if !current {
            self.frame = self.withdraw(now);
        }
        self.go_on(out);
        self.watch_drawn();
        current
    }

    /// Takes back the frame that waits. The player believes that it is there and what was there before
    /// is gone, so that has to become true: by what is given, or by wiping.
    fn withdraw(&mut self, now: Duration) -> Option<Frame> {
        self.news = true;
        let undo = match self.frame.take() {
            Some(Frame { undo: Some(undo), .. }) => undo,
            kept => return kept,
        };
        if self.artist.floats() {
            self.artist.player().lose();
            return (!undo.is_empty()).then_some(Frame { bytes: undo, moves: false, undo: None });
        }
        (self.moved, self.put_at) = (true, now);
        None
    }

    /// Whether the frame that was drawn last is still for the place where the pet should stand, and
    /// that as it was.
    fn is_current(&mut self, now: Duration) -> bool {
        let fits = self.stance.settle(now, self.room()) == self.stands;
        fits && !self.has_strayed() && !self.gone && self.refit.is_none()
    }

    /// Whether cells of the picture have moved with the text, so that they must be looked for.
    fn has_strayed(&self) -> bool {
        self.moved && !self.artist.floats()
    }

    /// Sees to what has become of the picture since it was drawn.
    fn mend(&mut self, now: Duration, mended: &mut Mended) {
        let floats = self.artist.floats();
        if std::mem::take(&mut self.gone) {
            if floats {
                self.artist.player().clear(&mut mended.bytes);
                self.moved = false;
            } else {
                // Back from the alternate screen, xterm 379 shows again what was erased before.
                (self.moved, self.put_at) = (true, now);
            }
        }
        mended.undo.clone_from(&mended.bytes);
        self.artist.player().retract(&mut mended.undo);
        if !self.moved || now < self.put_at {
            return;
        }
        self.moved = false;
        self.put_at = now + PUT_AGAIN;
        if floats {
            self.artist.player().put_again(&mut mended.bytes);
        } else {
            self.wipe_left_behind(&mut mended.bytes);
            self.artist.player().lose();
            mended.moves = true;
        }
    }

    /// Ours are not allowed just now: asks for what is missing, and steps aside if it takes too long.
    fn wait_for_it(&mut self, now: Duration, out: &mut Vec<u8>) -> Result<(), PlayError> {
        let since = *self.deferred.get_or_insert(now);
        self.ask(now, out);
        let astray = self.moved || self.gone;
        if astray && now.saturating_sub(since) >= MOST_DEFERRED && self.artist.is_on_screen() {
            return self.take_away(now, out);
        }
        Ok(())
    }

    /// Asks the terminal where the cursor is, if that alone is missing.
    fn ask(&mut self, now: Duration, out: &mut Vec<u8>) {
        let helps = self.tracker.lacks_cursor() && self.tracker.may_write(Needs::Ground);
        let may = self.asked.is_none()
            && self.unanswered < MOST_UNANSWERED
            && self.open.len() < MOST_OPEN;
        if helps && may && self.stance.quiet(now) >= ASK_AFTER {
            out.extend_from_slice(WHERE);
            if let Some(log) = &mut self.log {
                log.push(Exchange::Asked(WHERE));
            }
            self.strainer.await_cursor();
            self.asked = Some(now);
            self.open.push_back(self.passed);
        }
    }

    /// After the window has changed: first where the cursor is, then what was left behind is wiped.
    fn settle_in(&mut self, now: Duration, out: &mut Vec<u8>) -> Result<(), PlayError> {
        if self.tracker.lacks_cursor() && self.unanswered < MOST_UNANSWERED {
            self.ask(now, out);
            return Ok(());
        }
        if !self.tracker.may_write(self.config.needs) {
            return Ok(());
        }
        self.refit = None;
        let mut bytes = Vec::new();
        if self.artist.floats() {
            self.artist.player().step_aside(true);
            self.artist.player().draw(now, &mut bytes)?;
        } else {
            self.wipe_left_behind(&mut bytes);
            self.artist.player().lose();
        }
        self.gone = true;
        let moves = self.artist.player().take_cursor_moved() || !self.artist.floats();
        self.put(&Frame { bytes, moves, undo: None }, out);
        Ok(())
    }

    /// Blanks all cells in which something of ours may be, and surely nothing else: pictures have
    /// moved with the rows, up and down, or were behind the window's edge and are seen again.
    fn wipe_left_behind(&self, bytes: &mut Vec<u8>) {
        let Geometry { window, cell } = self.config.geometry;
        let Some((first, end)) = self.drawn else { return };
        // A frame that was on its way when the window shrank was drawn at its edge.
        let first = first.min(window.cols.saturating_sub(1));
        for row in 0..window.rows {
            let Some(from) = self.tracker.blank_from(row).map(|from| from.max(first)) else {
                continue;
            };
            let size = CellSize::new(end.min(window.cols).saturating_sub(from), 1);
            if size.cols > 0 {
                wipe(&Placement { at: CellPosition { row, col: from }, size, cell }, bytes);
            }
        }
    }

    /// Takes the pet off the screen, if it is on it and that is allowed now; else asks for what is
    /// missing.
    fn take_away(&mut self, now: Duration, out: &mut Vec<u8>) -> Result<(), PlayError> {
        self.stands = Stands::Away;
        if let Some(drawn) = self.artist.finish() {
            self.frame = self.shelve(drawn?);
        }
        let since = self.deferred.take();
        // Under an editor's screen it is not seen, and cannot be reached.
        let under = self.tracker.is_alternate() && self.config.fullscreen == Fullscreen::Hide;
        if under || !(self.artist.is_on_screen() || self.frame.is_some()) {
            return Ok(());
        }
        let needs = if self.artist.floats() { Needs::Ground } else { self.config.needs };
        if !self.tracker.may_write(needs) {
            self.deferred = since.or(Some(now));
            self.ask(now, out);
            return Ok(());
        }
        // Even where an upload is under way.
        let mut bytes = self.withdraw(now).map_or_else(Vec::new, |frame| frame.bytes);
        let strayed = self.has_strayed();
        if strayed {
            self.wipe_left_behind(&mut bytes);
            self.artist.player().lose();
            self.moved = false;
        }
        self.artist.player().step_aside(true);
        self.artist.player().draw(now, &mut bytes)?;
        let moves = self.artist.player().take_cursor_moved() || strayed;
        self.artist.player().take_uploaded();
        self.news = true;
        self.put(&Frame { bytes, moves, undo: None }, out);
        self.watch_drawn();
        Ok(())
    }

    /// Watches over what is drawn.
    fn watch_drawn(&mut self) {
        let at = self.artist.player().placement().filter(|_| self.artist.is_on_screen());
        self.watch(at);
    }

    /// Watches over a box in which something is drawn, or about to be.
    fn watch(&mut self, at: Option<Placement>) {
        if let Some(at) = at {
            let end = at.at.col.saturating_add(at.size.cols);
            let (first, last) = self.drawn.unwrap_or((at.at.col, end));
            self.drawn = Some((first.min(at.at.col), last.max(end)));
        }
        let taken_away = (!self.artist.floats()).then_some(self.config.needs);
        self.tracker.watch(at, taken_away);
    }

    /// Takes what was drawn apart: the upload goes in slices. Gives the frame.
    fn shelve(&mut self, drawn: Drawn) -> Option<Frame> {
        let Drawn { bytes, upload, moves, undo, .. } = drawn;
        let (mut upload, frame) = bytes.split_at(upload.min(bytes.len()));
        while !upload.is_empty() {
            let (slice, rest) = upload.split_at(cut(upload, SLICE));
            self.queue.push_back(slice.to_vec());
            upload = rest;
        }
        (!frame.is_empty()).then(|| Frame { bytes: frame.to_vec(), moves, undo: Some(undo) })
    }

    /// Sends the next slice of an upload, or the frame behind it.
    fn go_on(&mut self, out: &mut Vec<u8>) {
        if let Some(slice) = self.queue.front() {
            if self.tracker.may_write(Needs::Ground) {
                out.extend_from_slice(slice);
                self.queue.pop_front();
            }
            return;
        }
        if self.can_go_on()
            && let Some(frame) = self.frame.take()
        {
            self.deferred = None;
            self.put(&frame, out);
        }
    }

    /// A frame as it goes out: what it does to the cursor and the colours is undone behind it, and
    /// none of that is seen.
    fn put(&self, frame: &Frame, out: &mut Vec<u8>) {
        if !frame.moves || frame.bytes.is_empty() {
            out.extend_from_slice(&frame.bytes);
            return;
        }
        let (begin, end): (&[u8], &[u8]) = match self.config.synchronized {
            true => (b"\x1b[?2026h", b"\x1b[?2026l"),
            false if self.tracker.shows_cursor() => (b"\x1b[?25l", b"\x1b[?25h"),
            false => (b"", b""),
        };
        out.extend_from_slice(begin);
        out.extend_from_slice(&frame.bytes);
        self.tracker.restore(self.config.needs != Needs::Cursor, out);
        out.extend_from_slice(end);
    }

    fn box_size(&self, stands: Stands) -> CellSize {
        let scaled = |cells: u16| {
            let part = u32::from(cells) * u32::from(stands.percent());
            u16::try_from(part.div_ceil(100)).unwrap_or(cells)
        };
        CellSize::new(scaled(self.config.size.cols), scaled(self.config.size.rows))
    }

    fn box_of(&self, stands: Stands) -> Option<Placement> {
        layout::place(self.config.geometry, self.box_size(stands), self.config.corner)
    }

    /// What there is room for.
    fn room(&self) -> Room {
        let window = self.config.geometry.window;
        let small = window.cols < SMALLEST_WINDOW.cols || window.rows < SMALLEST_WINDOW.rows;
        let covered = self.tracker.is_alternate() && self.config.fullscreen == Fullscreen::Hide;
        let shut = small || covered || self.secret || self.hidden;
        if shut {
            return Room { shut, ..Room::default() };
        }
        let free = Stands::SIZES.map(|stands| {
            self.box_of(stands).is_some_and(|at| {
                !holds(&at, self.tracker.cursor())
                    && self.tracker.is_blank(&at, !self.artist.floats())
            })
        });
        Room { free, shut }
    }

    /// When it wants to be asked again though nothing has happened.
    #[must_use]
    pub fn deadline(&self, now: Duration) -> Duration {
        if !self.is_idle() && !self.is_stuck() {
            return Duration::MAX;
        }
        let asks = self.asked.map(|at| at + ANSWER);
        let waiting = self.refit.is_some() || self.deferred.is_some();
        let quiet = (waiting && self.stance.quiet(now) < ASK_AFTER).then(|| now + ASK_AFTER);
        let gives_up = self.deferred.map(|since| since + MOST_DEFERRED).filter(|at| *at > now);
        let draws = match self.stands {
            Stands::Away => None,
            _ if self.deferred.is_some() => None,
            _ if self.has_strayed() => Some(self.put_at),
            _ if self.news => Some(Duration::ZERO),
            _ if self.moved => Some(self.put_at.min(self.wake)),
            _ => Some(self.wake),
        };
        let told = self.secret.then(|| now + SECRET);
        if self.refit.is_some() {
            // Until the terminal has told, nothing else is done.
            return [asks, quiet, told].into_iter().flatten().fold(Duration::MAX, Duration::min);
        }
        let all = [asks, quiet, gives_up, draws, told];
        all.into_iter().flatten().fold(self.stance.deadline(), Duration::min)
    }

    /// Appends what takes everything of ours off the screen, at the end or while we are stopped. Tells
    /// whether that was allowed; else it is all still there.
    pub fn leave(&mut self, out: &mut Vec<u8>) -> bool {
        // What is answered now reaches nobody, so that it is no answer.
        let log = self.log.take();
        self.catch_up(&mut Vec::new());
        self.log = log;
        // What failed now would not have been seen.
        if let Some(Ok(drawn)) = self.artist.finish() {
            self.frame = self.shelve(drawn);
        }
        let floats = self.artist.floats();
        let wipes = self.artist.is_on_screen() && !floats;
        if !self.tracker.may_write(if wipes { self.config.needs } else { Needs::Ground }) {
            return false;
        }
        self.queue.clear();
        let mut bytes = self.withdraw(Duration::ZERO).map_or_else(Vec::new, |frame| frame.bytes);
        if self.moved && wipes {
            self.wipe_left_behind(&mut bytes);
        }
        self.artist.player().clear(&mut bytes);
        self.artist.player().take_cursor_moved();
        self.put(&Frame { bytes, moves: wipes, undo: None }, out);
        self.stance.leave();
        self.stands = Stands::Away;
        self.tracker.watch(None, None);
        (self.news, self.moved, self.gone) = (true, false, false);
        true
    }
}

/// Whether a cell is in a box, or right before it, where typing goes on into it.
fn holds(at: &Placement, cell: CellPosition) -> bool {
    let rows = at.at.row..at.at.row.saturating_add(at.size.rows);
    let cols = at.at.col.saturating_sub(1)..at.at.col.saturating_add(at.size.cols);
    rows.contains(&cell.row) && cols.contains(&cell.col)
}

impl Keys {
    /// A key was pressed: when, and not which.
    fn add(&mut self, now: Duration, length: usize) {
        if length > MOST_OF_A_KEY {
            return;
        }
        if let Some(last) = self.last.replace(now) {
            self.spent += now.saturating_sub(last);
        }
        self.count += 1;
    }

    fn tell(&mut self, now: Duration, bus: &Bus) {
        if self.count == 0 || now.saturating_sub(self.since) < KEYS_EVERY {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "there are not 2^52 keys in a second")]
        let interval_ms = Some(self.spent.as_secs_f64() * 1000.0 / self.count as f64);
        bus.push(Event::of(EventKind::Keystroke { count: self.count, interval_ms }));
        *self = Self { since: now, last: self.last, ..Self::default() };
    }
}
