use super::*;
use std::time::{Duration, Instant};

/// 30 frames a second; a number with keys (1 s, 10), (2 s, 20), (4 s, 0), straight between them.
struct Keyed {
    time: f64,
    keys: Vec<f64>,
    vector: bool,
}

fn keyed(time: f64) -> Keyed {
    Keyed { time, keys: vec![1.0, 2.0, 4.0], vector: false }
}

impl Scope for Keyed {
    fn time(&self) -> f64 {
        self.time
    }
    fn frame_duration(&self) -> f64 {
        1.0 / 30.0
    }
    fn value_at(&self, time: f64) -> Value {
        let value = match time {
            t if t <= 1.0 => 10.0,
            t if t <= 2.0 => 10.0 * t,
            t if t <= 4.0 => 40.0 - 10.0 * t,
            _ => 0.0,
        };
        if self.vector { Value::Vector(vec![value, 100.0]) } else { Value::Number(value) }
    }
    fn key_times(&self) -> &[f64] {
        &self.keys
    }
    fn seed(&self) -> u64 {
        7
    }
    fn comp_size(&self) -> (f64, f64) {
        (640.0, 480.0)
    }
}

fn run_in(source: &str, scope: &Keyed) -> Result<Value, Fault> {
    Expression::parse(source).unwrap_or_else(|e| panic!("{source}: {e:?}")).run(scope)
}

fn assert_near(value: &Value, expected: &[f64], source: &str) {
    let entries = match value {
        Value::Number(number) => std::slice::from_ref(number),
        Value::Vector(entries) => entries,
    };
    let near = entries.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(near && entries.len() == expected.len(), "{source}: {value:?}, not {expected:?}");
}

const BOUNCE: &str = "var $bm_rt;
var n, t, v, amp, freq, decay;
n = 0;
if (numKeys > 0) {
    $bm_rt = n = nearestKey(time).index;
    if (key(n).time > time) {
        n--;
    }
}
if (n == 0) {
    $bm_rt = t = 0;
} else {
    $bm_rt = t = $bm_sub(time, key(n).time);
}
if (n > 0 && t < 1) {
    v = velocityAtTime($bm_sub(key(n).time, $bm_div(thisComp.frameDuration, 10)));
    amp = 0.05; freq = 4; decay = 8;
    $bm_rt = $bm_sum(value, $bm_div($bm_mul($bm_mul(v, amp), Math.sin($bm_mul($bm_mul($bm_mul(\
freq, t), 2), Math.PI))), Math.exp($bm_mul(decay, t))));
} else {
    $bm_rt = value;
}";

/// Sources and what they give a second and a half in, where the value is 15.
const SAMPLES: [(&str, &[f64]); 36] = [
    ("time*90", &[135.0]),
    ("var $bm_rt;\n$bm_rt = $bm_mul(time, 360);", &[540.0]),
    ("var $bm_rt; $bm_rt = loopOut('pingpong');", &[15.0]),
    ("loopOut(type = \"cycle\", numKeyframes = 0)", &[15.0]),
    ("[value, value + 20]", &[15.0, 35.0]),
    ("var a = 2, b = a * 3; a + b", &[8.0]),
    ("temp = thisComp.width / 2;\n[temp, thisComp.height / 2]", &[320.0, 240.0]),
    ("Math.floor(time * 10) % 2 == 0 ? 100 : 0", &[0.0]),
    ("value + Math.sin(time * Math.PI) * 10", &[5.0]),
    ("linear(time, 1, 2, 0, 100)", &[50.0]),
    ("linear(time - 1, [0, 0], [10, 20])", &[5.0, 10.0]),
    ("ease(time, 1, 2, 0, 100)", &[50.0]),
    ("easeOut(time, 0, 1, 3, 4)", &[4.0]),
    ("clamp(value, 0, 12)", &[12.0]),
    ("valueAtTime(time - 0.5)", &[10.0]),
    ("var x = 0; for (var i = 1; i <= numKeys; i++) { x += key(i).time; } x", &[7.0]),
    ("i = 0; while (true) { if (++i >= 10) break; } i", &[10.0]),
    ("function twice(x) { var y = x * 2; return y }\ntwice(twice(4))", &[16.0]),
    ("try { key(9).time } catch (err) { -1 }", &[-1.0]),
    ("if (time > 1) 5; else 6", &[5.0]),
    ("posterizeTime(1); value", &[10.0]),
    ("timeToFrames() + framesToTime(30)", &[46.0]),
    ("thisProperty.velocityAtTime(1.5) + speedAtTime(3)", &[20.0]),
    ("sub(add([1, 2], [3, 4, 5]), [1, 1])", &[3.0, 5.0, 5.0]),
    ("[10, 20] * 2 / 4", &[5.0, 10.0]),
    ("$bm_sum([1, 2], 5)", &[6.0, 2.0]),
    ("length([0, 0], [3, 4]) + dot([1, 2], [3, 4])", &[16.0]),
    ("normalize(cross([2, 0], [0, 2]))", &[0.0, 0.0, 1.0]),
    ("radiansToDegrees(degreesToRadians(90)) // turn", &[90.0]),
    ("a = [1]; a[2] = 5; a[0]++; a /* three */", &[2.0, 0.0, 5.0]),
    ("x = -.5e+1; x *= 2; x -= 1; -x", &[11.0]),
    ("[1, 2, 3].length + (!0 && 4)", &[7.0]),
    ("Math.round(-2.5) + Math.max(1, 9, 3) + 7 % 4", &[10.0]),
    ("$bm_neg($bm_mod(7, 4)) + nearestKey(1.9).index", &[-1.0]),
    ("seedRandom(3, true); a = random(10); seedRandom(3, true); a - random(10)", &[0.0]),
    (BOUNCE, &[15.0]),
];

#[test]
fn sample_sources_give_what_after_effects_gives() {
    for (source, expected) in SAMPLES {
        assert_near(&run_in(source, &keyed(1.5)).unwrap(), expected, source);
    }
    let swing = 10.0 * 0.05 * (4.0 * 0.1 * std::f64::consts::TAU).sin() / 0.8_f64.exp();
    assert_near(&run_in(BOUNCE, &keyed(2.1)).unwrap(), &[19.0 + swing], BOUNCE);
    assert_near(&run_in(BOUNCE, &keyed(0.5)).unwrap(), &[10.0], BOUNCE);
}

#[test]
fn loops_repeat_what_lies_between_the_chosen_keys() {
    // Seconds, and the value there.
    let table: [(&str, &[(f64, f64)]); 12] = [
        ("loopOut()", &[(0.0, 10.0), (3.0, 10.0), (4.5, 15.0), (7.0, 10.0), (10.5, 15.0)]),
        ("loopOut('cycle', 1)", &[(3.0, 10.0), (4.5, 15.0), (6.5, 15.0)]),
        ("loopOut('cycle', 9)", &[(4.5, 15.0)]),
        ("loopOut('pingpong')", &[(3.0, 10.0), (4.5, 5.0), (6.5, 15.0), (7.5, 15.0)]),
        ("loopOut('offset')", &[(3.0, 10.0), (4.5, 5.0), (7.5, -5.0)]),
        ("loopOut('continue')", &[(3.0, 10.0), (5.0, -10.0)]),
        ("loopIn('cycle')", &[(0.5, 5.0), (-1.5, 15.0), (1.5, 15.0), (5.0, 0.0)]),
        ("loopIn('pingpong', 1)", &[(0.5, 15.0), (-0.75, 12.5), (1.5, 15.0)]),
        ("loopIn('offset')", &[(0.5, 15.0), (-2.5, 25.0), (1.5, 15.0)]),
        ("loopIn('continue')", &[(0.5, 5.0), (1.5, 15.0)]),
        ("loopOutDuration('cycle', 1)", &[(4.25, 7.5), (3.5, 5.0)]),
        ("loopInDuration('pingpong', 1)", &[(0.25, 17.5)]),
    ];
    for (source, moments) in table {
        for &(time, expected) in moments {
            let value = run_in(source, &keyed(time)).unwrap();
            assert_near(&value, &[expected], &format!("{source} at {time}"));
        }
    }
    let still = Keyed { keys: vec![1.0], ..keyed(6.0) };
    assert_near(&run_in("loopOut()", &still).unwrap(), &[0.0], "one key");
    let vector = Keyed { vector: true, ..keyed(4.5) };
    assert_near(&run_in("loopOut('offset')", &vector).unwrap(), &[5.0, 100.0], "vector");
}

#[test]
fn chance_is_the_seeds_own_and_keeps_its_bounds() {
    let vector = Keyed { vector: true, ..keyed(0.3) };
    let Value::Vector(there) = run_in("wiggle(5, 30)", &vector).unwrap() else { panic!() };
    assert_eq!(run_in("wiggle(5, 30)", &vector), Ok(Value::Vector(there.clone())));
    assert!((there[0] - 10.0).abs() <= 30.0 && (there[0] - 10.0) != (there[1] - 100.0));
    let at = |time| run_in("wiggle(2, 50, 3, .5)", &keyed(time)).unwrap();
    assert_ne!(at(0.1), at(0.4));
    let (Value::Number(a), Value::Number(b)) = (at(0.1), at(0.1001)) else { panic!() };
    assert!((a - b).abs() < 1.0, "smooth: {a} {b}");
    let bounds = "var ok = 1; for (i = 0; i < 200; i++) { var x = random(2, 3); \
        if (x < 2 || x >= 3 || Math.abs(noise(i / 7)) > 1) ok = 0 } ok";
    assert_near(&run_in(bounds, &keyed(0.0)).unwrap(), &[1.0], bounds);
    assert_ne!(run_in("random()", &keyed(0.0)), run_in("random()", &keyed(0.1)));
    assert!(run_in("gaussRandom([1, 2], [3, 4])", &keyed(0.0)).is_ok());
}

#[test]
fn words_that_are_not_known_are_told() {
    let table = [
        ("thisComp.layer('Control').effect('Size')('Slider')", "thisComp.layer"),
        ("$bm_rt = effect('Slider')(1);", "effect"),
        ("transform.rotation * 2", "transform"),
        ("time + wobble", "wobble"),
        ("new Date()", "new"),
        ("switch (time) { case 1: 2 }", "switch"),
        ("Math.fround(2)", "Math.fround"),
        ("key(1).width", "width"),
        ("thisComp", "thisComp"),
        ("x => 1", ">"),
        ("'open", "open string"),
        ("/* open", "open comment"),
        ("if (time", "open end"),
        ("1 + * 2", "*"),
        ("1 = 2", "="),
        ("12abc", "12abc"),
        ("1 # 2", "#"),
        ("var Math = 1", "Math"),
    ];
    for (source, word) in table {
        assert_eq!(Expression::parse(source).err(), Some(Unsupported(word.into())), "{source}");
    }
}

#[test]
fn faults_end_a_run() {
    let table = [
        ("while (true) {}", Fault::OutOfFuel),
        ("for (;;) try { key(99) } catch (e) {}", Fault::OutOfFuel),
        ("function f() { return f() } f()", Fault::OutOfFuel),
        ("for (i = 0; i < 2000; i++) valueAtTime(i)", Fault::OutOfFuel),
        ("1 / 0", Fault::NotFinite),
        ("[0, 0 / 0]", Fault::NotFinite),
        ("valueAtTime(1 / 0)", Fault::NotFinite),
        ("[1, 2] * [3, 4]", Fault::Mismatch),
        ("'a' + 1", Fault::Mismatch),
        ("a = [1]; a[64] = 2", Fault::Mismatch),
        ("a = [1]; a[-1]", Fault::Mismatch),
        ("key(0)", Fault::Mismatch),
        ("var $bm_rt;", Fault::Mismatch),
        ("", Fault::Mismatch),
    ];
    for (source, fault) in table {
        assert_eq!(run_in(source, &keyed(0.0)), Err(fault), "{source}");
    }
}

#[test]
fn limits_hold_on_hostile_sources() {
    let many = |part: &str, count| part.repeat(count);
    let refused = [
        many("(", 10_000),
        many("[", 10_000),
        many("-", 10_000) + "1",
        many("{", 10_000),
        many("if(1)", 3_000),
        many("1?", 5_000),
        many("a=", 5_000) + "1",
        many("f(", 5_000),
        "a".to_owned() + &many("[0]", 5_000),
        "1".to_owned() + &many("+1", 100),
        format!("[{}]", many("1,", 1_000_000)),
        format!("[{}]", many("1,", 1_000)),
        many("1;", 5_000),
    ];
    for source in refused {
        assert!(Expression::parse(&source).is_err(), "{:.20}…", source);
    }
    let deep = format!("{}1{}", many("(", 50), many(")", 50));
    assert_near(&run_in(&deep, &keyed(0.0)).unwrap(), &[1.0], "50 levels");
}

#[test]
fn changed_sources_never_panic() {
    let mut random = fastrand::Rng::with_seed(20);
    let start = Instant::now();
    for _ in 0..20_000 {
        let source = mutated(&mut random);
        if let Ok(expression) = Expression::parse(&source) {
            let _ = expression.run(&keyed(random.f64() * 8.0 - 1.0));
        }
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

/// A sample with pieces cut, doubled or taken from another sample.
fn mutated(random: &mut fastrand::Rng) -> String {
    let mut piece = || {
        let source: Vec<char> = SAMPLES[random.usize(..SAMPLES.len())].0.chars().collect();
        let start = random.usize(..source.len());
        (source.clone(), start, random.usize(start..source.len()))
    };
    let (mut source, start, end) = piece();
    let (other, from, to) = piece();
    let end = end.min(start + 6);
    source.splice(start..end, other[from..to].iter().copied());
    let marks: Vec<char> = "()[]{}+-*/=!?:,;.0'9eé\\ \n".chars().collect();
    for _ in 0..random.usize(..3) {
        let at = random.usize(..source.len().max(1)).min(source.len());
        source.insert(at, random.choice(marks.iter().copied()).unwrap_or(' '));
    }
    source.into_iter().collect()
}
