//! Draws clips ahead, on a thread of its own, so that no frame waits for a whole clip.

use super::poses;
use crate::frame::FrameSizeError;
use crate::pet::Pet;
use crate::pet::skin::Outfit;
use crate::protocol::{ClipId, Pose};
use crate::scene::Scene;
use crate::units::PixelSize;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// A clip to be drawn.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) pet: Arc<Pet>,
    pub(super) clip: ClipId,
    pub(super) start: Duration,
    pub(super) duration: Duration,
    pub(super) size: PixelSize,
}

/// A clip that was drawn, at the size that was asked for.
pub(super) struct Drawn {
    pub(super) clip: ClipId,
    pub(super) size: PixelSize,
    pub(super) poses: Result<Vec<Pose>, FrameSizeError>,
}

/// Draws clips: at once, where the same input must give the same bytes, or on a thread.
pub(super) enum Rasterizer {
    Inline { scenes: Scenes, done: VecDeque<Drawn> },
    Threaded { jobs: Sender<Job>, done: Receiver<Drawn> },
}

impl Rasterizer {
    pub(super) fn inline(outfit: Outfit) -> Self {
        Self::Inline { scenes: Scenes::new(outfit), done: VecDeque::new() }
    }

    /// On a thread; where none can be had, at once.
    pub(super) fn threaded(outfit: Outfit) -> Self {
        let (jobs, todo) = channel::<Job>();
        let (finished, done) = channel();
        let worn = outfit.clone();
        let work = move || {
            give_way();
            let mut scenes = Scenes::new(worn);
            while let Ok(job) = todo.recv() {
                if finished.send(scenes.draw(&job)).is_err() {
                    return;
                }
            }
        };
        match std::thread::Builder::new().name("rasterizer".into()).spawn(work) {
            Ok(_) => Self::Threaded { jobs, done },
            Err(_) => Self::inline(outfit),
        }
    }

    pub(super) fn request(&mut self, job: Job) {
        match self {
            Self::Inline { scenes, done } => done.push_back(scenes.draw(&job)),
            Self::Threaded { jobs, .. } => drop(jobs.send(job)),
        }
    }

    pub(super) fn poll(&mut self) -> Option<Drawn> {
        match self {
            Self::Inline { done, .. } => done.pop_front(),
            Self::Threaded { done, .. } => done.try_recv().ok(),
        }
    }
}

/// Has this thread give way to all others: nobody waits for it. On Linux a thread has a niceness of its
/// own (sched(7)); elsewhere it would be the program's.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        const NICENESS: i32 = 10;
        // Not allowed, it is as quick as any.
        let _ = rustix::process::setpriority_process(None, NICENESS);
    }
}

/// The scenes that were opened, by pet.
pub(super) struct Scenes {
    outfit: Outfit,
    open: HashMap<String, Box<dyn Scene>>,
}

impl Scenes {
    fn new(outfit: Outfit) -> Self {
        Self { outfit, open: HashMap::new() }
    }

    fn draw(&mut self, job: &Job) -> Drawn {
        let poses = match self.open(&job.pet) {
            Some(scene) => poses::choose(scene, job.start, job.duration)
                .and_then(|moments| poses::draw(scene, job.start, &moments, job.size)),
            None => Err(FrameSizeError(job.size)),
        };
        Drawn { clip: job.clip, size: job.size, poses }
    }

    fn open(&mut self, pet: &Pet) -> Option<&mut dyn Scene> {
        if !self.open.contains_key(pet.name()) {
            self.open.insert(pet.name().to_owned(), pet.scene_in(&self.outfit).ok()?);
        }
        self.open.get_mut(pet.name()).map(|scene| &mut **scene as &mut dyn Scene)
    }
}
