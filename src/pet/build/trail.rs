//! Secondary motion: a track that does what another one does, later and by more or less.

use super::clips::{Easing, Key, Property, Tracks, Value, target};
use kurbo::{CubicBez, ParamCurve as _};
use serde::Deserialize;

/// A track that trails another, as clips.toml says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trail {
    /// The track that it repeats, of the same property.
    after: String,
    /// Frames.
    #[serde(default)]
    delay: f64,
    /// What the distance from rest is multiplied by.
    #[serde(default = "whole")]
    gain: f64,
}

const fn whole() -> f64 {
    1.0
}

/// Adds the trails of a clip to its tracks. A trail may follow another one.
pub(super) fn add<'a>(
    tracks: &mut Tracks,
    trails: impl Iterator<Item = (&'a str, &'a Trail)>,
    frames: f64,
    looping: bool,
) -> Result<(), String> {
    let mut left: Vec<(&str, &Trail)> = trails.collect();
    // A clip that extends another one may have given the trail its own track.
    for (name, _) in &left {
        tracks.remove(&target(name)?);
    }
    while !left.is_empty() {
        let before = left.len();
        let mut waiting = Vec::new();
        for (name, trail) in left {
            let within = |what: String| format!("track {name:?} {what}");
            let (to, from) = (target(name)?, target(&trail.after).map_err(within)?);
            if to.1 != from.1 {
                return Err(within(format!("follows {:?}, another property", trail.after)));
            }
            match tracks.get(&from) {
                Some(led) => {
                    let keys = follow(led, trail, to.1, frames, looping).map_err(within)?;
                    tracks.insert(to, keys);
                }
                None => waiting.push((name, trail)),
            }
        }
        if let Some((name, trail)) = waiting.first().filter(|_| waiting.len() == before) {
            return Err(format!("track {name:?} follows {:?}, which stands still", trail.after));
        }
        left = waiting;
    }
    Ok(())
}

fn follow(
    led: &[Key],
    trail: &Trail,
    property: Property,
    frames: f64,
    looping: bool,
) -> Result<Vec<Key>, String> {
    if !(0.0..frames).contains(&trail.delay) {
        return Err(format!("has delay = {}: 0 to {frames} frames are possible", trail.delay));
    }
    if matches!(property, Property::Opacity | Property::Shape) && trail.gain != 1.0 {
        return Err("has a gain, which only move, scale and rotate can have".into());
    }
    let later = |key: &Key| Key {
        frame: key.frame + trail.delay,
        value: gained(&key.value, property, trail.gain),
        easing: key.easing,
    };
    let keys: Vec<Key> = led.iter().map(later).collect();
    if looping { round(keys, frames) } else { cut(keys, frames) }
}

fn gained(value: &Value, property: Property, gain: f64) -> Value {
    let rest = if property == Property::Scale { 100.0 } else { 0.0 };
    let one = |v: f64| rest + (v - rest) * gain;
    match value {
        Value::Number(v) => Value::Number(one(*v)),
        Value::Pair([x, y]) => Value::Pair([one(*x), one(*y)]),
        other => other.clone(),
    }
}

/// What comes past the end of a clip that does not loop comes at its end.
fn cut(mut keys: Vec<Key>, frames: f64) -> Result<Vec<Key>, String> {
    let past = keys.iter().filter(|key| key.frame > frames).count();
    if past > 1 {
        return Err(format!("has {past} keys after the clip's end once it is late"));
    }
    if let Some(last) = keys.last_mut() {
        last.frame = last.frame.min(frames);
    }
    Ok(keys)
}

/// What comes past the end of a loop comes at its beginning; the movement that is under way there
/// is cut in two.
fn round(keys: Vec<Key>, frames: f64) -> Result<Vec<Key>, String> {
    let Some(split) = keys.iter().position(|key| key.frame > frames) else {
        return Ok(keys);
    };
    let Some(from) = split.checked_sub(1).and_then(|before| keys.get(before)) else {
        return Ok(keys);
    };
    let to = &keys[split];
    let (value, first, second) = halves(from, to, (frames - from.frame) / (to.frame - from.frame))?;
    let seam = |frame, easing| Key { frame, value: value.clone(), easing };
    let mut around = vec![seam(0.0, Easing::Hold)];
    around.extend(keys[split..].iter().map(|key| Key { frame: key.frame - frames, ..key.clone() }));
    if let Some(next) = around.get_mut(1) {
        next.easing = second;
    }
    // The first key of the loop as it was led is where the last one ended.
    let still = around.last().map_or(0.0, |key| key.frame);
    around.extend(keys[..split].iter().filter(|key| key.frame > still).cloned());
    around.push(seam(frames, first));
    Ok(around)
}

/// The value at a part (0 to 1) of the way between two keys, and the easings to it and from it.
fn halves(from: &Key, to: &Key, part: f64) -> Result<(Value, Easing, Easing), String> {
    let Easing::Bezier([x1, y1, x2, y2]) = to.easing else {
        return Ok((from.value.clone(), Easing::Hold, Easing::Hold));
    };
    let curve = CubicBez::new((0.0, 0.0), (x1, y1), (x2, y2), (1.0, 1.0));
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..48 {
        let middle = f64::midpoint(low, high);
        if curve.eval(middle).x < part { low = middle } else { high = middle }
    }
    let at = curve.eval(low);
    let mix = |a: f64, b: f64| a + (b - a) * at.y;
    let value = match (&from.value, &to.value) {
        (a, b) if a == b => a.clone(),
        (Value::Number(a), Value::Number(b)) => Value::Number(mix(*a, *b)),
        (Value::Pair(a), Value::Pair(b)) => Value::Pair([mix(a[0], b[0]), mix(a[1], b[1])]),
        _ => return Err("changes its shape across the loop's end: say it in keys".into()),
    };
    let first = unit(curve.subsegment(0.0..low));
    Ok((value, first, unit(curve.subsegment(low..1.0))))
}

/// A piece of an easing as an easing of its own.
fn unit(piece: CubicBez) -> Easing {
    let (width, height) = (piece.p3.x - piece.p0.x, piece.p3.y - piece.p0.y);
    if width.abs() < 1e-6 || height.abs() < 1e-6 {
        return Easing::Bezier([0.0, 0.0, 1.0, 1.0]);
    }
    let x = |x: f64| ((x - piece.p0.x) / width).clamp(0.0, 1.0);
    let y = |y: f64| (y - piece.p0.y) / height;
    let [x1, y1] = [x(piece.p1.x), y(piece.p1.y)];
    Easing::Bezier([x1, y1, x(piece.p2.x), y(piece.p2.y)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN_OUT: Easing = Easing::Bezier([0.42, 0.0, 0.58, 1.0]);

    fn key(frame: f64, value: f64) -> Key {
        Key { frame, value: Value::Number(value), easing: IN_OUT }
    }

    fn trailed(keys: &[Key], delay: f64, gain: f64, looping: bool) -> Result<Vec<Key>, String> {
        let trail = Trail { after: "a.rotate".into(), delay, gain };
        let mut tracks = Tracks::from([(("a".to_owned(), Property::Rotate), keys.to_vec())]);
        add(&mut tracks, [("b.rotate", &trail)].into_iter(), 60.0, looping)?;
        Ok(tracks.remove(&("b".to_owned(), Property::Rotate)).unwrap())
    }

    /// The value of a track at a frame, as a player eases it.
    fn value(keys: &[Key], frame: f64) -> f64 {
        let number = |key: &Key| match key.value {
            Value::Number(v) => v,
            _ => panic!("{key:?}"),
        };
        let Some(next) = keys.iter().position(|key| key.frame > frame) else {
            return number(keys.last().unwrap());
        };
        let Some(from) = next.checked_sub(1).map(|i| &keys[i]) else {
            return number(&keys[0]);
        };
        let to = &keys[next];
        let part = (frame - from.frame) / (to.frame - from.frame);
        match halves(from, to, part).unwrap().0 {
            Value::Number(v) => v,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_loop_trails_itself_around_its_end() {
        let led = [key(0.0, 0.0), key(20.0, 8.0), key(50.0, -6.0), key(60.0, 0.0)];
        let trail = trailed(&led, 7.0, 1.5, true).unwrap();
        assert_eq!((trail[0].frame, trail.last().unwrap().frame), (0.0, 60.0));
        assert_eq!(trail[0].value, trail.last().unwrap().value);
        for frame in 0..60 {
            let late = (f64::from(frame) + 53.0) % 60.0;
            let (is, was) = (value(&trail, f64::from(frame)), value(&led, late) * 1.5);
            assert!((is - was).abs() < 0.01, "frame {frame}: {is}, not {was}");
        }
    }

    #[test]
    fn a_clip_that_ends_is_trailed_to_its_end() {
        let led = [key(0.0, 0.0), key(20.0, 8.0), key(60.0, 0.0)];
        let frames = |keys: &[Key]| keys.iter().map(|key| key.frame).collect::<Vec<_>>();
        assert_eq!(frames(&trailed(&led, 4.0, 1.0, false).unwrap()), [4.0, 24.0, 60.0]);
        assert!(trailed(&led, 45.0, 1.0, false).unwrap_err().contains("2 keys after"));
    }

    #[test]
    fn what_cannot_trail_is_named() {
        let trail = |after: &str, gain| Trail { after: after.into(), delay: 0.0, gain };
        let error = |name: &str, trail: Trail| {
            let led = vec![Key { frame: 0.0, value: Value::Number(1.0), easing: IN_OUT }];
            let mut tracks = Tracks::from([
                (("a".to_owned(), Property::Rotate), led.clone()),
                (("a".to_owned(), Property::Opacity), led),
            ]);
            add(&mut tracks, [(name, &trail)].into_iter(), 60.0, true).unwrap_err()
        };
        assert!(error("b.move", trail("a.rotate", 1.0)).contains("another property"));
        assert!(error("b.move", trail("a.move", 1.0)).contains("stands still"));
        assert!(error("b.opacity", trail("a.opacity", 2.0)).contains("gain"));
    }
}
