//! Which moments of a clip become poses, for terminals that hold a clip themselves.

use crate::frame::{Frame, FrameSizeError};
use crate::protocol::Pose;
use crate::scene::Scene;
use crate::units::PixelSize;
use std::time::Duration;

/// At most so many poses a clip: what a terminal holds is paid for once in bytes, and 24 chosen
/// for the motion look as smooth as twice that many at even distances.
pub const MAX_POSES: usize = 24;

/// The side of the pictures that the motion is measured on, in pixels.
const MEASURE: u32 = 48;

/// The moments looked at when the motion is measured, a second.
const SAMPLES_A_SECOND: f64 = 30.0;

/// A clip takes no longer than this; the rest of a longer one is left out.
const MAX_CLIP: Duration = Duration::from_secs(20);

/// A moment of a clip and how long its pose stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// From the clip's start.
    pub at: Duration,
    /// Until the next pose.
    pub gap: Duration,
}

/// Chooses the moments of the stretch `start..start + duration` so that about the same amount of
/// motion lies between each two: many where it moves, few where it rests.
///
/// # Errors
/// Never in practice: the measuring pictures have a size that is possible.
pub fn choose(
    scene: &mut dyn Scene,
    start: Duration,
    duration: Duration,
) -> Result<Vec<Moment>, FrameSizeError> {
    let duration = duration.min(MAX_CLIP);
    let count = samples(duration);
    let step = duration / count;
    let mut motion = Vec::with_capacity(count as usize);
    let mut last = Frame::new(PixelSize::new(MEASURE, MEASURE))?;
    let mut frame = last.clone();
    for i in 0..count {
        scene.draw(start + step * i, &mut frame);
        motion.push(if i == 0 { 0 } else { difference(&frame, &last) });
        std::mem::swap(&mut frame, &mut last);
    }
    Ok(gaps(&chosen(&motion), step, duration))
}

/// Draws a pose for each moment at `size`.
///
/// # Errors
/// When a frame of that size is not possible.
pub fn draw(
    scene: &mut dyn Scene,
    start: Duration,
    moments: &[Moment],
    size: PixelSize,
) -> Result<Vec<Pose>, FrameSizeError> {
    moments
        .iter()
        .map(|moment| {
            let mut frame = Frame::new(size)?;
            scene.draw(start + moment.at, &mut frame);
            Ok(Pose { frame, gap: moment.gap })
        })
        .collect()
}

/// How many moments tell a clip's colours.
const COLOR_SAMPLES: u32 = 8;

/// Draws a few moments of the stretch, at half of `size`, which tells its colours for a quarter of
/// the time.
///
/// # Errors
/// When a frame of that size is not possible.
pub fn sample(
    scene: &mut dyn Scene,
    start: Duration,
    duration: Duration,
    size: PixelSize,
) -> Result<Vec<Frame>, FrameSizeError> {
    let half = PixelSize::new(size.width.div_ceil(2), size.height.div_ceil(2));
    let moments = (0..COLOR_SAMPLES).map(|i| start + duration * i / COLOR_SAMPLES);
    let draw = |moment| {
        let mut frame = Frame::new(half)?;
        scene.draw(moment, &mut frame);
        Ok(frame)
    };
    moments.map(draw).collect()
}

fn samples(duration: Duration) -> u32 {
    crate::units::round_u32(duration.as_secs_f64() * SAMPLES_A_SECOND).max(1)
}

/// How much two pictures of one size differ: the sum over all bytes.
fn difference(a: &Frame, b: &Frame) -> u64 {
    let pairs = a.pixmap().data().iter().zip(b.pixmap().data());
    pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
}

/// The samples that become poses. `motion[i]` is how far sample i is from the one before it.
fn chosen(motion: &[u64]) -> Vec<u32> {
    let moving = motion.iter().filter(|m| **m > 0).count();
    let total: u64 = motion.iter().sum();
    let wanted = moving.clamp(1, MAX_POSES - 1) as u64;
    let (mut sum, mut next, mut out) = (0, 1, vec![0]);
    for (i, m) in (0u32..).zip(motion) {
        sum += m;
        if *m > 0 && sum * wanted >= next * total {
            out.push(i);
            next = sum * wanted / total + 1;
        }
    }
    out
}

fn gaps(chosen: &[u32], step: Duration, duration: Duration) -> Vec<Moment> {
    let ends = chosen.iter().skip(1).map(|i| step * *i).chain([duration]);
    let moment = |(i, end): (&u32, Duration)| Moment { at: step * *i, gap: end - step * *i };
    chosen.iter().zip(ends).map(moment).collect()
}

/// The pose that stands at `at` after the clip's start, and how long until the next one.
#[must_use]
pub fn standing(moments: &[Duration], at: Duration) -> (usize, Duration) {
    let mut end = Duration::ZERO;
    for (i, gap) in moments.iter().enumerate() {
        end += *gap;
        if at < end {
            return (i, end - at);
        }
    }
    (moments.len().saturating_sub(1), Duration::MAX)
}

/// Which of the poses drawn by hand stands when their clip has run for so long, and how much longer:
/// over and over, or once and then for good.
pub(super) fn by_hand(stays: &[Duration], run: Duration, looping: bool) -> (usize, Duration) {
    let round: Duration = stays.iter().sum();
    let last = stays.len().saturating_sub(1);
    let at = match u64::try_from(run.as_nanos() % round.as_nanos().max(1)) {
        _ if last == 0 => return (0, Duration::MAX),
        Ok(nanos) if looping => Duration::from_nanos(nanos),
        _ => run,
    };
    match standing(stays, at) {
        (pose, _) if pose == last && !looping => (last, Duration::MAX),
        standing => standing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poses_by_hand_go_round_or_end() {
        let ms = Duration::from_millis;
        let stays = [ms(300), ms(100)];
        assert_eq!(by_hand(&stays, ms(0), true), (0, ms(300)));
        assert_eq!(by_hand(&stays, ms(750), true), (1, ms(50)));
        assert_eq!(by_hand(&stays, ms(100), false), (0, ms(200)));
        assert_eq!(by_hand(&stays, ms(5000), false), (1, Duration::MAX));
        assert_eq!(by_hand(&stays[..1], ms(5000), true), (0, Duration::MAX));
        assert_eq!(by_hand(&[], ms(5000), true), (0, Duration::MAX));
        assert_eq!(by_hand(&[ms(0), ms(0)], ms(5), true).0, 1);
    }

    #[test]
    fn a_still_clip_is_one_pose() {
        assert_eq!(chosen(&[0; 90]), [0]);
        assert_eq!(chosen(&[0]), [0]);
    }

    #[test]
    fn poses_gather_where_the_motion_is() {
        let mut motion = vec![0; 120];
        motion[60..80].fill(100);
        let poses = chosen(&motion);
        assert_eq!(poses.len(), 21);
        assert!(poses[1..].iter().all(|p| (60..80).contains(p)));
    }

    #[test]
    fn never_more_than_the_limit_and_the_gaps_fill_the_clip() {
        let motion: Vec<u64> = (0..600).map(|i| i % 37).collect();
        let poses = chosen(&motion);
        assert!(poses.len() <= MAX_POSES && poses.len() > MAX_POSES / 2);
        let step = Duration::from_millis(33);
        let moments = gaps(&poses, step, step * 600);
        assert_eq!(moments.iter().map(|m| m.gap).sum::<Duration>(), step * 600);
    }

    #[test]
    fn the_standing_pose_is_found() {
        let gaps = [Duration::from_millis(100), Duration::from_millis(50)];
        assert_eq!(standing(&gaps, Duration::ZERO).0, 0);
        assert_eq!(standing(&gaps, Duration::from_millis(100)), (1, Duration::from_millis(50)));
        assert_eq!(standing(&gaps, Duration::from_secs(9)).0, 1);
    }
}
