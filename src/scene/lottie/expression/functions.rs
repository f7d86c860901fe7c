//! After Effects' words, and the arithmetic on numbers and vectors.

use super::run::{Arguments, Datum, Run, count, place};
use super::syntax::Operator;
use super::{Fault, MAX_VECTOR, Value};

/// A word of After Effects as code. Values are functions that look at no argument.
pub(super) type Native = for<'a> fn(&mut Run<'a>, &Arguments<'a>) -> Result<Datum<'a>, Fault>;

type Given<'a> = Result<Datum<'a>, Fault>;

/// Steps of `wiggle`'s sum: finer ones are below what is seen.
const MAX_OCTAVES: usize = 8;

/// The part of a frame over which a velocity is measured: far below a tenth of a frame, which
/// expressions go back from a key frame to ask for the velocity before it.
const VELOCITY_SPAN: f64 = 0.01;

/// A beat that lies within this part of a cycle before the next belongs to the next: frame
/// times in seconds are not exact.
const CYCLE_SLACK: f64 = 1e-9;

/// Words that stand for an object and have no value of their own here.
pub(super) fn is_object(word: &str) -> bool {
    matches!(word, "Math" | "thisProperty" | "thisComp")
}

/// `object.word`, or `object.word(…)` when it is called.
pub(super) fn of_object(object: &str, word: &str, called: bool) -> Option<Native> {
    match (object, called) {
        ("Math", true) => math(word),
        ("Math", false) => constant(word),
        ("thisProperty", true) => property(word),
        ("thisProperty", false) if word != "time" => reading(word),
        ("thisComp", false) => composition(word),
        _ => None,
    }
}

pub(super) fn reading(word: &str) -> Option<Native> {
    Some(match word {
        "time" => |run, _| Ok(run.time.into()),
        "value" => |run, _| run.value_at(run.time).map(Datum::Value),
        "velocity" => |run, _| velocity_at(run, run.time).map(Datum::Value),
        "speed" => |run, _| Ok(length(&velocity_at(run, run.time)?).into()),
        "numKeys" => |run, _| Ok(count(run.scope.key_times().len())),
        "NaN" => |_, _| Ok(f64::NAN.into()),
        "Infinity" => |_, _| Ok(f64::INFINITY.into()),
        _ => return None,
    })
}

fn composition(word: &str) -> Option<Native> {
    Some(match word {
        "frameDuration" => |run, _| Ok(run.scope.frame_duration().into()),
        "width" => |run, _| Ok(run.scope.comp_size().0.into()),
        "height" => |run, _| Ok(run.scope.comp_size().1.into()),
        _ => return None,
    })
}

fn constant(word: &str) -> Option<Native> {
    use std::f64::consts;
    Some(match word {
        "PI" => |_, _| Ok(consts::PI.into()),
        "E" => |_, _| Ok(consts::E.into()),
        "LN2" => |_, _| Ok(consts::LN_2.into()),
        "LN10" => |_, _| Ok(consts::LN_10.into()),
        "LOG2E" => |_, _| Ok(consts::LOG2_E.into()),
        "LOG10E" => |_, _| Ok(consts::LOG10_E.into()),
        "SQRT2" => |_, _| Ok(consts::SQRT_2.into()),
        "SQRT1_2" => |_, _| Ok(consts::FRAC_1_SQRT_2.into()),
        _ => return None,
    })
}

fn math(word: &str) -> Option<Native> {
    Some(match word {
        "abs" => |_, a| one(a, f64::abs),
        "acos" => |_, a| one(a, f64::acos),
        "asin" => |_, a| one(a, f64::asin),
        "atan" => |_, a| one(a, f64::atan),
        "cbrt" => |_, a| one(a, f64::cbrt),
        "ceil" => |_, a| one(a, f64::ceil),
        "cos" => |_, a| one(a, f64::cos),
        "exp" => |_, a| one(a, f64::exp),
        "floor" => |_, a| one(a, f64::floor),
        "log" => |_, a| one(a, f64::ln),
        "log10" => |_, a| one(a, f64::log10),
        "log2" => |_, a| one(a, f64::log2),
        // JavaScript rounds halves up, not away from zero.
        "round" => |_, a| one(a, |x| (x + 0.5).floor()),
        "sign" => |_, a| one(a, |x| if x == 0.0 { 0.0 } else { x.signum() }),
        "sin" => |_, a| one(a, f64::sin),
        "sqrt" => |_, a| one(a, f64::sqrt),
        "tan" => |_, a| one(a, f64::tan),
        "tanh" => |_, a| one(a, f64::tanh),
        "trunc" => |_, a| one(a, f64::trunc),
        "atan2" => |_, a| Ok(a.number(0)?.atan2(a.number(1)?).into()),
        "pow" => |_, a| Ok(a.number(0)?.powf(a.number(1)?).into()),
        "hypot" => |_, a| fold(a, 0.0, f64::hypot),
        "max" => |_, a| fold(a, f64::NEG_INFINITY, f64::max),
        "min" => |_, a| fold(a, f64::INFINITY, f64::min),
        "random" => |run, _| Ok(random(run).into()),
        _ => return None,
    })
}

/// What is called by its name alone.
pub(super) fn native(word: &str) -> Option<Native> {
    Some(match word {
        "add" | "sum" | "$bm_sum" => |_, a| apply(Operator::Add, a),
        "sub" | "$bm_sub" => |_, a| apply(Operator::Subtract, a),
        "mul" | "$bm_mul" => |_, a| apply(Operator::Multiply, a),
        "div" | "$bm_div" => |_, a| apply(Operator::Divide, a),
        "mod" | "$bm_mod" => |_, a| apply(Operator::Remainder, a),
        "$bm_neg" => |_, a| each(a.value(0)?, |x| -x),
        "linear" => |_, a| ramp(a, [0.0, 0.0, 1.0, 1.0]),
        // The handles are those that After Effects' key frame assistants give.
        "ease" => |_, a| ramp(a, [1.0 / 3.0, 0.0, 2.0 / 3.0, 1.0]),
        "easeIn" => |_, a| ramp(a, [1.0 / 3.0, 0.0, 5.0 / 6.0, 5.0 / 6.0]),
        "easeOut" => |_, a| ramp(a, [1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0, 1.0]),
        "clamp" => |_, a| {
            let (least, most) = (a.number(1)?, a.number(2)?);
            each(a.value(0)?, |x| x.max(least.min(most)).min(least.max(most)))
        },
        "degreesToRadians" => |_, a| one(a, f64::to_radians),
        "radiansToDegrees" => |_, a| one(a, f64::to_degrees),
        "length" => |_, a| {
            let from = if a.has(1) { apply(Operator::Subtract, a)?.value()? } else { a.value(0)? };
            Ok(length(&from).into())
        },
        "normalize" => |_, a| {
            let size = length(&a.value(0)?);
            each(a.value(0)?, |x| x / size)
        },
        "dot" => |_, a| {
            let products = pairwise(a.value(0)?, a.value(1)?, |x, y| x * y)?;
            Ok(entries(&products).iter().sum::<f64>().into())
        },
        "cross" => |_, a| cross(&a.value(0)?, &a.value(1)?),
        _ => return timing(word).or_else(|| chance(word)).or_else(|| property(word)),
    })
}

fn timing(word: &str) -> Option<Native> {
    Some(match word {
        "posterizeTime" => |run, a| {
            let rate = a.number(0)?;
            // Frame times in seconds are not exact: a step that is due is taken.
            run.time = ((run.time * rate + 1e-6).floor() / rate).min(run.time);
            Ok(Datum::Undefined)
        },
        "framesToTime" => {
            |run, a| Ok((a.number(0)? / a.number_or(1, 1.0 / run.scope.frame_duration())?).into())
        }
        "timeToFrames" => |run, a| {
            let rate = a.number_or(1, 1.0 / run.scope.frame_duration())?;
            Ok((a.number_or(0, run.time)? * rate + 1e-6).floor().into())
        },
        _ => return None,
    })
}

fn chance(word: &str) -> Option<Native> {
    Some(match word {
        "random" => |run, a| between(run, a, random),
        "gaussRandom" => |run, a| between(run, a, gauss_random),
        "seedRandom" => |run, a| {
            let timeless = a.number_or(1, 0.0)? != 0.0;
            run.random = Some(first_random(run, a.number(0)?, timeless));
            Ok(Datum::Undefined)
        },
        "noise" => |_, a| noise_of(&a.value(0)?),
        _ => return None,
    })
}

/// What is asked of the property, with or without `thisProperty`.
fn property(word: &str) -> Option<Native> {
    Some(match word {
        "loopIn" => |run, a| repeated(run, a, Side::Before, Span::Keys),
        "loopOut" => |run, a| repeated(run, a, Side::After, Span::Keys),
        "loopInDuration" => |run, a| repeated(run, a, Side::Before, Span::Seconds),
        "loopOutDuration" => |run, a| repeated(run, a, Side::After, Span::Seconds),
        "wiggle" => wiggle,
        "valueAtTime" => |run, a| run.value_at(a.number(0)?).map(Datum::Value),
        "velocityAtTime" => |run, a| velocity_at(run, a.number(0)?).map(Datum::Value),
        "speedAtTime" => |run, a| Ok(length(&velocity_at(run, a.number(0)?)?).into()),
        "key" => |run, a| {
            let key = place(a.number(0)? - 1.0)?;
            let known = key < run.scope.key_times().len();
            if known { Ok(Datum::Key(key)) } else { Err(Fault::Mismatch) }
        },
        "nearestKey" => |run, a| {
            let time = a.number(0)?;
            let keys = run.scope.key_times().iter().enumerate();
            let nearest =
                keys.min_by(|(_, a), (_, b)| (**a - time).abs().total_cmp(&(**b - time).abs()));
            nearest.map(|(key, _)| Datum::Key(key)).ok_or(Fault::Mismatch)
        },
        _ => return None,
    })
}

fn one<'a>(arguments: &Arguments<'a>, f: impl Fn(f64) -> f64) -> Given<'a> {
    Ok(f(arguments.number(0)?).into())
}

fn fold<'a>(arguments: &Arguments<'a>, first: f64, f: impl Fn(f64, f64) -> f64) -> Given<'a> {
    arguments.0.iter().try_fold(first, |sum, next| Ok(f(sum, next.number()?))).map(Datum::from)
}

fn apply<'a>(operator: Operator, arguments: &Arguments<'a>) -> Given<'a> {
    arithmetic(operator, arguments.value(0)?, arguments.value(1)?).map(Datum::Value)
}

/// Sums go entry by entry; a number beside a vector is its first entry's, as in bodymovin's
/// helpers. The other operators take at most one vector.
pub(super) fn arithmetic(operator: Operator, left: Value, right: Value) -> Result<Value, Fault> {
    let f = match operator {
        Operator::Add => |x, y| x + y,
        Operator::Subtract => |x, y| x - y,
        Operator::Multiply => |x, y| x * y,
        Operator::Divide => |x, y| x / y,
        Operator::Remainder => |x, y| x % y,
        _ => return Err(Fault::Mismatch),
    };
    if matches!(operator, Operator::Add | Operator::Subtract) {
        return match (left, right) {
            (Value::Number(x), Value::Vector(mut result)) => {
                result.iter_mut().take(1).for_each(|y| *y = f(x, *y));
                Ok(Value::Vector(result))
            }
            (Value::Vector(mut result), Value::Number(y)) => {
                result.iter_mut().take(1).for_each(|x| *x = f(*x, y));
                Ok(Value::Vector(result))
            }
            (left, right) => pairwise(left, right, f),
        };
    }
    match (left, right) {
        (Value::Number(x), Value::Number(y)) => Ok(Value::Number(f(x, y))),
        (Value::Vector(x), Value::Number(y)) => {
            Ok(Value::Vector(x.into_iter().map(|x| f(x, y)).collect()))
        }
        (Value::Number(x), Value::Vector(y)) => {
            Ok(Value::Vector(y.into_iter().map(|y| f(x, y)).collect()))
        }
        (Value::Vector(_), Value::Vector(_)) => Err(Fault::Mismatch),
    }
}

/// Two numbers, or two vectors entry by entry: where one is shorter, its entries are 0.
fn pairwise(a: Value, b: Value, mut f: impl FnMut(f64, f64) -> f64) -> Result<Value, Fault> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Ok(Value::Number(f(a, b))),
        (Value::Vector(a), Value::Vector(b)) => {
            let at = |entries: &[f64], place| entries.get(place).copied().unwrap_or(0.0);
            let longest = a.len().max(b.len()).min(MAX_VECTOR);
            Ok(Value::Vector((0..longest).map(|place| f(at(&a, place), at(&b, place))).collect()))
        }
        _ => Err(Fault::Mismatch),
    }
}

pub(super) fn compare(operator: Operator, left: f64, right: f64) -> bool {
    match operator {
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        _ => false,
    }
}

fn entries(value: &Value) -> &[f64] {
    match value {
        Value::Number(number) => std::slice::from_ref(number),
        Value::Vector(entries) => entries,
    }
}

fn each<'a>(value: Value, mut f: impl FnMut(f64) -> f64) -> Given<'a> {
    Ok(Datum::Value(match value {
        Value::Number(number) => Value::Number(f(number)),
        Value::Vector(entries) => Value::Vector(entries.into_iter().map(f).collect()),
    }))
}

fn length(value: &Value) -> f64 {
    entries(value).iter().map(|entry| entry * entry).sum::<f64>().sqrt()
}

/// Flat vectors lie at depth 0.
fn cross<'a>(a: &Value, b: &Value) -> Given<'a> {
    let three = |value: &Value| match *entries(value) {
        [x, y] => Ok([x, y, 0.0]),
        [x, y, z] => Ok([x, y, z]),
        _ => Err(Fault::Mismatch),
    };
    let ([ax, ay, az], [bx, by, bz]) = (three(a)?, three(b)?);
    let product = vec![ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
    Ok(Datum::Value(Value::Vector(product)))
}

/// `(t, v1, v2)` for t from 0 to 1, or `(t, tMin, tMax, v1, v2)`, along a curve with these handles.
fn ramp<'a>(a: &Arguments<'a>, handles: [f64; 4]) -> Given<'a> {
    let (start, end, first) =
        if a.has(3) { (a.number(1)?, a.number(2)?, 3) } else { (0.0, 1.0, 1) };
    let (from, to) = (a.value(first)?, a.value(first + 1)?);
    let (start, end) = (start.min(end), start.max(end));
    let time = a.number(0)?;
    if time <= start {
        return Ok(Datum::Value(from));
    }
    if time >= end {
        return Ok(Datum::Value(to));
    }
    let part = eased((time - start) / (end - start), handles);
    pairwise(from, to, |from, to| from + (to - from) * part).map(Datum::Value)
}

/// Height of the curve from (0, 0) to (1, 1) with the handles x1, y1, x2, y2, above `x`.
fn eased(x: f64, [x1, y1, x2, y2]: [f64; 4]) -> f64 {
    let at = |p1: f64, p2: f64, s: f64| {
        let r = 1.0 - s;
        3.0 * r * r * s * p1 + 3.0 * r * s * s * p2 + s * s * s
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if at(x1, x2, middle) < x {
            low = middle;
        } else {
            high = middle;
        }
    }
    at(y1, y2, f64::midpoint(low, high))
}

/// Change each second up to `time`.
fn velocity_at(run: &mut Run<'_>, time: f64) -> Result<Value, Fault> {
    let span = run.scope.frame_duration() * VELOCITY_SPAN;
    slope(run, time - span, time)
}

fn slope(run: &mut Run<'_>, from: f64, to: f64) -> Result<Value, Fault> {
    let (before, after) = (run.value_at(from)?, run.value_at(to)?);
    pairwise(before, after, |before, after| (after - before) / (to - from))
}

/// Which side of the key frames is filled.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Before,
    After,
}

/// What the second argument of a loop counts.
#[derive(Clone, Copy, PartialEq)]
enum Span {
    Keys,
    Seconds,
}

/// `loopIn` and `loopOut`: between the key frames they are what the key frames say.
fn repeated<'a>(run: &mut Run<'a>, a: &Arguments<'a>, side: Side, span: Span) -> Given<'a> {
    let now = run.time;
    let segment = segment(run.scope.key_times(), a.number_or(1, 0.0)?, side, span);
    let Some((first, last)) = segment else { return run.value_at(now).map(Datum::Value) };
    let inside = if side == Side::After { now <= last } else { now >= first };
    if inside || last <= first {
        return run.value_at(now).map(Datum::Value);
    }
    let kind = match a.get(0) {
        Datum::Text(kind) => kind,
        Datum::Undefined => "cycle",
        _ => return Err(Fault::Mismatch),
    };
    if kind.eq_ignore_ascii_case("continue") {
        return onwards(run, if side == Side::After { last } else { first }, side);
    }
    let cycles = ((now - first) / (last - first) + CYCLE_SLACK).floor();
    let within = (now - cycles * (last - first)).clamp(first, last);
    let turned = kind.eq_ignore_ascii_case("pingpong") && cycles.rem_euclid(2.0) == 1.0;
    let value = run.value_at(if turned { first + last - within } else { within })?;
    if !kind.eq_ignore_ascii_case("offset") {
        return Ok(Datum::Value(value));
    }
    let (start, end) = (run.value_at(first)?, run.value_at(last)?);
    let shift = pairwise(start, end, |start, end| (end - start) * cycles)?;
    pairwise(value, shift, |value, shift| value + shift).map(Datum::Value)
}

/// First and last second of what is repeated. An amount of 0 means all key frames.
fn segment(keys: &[f64], amount: f64, side: Side, span: Span) -> Option<(f64, f64)> {
    let [first, .., last] = keys else { return None };
    let all = keys.len() - 1;
    let segments = place(amount.floor()).ok().filter(|n| (1..=all).contains(n)).unwrap_or(all);
    let some = span == Span::Seconds && amount > 0.0 && amount.is_finite();
    Some(match (side, span) {
        (Side::After, Span::Keys) => (*keys.get(all - segments)?, *last),
        (Side::Before, Span::Keys) => (*first, *keys.get(segments)?),
        (Side::After, Span::Seconds) if some => (last - amount, *last),
        (Side::Before, Span::Seconds) if some => (*first, first + amount),
        _ => (*first, *last),
    })
}

/// Straight on with the velocity at the outer key frame.
fn onwards<'a>(run: &mut Run<'a>, key: f64, side: Side) -> Given<'a> {
    let span = run.scope.frame_duration() * VELOCITY_SPAN;
    let (from, to) = if side == Side::After { (key - span, key) } else { (key, key + span) };
    let velocity = slope(run, from, to)?;
    let elapsed = run.time - key;
    let edge = run.value_at(key)?;
    pairwise(edge, velocity, |edge, velocity| edge + velocity * elapsed).map(Datum::Value)
}

/// `wiggle(freq, amp, octaves = 1, amp_mult = .5, t = time)`.
fn wiggle<'a>(run: &mut Run<'a>, a: &Arguments<'a>) -> Given<'a> {
    let (rate, reach) = (a.number(0)?, a.number(1)?);
    let octaves = place(a.number_or(2, 1.0)?.round().max(1.0)).unwrap_or(1).min(MAX_OCTAVES);
    let falloff = a.number_or(3, 0.5)?;
    let time = a.number_or(4, run.time)?;
    let seed = run.scope.seed();
    let mut line = seed;
    let value = run.value_at(time)?;
    each(value, |still| {
        line = line.wrapping_add(1);
        let (mut sum, mut rate, mut reach) = (still, rate, reach);
        for octave in 0..octaves {
            sum += noise(mix(line) ^ octave as u64, time * rate) * reach;
            rate *= 2.0;
            reach *= falloff;
        }
        sum
    })
}

/// The same for the same number or place, between -1 and 1.
fn noise_of<'a>(place: &Value) -> Given<'a> {
    match *entries(place) {
        [] => Err(Fault::Mismatch),
        [x, ref others @ ..] => {
            let line = others.iter().fold(0, |line, y| mix(line ^ (y + 0.0).to_bits()));
            Ok(noise(line, x).into())
        }
    }
}

/// A smooth line through one random value at each whole number, between -1 and 1.
fn noise(line: u64, x: f64) -> f64 {
    let corner = |x: f64| 2.0 * unit(mix(mix(line) ^ (x + 0.0).to_bits())) - 1.0;
    let (cell, part) = (x.floor(), x - x.floor());
    let smooth = part * part * part * (part * (part * 6.0 - 15.0) + 10.0);
    corner(cell) + (corner(cell + 1.0) - corner(cell)) * smooth
}

/// `(max)`, `(min, max)` or from 0 to 1; each entry of a vector has its own draw.
fn between<'a>(
    run: &mut Run<'a>,
    a: &Arguments<'a>,
    draw: impl Fn(&mut Run<'a>) -> f64,
) -> Given<'a> {
    match (a.has(0), a.has(1)) {
        (true, true) => {
            pairwise(a.value(0)?, a.value(1)?, |least, most| least + (most - least) * draw(run))
                .map(Datum::Value)
        }
        (true, false) => each(a.value(0)?, |most| most * draw(run)),
        _ => Ok(draw(run).into()),
    }
}

/// From 0 up to, not with, 1.
fn random(run: &mut Run<'_>) -> f64 {
    let state = run.random.unwrap_or_else(|| first_random(run, 0.0, false));
    let next = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    run.random = Some(next);
    unit(mix(next))
}

/// A bell around 0.5, nine of ten between 0 and 1 (Box and Muller's way).
fn gauss_random(run: &mut Run<'_>) -> f64 {
    let radius = (-2.0 * (1.0 - random(run)).ln()).sqrt();
    0.5 + 0.304 * radius * (std::f64::consts::TAU * random(run)).cos()
}

/// Without `timeless` every moment has its own draws.
fn first_random(run: &Run<'_>, offset: f64, timeless: bool) -> u64 {
    let moment = if timeless { 0 } else { (run.time + 1.0).to_bits() };
    mix(mix(run.scope.seed() ^ (offset + 0.0).to_bits()) ^ moment)
}

/// SplitMix64's last step (Steele, Lea and Flood, 2014).
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// The upper 53 bits as a number from 0 up to 1.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
