//! `ascii.txt` and `symbols.txt`: poses drawn by hand, for terminals that show no pictures.
//!
//! ```text
//! yellow: oO        before the first pose, in symbols.txt: a colour and the glyphs that have it
//! [idle 3400]       a clip, and for how many milliseconds its first pose stays
//! (o o)
//! [idle.2 160]      its second pose
//! (- -)
//! ```

use super::manifest::is_name;
use crate::frame::{Letters, TextArt, TextPose};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most poses of one clip.
const MAX_POSES: usize = 16;
/// How long a pose stays where that is not said.
const STAY: Duration = Duration::from_millis(500);
/// How long a pose may stay, in milliseconds: no more than three flashes a second, and no more
/// than a minute.
const STAYS: std::ops::RangeInclusive<u64> = 120..=60_000;
/// The colours of a terminal's first sixteen, by name.
const COLORS: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
/// Before the name of a colour of the upper eight.
const BRIGHT: &str = "bright-";

/// The poses of one pet in one kind of letters, by clip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Poses(BTreeMap<String, Vec<TextPose>>);

impl Poses {
    /// Reads a file of poses. What is no pose is passed by.
    pub(super) fn parse(text: &str, letters: Letters) -> Self {
        let (mut inks, mut poses) = (BTreeMap::new(), BTreeMap::new());
        let mut section: Option<(String, Duration, String)> = None;
        let mut finish = |section: Option<(String, Duration, String)>, inks: &BTreeMap<_, _>| {
            let Some((name, stay, rows)) = section else { return };
            let clip: &mut Vec<TextPose> = poses.entry(name).or_default();
            if clip.len() < MAX_POSES {
                clip.push(TextPose { art: TextArt::drawn(rows.trim_end(), letters, inks), stay });
            }
        };
        for line in text.lines() {
            if let Some((name, stay)) = header(line) {
                finish(section.replace((name, stay, String::new())), &inks);
            } else if let Some((_, _, rows)) = &mut section {
                rows.push_str(line);
                rows.push('\n');
            } else if let Some((ink, glyphs)) = ink(line) {
                inks.extend(glyphs.chars().filter(|c| *c != ' ').map(|glyph| (glyph, ink)));
            }
        }
        finish(section, &inks);
        let widest = poses.values().flatten().map(|pose| pose.art.cols()).max().unwrap_or(0);
        poses.values_mut().flatten().for_each(|pose| pose.art.widen(widest));
        Self(poses)
    }

    /// The poses of that very clip.
    pub(super) fn get(&self, clip: &str) -> Option<&[TextPose]> {
        self.0.get(clip).map(Vec::as_slice)
    }
}

/// `[clip]`, `[clip 3400]`, `[clip.2 160]`: the clip, and how long the pose stays.
fn header(line: &str) -> Option<(String, Duration)> {
    let inside = line.strip_prefix('[')?.trim_end().strip_suffix(']')?;
    let (name, stay) = match inside.split_once(' ') {
        Some((name, stay)) => {
            let stay: u64 = stay.trim().parse().ok()?;
            (name, Duration::from_millis(stay.clamp(*STAYS.start(), *STAYS.end())))
        }
        None => (inside, STAY),
    };
    let (clip, number) = name.split_once('.').unwrap_or((name, "1"));
    let numbered = number.parse::<usize>().is_ok_and(|n| (1..=MAX_POSES).contains(&n));
    (is_name(clip) && numbered).then(|| (clip.to_owned(), stay))
}

/// `bright-cyan: xyz`: one of sixteen colours, and its glyphs.
fn ink(line: &str) -> Option<(u8, &str)> {
    let (name, glyphs) = line.split_once(": ")?;
    let (name, first) = name.strip_prefix(BRIGHT).map_or((name, 0), |name| (name, 8));
    let place = COLORS.iter().position(|color| *color == name)?;
    Some((u8::try_from(place).ok()? + first, glyphs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(poses: &Poses, clip: &str, n: usize) -> Vec<String> {
        poses.get(clip).unwrap()[n].art.lines().to_vec()
    }

    #[test]
    fn poses_are_told_apart() {
        let poses = Poses::parse("junk\n[idle]\n /\\\n[x\n\n[hiss]\n  ^\n\n", Letters::Ascii);
        assert_eq!(rows(&poses, "idle", 0), [" /\\", "[x"]);
        assert_eq!(rows(&poses, "hiss", 0), ["  ^"]);
    }

    #[test]
    fn a_clip_may_have_more_than_one() {
        let text = "bright-cyan: ◉\n[idle 3400]\n◉\n[idle.2 1]\n-\n[idle.x 1]\n[happy 2s]\n";
        let poses = Poses::parse(text, Letters::Symbols);
        let idle = poses.get("idle").unwrap();
        let stays: Vec<_> = idle.iter().map(|pose| pose.stay.as_millis()).collect();
        assert_eq!(stays, [3400, 120], "nothing flashes");
        assert_eq!(idle[0].art.ink('◉'), Some(14));
        assert_eq!(idle[0].art.ink('-'), None);
        assert_eq!(rows(&poses, "idle", 1), ["-", "[idle.x 1]", "[happy 2s]"]);
        assert_eq!(poses.get("happy"), None);
    }

    #[test]
    fn no_glyph_moves_the_cursor_or_is_wide() {
        let text = "[idle]\na\u{1b}[2J猫\u{202e}\u{5d0}█⣿b";
        let symbols = Poses::parse(text, Letters::Symbols);
        assert_eq!(rows(&symbols, "idle", 0), ["a [2J   █⣿b"]);
        let ascii = Poses::parse(text, Letters::Ascii);
        assert_eq!(rows(&ascii, "idle", 0), ["a [2J     b"]);
        let many: String = (0..99).map(|_| "[idle]\nx\n").collect();
        assert_eq!(Poses::parse(&many, Letters::Ascii).get("idle").unwrap().len(), MAX_POSES);
    }
}
