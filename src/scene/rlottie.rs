//! Lottie through Samsung's rlottie, to compare with (feature `rlottie`, Unix only).
//!
//! The system's library is called, which is C++: a file that means harm may crash the whole
//! process. Our own parser reads every file first, so what passes one of its limits never gets
//! there, and markers come from it, because the binding has none.
//!
//! What differs from [`LottieScene`]: whole frames only; pictures outside of the JSON are never
//! read, those in a dotLottie container neither; no text, effects, blend modes, slots or skew; and
//! a layer's rotation is ignored unless `ddd` stands before `ks` in the file.

use super::dotlottie::DotLottie;
use super::fit::fit;
use super::lottie::LottieScene;
use super::{Scene, SceneError, Segment};
use crate::frame::Frame;
use ::rlottie::{Animation, Bgra, Size, Surface};
use std::hash::{DefaultHasher, Hasher};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tiny_skia::PremultipliedColorU8;

/// Why rlottie did not take an animation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RlottieError {
    /// It takes C strings, which end at the first NUL.
    #[error("the JSON has a NUL byte, at {0}")]
    Nul(usize),
    /// It says no more than that.
    #[error("it refuses this animation")]
    Refused,
    /// The animation cannot leave the thread that opened it, and there is none.
    #[error("its thread did not start")]
    Thread(#[source] std::io::Error),
}

/// An animation that rlottie draws.
pub struct RlottieScene {
    aspect: f32,
    duration: Duration,
    frame_rate: f32,
    segments: Vec<Segment>,
    worker: Worker,
}

/// Makes a scene of a Lottie JSON, or of a dotLottie container's active animation.
///
/// # Errors
/// When it is neither, our own parser cannot read it, or rlottie refuses it.
pub fn load(bytes: &[u8]) -> Result<RlottieScene, SceneError> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return RlottieScene::parse(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    }
    let container = DotLottie::open(bytes)?;
    let active = container.active();
    let active =
        active.ok_or_else(|| SceneError::Container("the manifest names no animation".into()))?;
    RlottieScene::parse(&container.animation_text(active)?)
}

impl RlottieScene {
    /// Reads the text of a Lottie JSON file.
    ///
    /// # Errors
    /// When it is not a readable Lottie, passes a limit, or rlottie refuses it.
    pub fn parse(text: &[u8]) -> Result<Self, SceneError> {
        // The binding panics on one.
        if let Some(at) = text.iter().position(|byte| *byte == 0) {
            return Err(RlottieError::Nul(at).into());
        }
        let ours = LottieScene::parse(text)?;
        Ok(Self {
            aspect: ours.aspect(),
            duration: ours.duration(),
            frame_rate: ours.frame_rate(),
            segments: ours.segments().to_vec(),
            worker: Worker::start(text.to_vec())?,
        })
    }

    /// The whole frame that shows at this time, 0 being the in-point.
    fn frame_at(&self, at: Duration) -> usize {
        let frames = |time: Duration| time.as_secs_f64() * f64::from(self.frame_rate);
        // A duration counts nanoseconds: the frame it was made of must come out again.
        let frame = (frames(at) + 1e-4).floor();
        // At the out-point rlottie 0.2 still draws a frame; 0.1 and our own engine do not.
        let last = (frames(self.duration) - 1.0 + 1e-4).floor();
        whole(frame.min(last))
    }
}

impl Scene for RlottieScene {
    fn aspect(&self) -> f32 {
        self.aspect
    }

    fn duration(&self) -> Duration {
        self.duration
    }

    fn frame_rate(&self) -> f32 {
        self.frame_rate
    }

    fn segments(&self) -> &[Segment] {
        &self.segments
    }

    fn draw(&mut self, at: Duration, frame: &mut Frame) {
        let (across, down) = (frame.size().width as usize, frame.size().height as usize);
        let place = fit(f64::from(self.aspect), 1.0, frame.size());
        let size = Size::new(
            whole((f64::from(self.aspect) * place.scale).round()).clamp(1, across),
            whole(place.scale.round()).clamp(1, down),
        );
        let (left, top) = ((across - size.width) / 2, down - size.height);
        let pixmap = frame.pixmap_mut();
        pixmap.fill(tiny_skia::Color::TRANSPARENT);
        let Some(surface) = self.worker.draw(self.frame_at(at), size) else {
            return;
        };
        let rows = pixmap.pixels_mut().chunks_exact_mut(across).skip(top);
        for (to, from) in rows.zip(surface.data().chunks_exact(size.width)) {
            rgba_of_bgra(from, &mut to[left..left + size.width]);
        }
    }
}

/// rlottie's pixels, premultiplied BGRA, as a frame's, premultiplied RGBA.
fn rgba_of_bgra(from: &[Bgra], to: &mut [PremultipliedColorU8]) {
    for (to, &Bgra { b, g, r, a }) in to.iter_mut().zip(from) {
        // Rounding may leave a channel a little above alpha, which a premultiplied colour may not.
        let pixel = PremultipliedColorU8::from_rgba(r.min(a), g.min(a), b.min(a), a);
        *to = pixel.unwrap_or(PremultipliedColorU8::TRANSPARENT);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, as wanted")]
fn whole(number: f64) -> usize {
    number as usize
}

/// A frame to draw, and where.
struct Order {
    frame: usize,
    surface: Surface,
}

/// An [`Animation`] is not `Send`, and a scene is: it lives and dies on a thread of its own.
struct Worker {
    orders: Option<SyncSender<Order>>,
    drawn: Receiver<Surface>,
    /// The surface of the last drawing: one is enough while the size stays.
    surface: Option<Surface>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    fn start(text: Vec<u8>) -> Result<Self, RlottieError> {
        let (orders, inbox) = sync_channel(1);
        let (outbox, drawn) = sync_channel(1);
        let (opened, is_open) = sync_channel(1);
        let work = move || {
            let animation = open(text);
            if opened.send(animation.is_some()).is_ok() {
                animation.into_iter().for_each(|animation| serve(animation, &inbox, &outbox));
            }
        };
        let thread = Builder::new().name("rlottie".into()).spawn(work);
        let thread = Some(thread.map_err(RlottieError::Thread)?);
        let worker = Self { orders: Some(orders), drawn, surface: None, thread };
        match is_open.recv() {
            Ok(true) => Ok(worker),
            _ => Err(RlottieError::Refused),
        }
    }

    fn draw(&mut self, frame: usize, size: Size) -> Option<&Surface> {
        let surface = self.surface.take().filter(|surface| surface.size() == size);
        let surface = surface.unwrap_or_else(|| Surface::new(size));
        self.orders.as_ref()?.send(Order { frame, surface }).ok()?;
        self.surface = self.drawn.recv().ok();
        self.surface.as_ref()
    }
}

/// Without its orders the thread ends. It is waited for: C++ clears up its globals when the process
/// ends, and must not do so under an animation.
impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open(text: Vec<u8>) -> Option<Animation> {
    // Upstream's build caches by this key and by nothing else, the empty key included.
    let mut hasher = DefaultHasher::new();
    hasher.write(&text);
    let key = format!("{:016x}-{}", hasher.finish(), text.len());
    // rlottie reads pictures from disk by the path that the file gives. Below a device there is no
    // file, whatever the path.
    Animation::from_data(text, key, "/dev/null/")
}

fn serve(mut animation: Animation, orders: &Receiver<Order>, drawn: &SyncSender<Surface>) {
    for Order { frame, mut surface } in orders {
        animation.render(frame, &mut surface);
        if drawn.send(surface).is_err() {
            return;
        }
    }
}
