//! Draws on a thread of its own, so that no key waits for a picture.

use crate::event::Event;
use crate::manners::Standing;
use crate::mood::Input;
use crate::player::{PlayError, Player};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SendError, Sender, TryRecvError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// What is told to a player while it draws waits for it; for more, it is waited for.
const MOST_TOLD: usize = 64;

/// What a player wants to be sent for one moment.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) bytes: Vec<u8>,
    /// How many of the first bytes show nothing and move nothing.
    pub(super) upload: usize,
    /// Whether they move the cursor.
    pub(super) moves: bool,
    /// What goes out instead if this does not, where pictures float: it takes away what was on the
    /// screen before.
    pub(super) undo: Vec<u8>,
    /// When it wants to draw next.
    pub(super) wake: Duration,
}

/// A player, here or at work.
pub(super) struct Artist {
    /// None while it draws.
    player: Option<Box<Player>>,
    studio: Studio,
    /// What was drawn while somebody waited for the player, and not for this.
    drawn: Option<Result<Drawn, PlayError>>,
    told: Vec<Told>,
    floats: bool,
    /// What was so when it began to draw.
    on_screen: bool,
    farewell: Vec<u8>,
}

/// What goes out before the frame, and with it.
#[derive(Debug, Default)]
pub(super) struct Mended {
    pub(super) bytes: Vec<u8>,
    /// Whether it moves the cursor.
    pub(super) moves: bool,
    /// [`Drawn::undo`].
    pub(super) undo: Vec<u8>,
}

enum Told {
    Event(Duration, Event),
    Standing(Duration, Standing),
}

/// The thread, and the ways to it and back.
struct Studio {
    jobs: Sender<Job>,
    done: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
}

struct Job {
    player: Box<Player>,
    now: Duration,
    mended: Mended,
}

struct Done {
    player: Box<Player>,
    drawn: Result<Drawn, PlayError>,
}

impl Artist {
    /// One that draws where it is asked to, until it is [given a room](Artist::move_out).
    pub(super) fn new(player: Player) -> Self {
        Self {
            floats: player.floats(),
            player: Some(Box::new(player)),
            studio: Studio::none(),
            drawn: None,
            told: Vec::new(),
            on_screen: false,
            farewell: Vec::new(),
        }
    }

    /// From now on it draws on a thread, which rings the bell whenever something is done. Where none
    /// can be had, all stays as it is.
    pub(super) fn move_out(&mut self, bell: impl Fn() + Send + 'static) {
        self.studio = Studio::open(bell).unwrap_or_else(|_| Studio::none());
    }

    /// Whether something is being drawn, or was and is not [collected](Artist::collect).
    pub(super) const fn is_drawing(&self) -> bool {
        self.player.is_none() || self.drawn.is_some()
    }

    /// Begins to draw what should be seen `now`, if nothing is being drawn.
    pub(super) fn begin(&mut self, now: Duration, mended: Mended) {
        let Some(player) = self.player.take() else { return };
        self.on_screen = player.is_on_screen();
        self.farewell.clear();
        player.farewell(&mut self.farewell);
        if let Err(SendError(job)) = self.studio.jobs.send(Job { player, now, mended }) {
            self.take(job.run());
        }
    }

    /// What was drawn, once it is.
    pub(super) fn collect(&mut self) -> Option<Result<Drawn, PlayError>> {
        if self.player.is_none() {
            match self.studio.done.try_recv() {
                Ok(done) => self.take(done),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => self.studio.fail(),
            }
        }
        self.drawn.take()
    }

    /// What is being drawn, as soon as it is; nothing where nothing is.
    pub(super) fn finish(&mut self) -> Option<Result<Drawn, PlayError>> {
        self.player();
        self.drawn.take()
    }

    /// The player. It is waited for while it draws.
    pub(super) fn player(&mut self) -> &mut Player {
        if self.player.is_none() {
            let done = self.studio.done.recv().unwrap_or_else(|_| self.studio.fail());
            self.take(done);
        }
        self.player.get_or_insert_with(|| self.studio.fail())
    }

    fn take(&mut self, done: Done) {
        let Done { mut player, drawn } = done;
        for told in self.told.drain(..) {
            told.tell(&mut player);
        }
        (self.player, self.drawn) = (Some(player), Some(drawn));
    }

    fn tell(&mut self, told: Told) {
        if self.told.len() >= MOST_TOLD {
            self.player();
        }
        match &mut self.player {
            Some(player) => told.tell(player),
            None => self.told.push(told),
        }
    }

    /// [`Player::input`] of an event.
    pub(super) fn hear(&mut self, now: Duration, event: Event) {
        self.tell(Told::Event(now, event));
    }

    /// [`Player::behave`].
    pub(super) fn behave(&mut self, now: Duration, standing: Standing) {
        self.tell(Told::Standing(now, standing));
    }

    /// [`Player::floats`].
    pub(super) const fn floats(&self) -> bool {
        self.floats
    }

    /// [`Player::is_on_screen`], before what is being drawn.
    pub(super) fn is_on_screen(&self) -> bool {
        self.player.as_ref().map_or(self.on_screen, |player| player.is_on_screen())
    }

    /// [`Player::farewell`], before what is being drawn; with `unsent`, before what was drawn last and
    /// after it.
    pub(super) fn farewell(&self, unsent: bool, out: &mut Vec<u8>) {
        if unsent || self.player.is_none() {
            out.extend_from_slice(&self.farewell);
        }
        if let Some(player) = &self.player {
            player.farewell(out);
        }
    }
}

impl Told {
    fn tell(self, player: &mut Player) {
        match self {
            Self::Event(now, event) => player.input(now, Input::Event(event)),
            Self::Standing(now, standing) => player.behave(now, standing),
        }
    }
}

impl Studio {
    /// Nobody takes a job.
    fn none() -> Self {
        Self { jobs: channel().0, done: channel().1, thread: None }
    }

    fn open(bell: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let (jobs, todo) = channel::<Job>();
        let (finished, done) = channel();
        let work = move || {
            while let Ok(job) = todo.recv() {
                if finished.send(job.run()).is_err() {
                    return;
                }
                bell();
            }
        };
        let thread = Builder::new().name("artist".into()).spawn(work)?;
        Ok(Self { jobs, done, thread: Some(thread) })
    }

    /// Whoever has the player is gone: what it panicked of goes on here.
    fn fail(&mut self) -> ! {
        let cause = self.thread.take().and_then(|thread| thread.join().err());
        resume_unwind(cause.unwrap_or_else(|| Box::new("the pet is drawn no more")))
    }
}

impl Job {
    fn run(self) -> Done {
        let Self { mut player, now, mended: Mended { mut bytes, moves, undo } } = self;
        let before = bytes.len();
        let drawn = player.draw(now, &mut bytes).map(|wake| Drawn {
            upload: match player.take_uploaded() {
                // Nothing before it moved the cursor, or there is none.
                uploaded if uploaded > 0 && !moves => before + uploaded,
                _ => 0,
            },
            moves: player.take_cursor_moved() || moves,
            bytes,
            undo,
            wake,
        });
        Done { player, drawn }
    }
}
