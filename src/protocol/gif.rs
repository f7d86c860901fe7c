//! Animated GIF (GIF89a specification, CompuServe 1990), for iTerm2's loops.
//!
//! All poses share one global palette, so that colours do not shimmer and no frame carries its own.

use super::{EncodeError, Pose};
use crate::frame::quantize::{Palette, opaque_rgb, over};
use std::collections::HashMap;
use std::time::Duration;
use tiny_skia::PremultipliedColorU8;

/// One index of 256 is the transparent one.
const MOST_COLORS: usize = 255;
/// Shorter delays are read as 0.1 s by many.
const LEAST_DELAY_CS: u16 = 2;

/// A clip as a GIF file, which may be asked to loop.
#[derive(Debug)]
pub(super) struct Gif {
    /// The header, screen descriptor and palette.
    head: Vec<u8>,
    /// The frames and the trailer.
    body: Vec<u8>,
    /// Where in `body` the last frame's disposal stands.
    last_disposal: usize,
}

/// The application extension that repeats for ever (Netscape 2.0, 1995).
const FOR_EVER: &[u8] = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00";
/// Graphic control extension: "restore to background", with a transparent colour.
const TO_BACKGROUND: u8 = 2 << 2 | 1;
/// The same, "do not dispose".
const KEEP: u8 = 1 << 2 | 1;

impl Gif {
    /// The file. Not looping, it stays on its last frame.
    pub(super) fn file(&self, looping: bool) -> Vec<u8> {
        let mut file = self.head.clone();
        let start = file.len();
        if looping {
            file.extend_from_slice(FOR_EVER);
            file.extend_from_slice(&self.body);
        } else {
            file.extend_from_slice(&self.body);
            file[start + self.last_disposal] = KEEP;
        }
        file
    }
}

/// Over a known background a pixel is drawn from this alpha on, mixed with it.
const VISIBLE_FROM: u8 = 48;

/// A pixel as a GIF can show it: opaque, or none.
fn shown(pixel: PremultipliedColorU8, background: Option<[u8; 3]>) -> Option<[u8; 3]> {
    match background {
        Some(ground) => (pixel.alpha() >= VISIBLE_FROM).then(|| over(pixel, ground)),
        None => opaque_rgb(pixel),
    }
}

/// Encodes the poses, all of one size. What is half transparent is mixed with the background, where
/// that is known.
pub(super) fn encode(poses: &[Pose], background: Option<[u8; 3]>) -> Result<Gif, EncodeError> {
    let first = poses.first().ok_or(EncodeError::Compression)?;
    let size = first.frame.size();
    let side = |v: u32| u16::try_from(v).map_err(|_| EncodeError::Compression);
    let (width, height) = (side(size.width)?, side(size.height)?);
    let pixels = poses.iter().flat_map(|p| p.frame.pixmap().pixels());
    let mut palette = Palette::build(pixels.filter_map(|p| shown(*p, background)), MOST_COLORS);
    let clear = u8::try_from(palette.colors().len()).unwrap_or(255);
    let bits = bits_for(usize::from(clear) + 1);
    let head = head(width, height, palette.colors(), clear, bits);
    let mut body = Vec::new();
    let mut last_disposal = 0;
    for (pose, delay) in poses.iter().zip(delays(poses.iter().map(|p| p.gap))) {
        let [d0, d1] = delay.to_le_bytes();
        last_disposal = body.len() + 3;
        body.extend_from_slice(&[0x21, 0xf9, 4, TO_BACKGROUND, d0, d1, clear, 0]);
        body.extend_from_slice(&[0x2c, 0, 0, 0, 0]);
        body.extend_from_slice(&width.to_le_bytes());
        body.extend_from_slice(&height.to_le_bytes());
        body.push(0);
        let pixels = pose.frame.pixmap().pixels().iter();
        let codes = pixels.map(|p| shown(*p, background).map_or(clear, |rgb| palette.index(rgb)));
        push_blocks(bits, &lzw(codes, bits), &mut body);
    }
    body.push(0x3b);
    Ok(Gif { head, body, last_disposal })
}

/// Gaps in hundredths of a second; what one loses by rounding the next gets.
fn delays(gaps: impl Iterator<Item = Duration>) -> impl Iterator<Item = u16> {
    let (mut wanted_ms, mut given_cs) = (0_u128, 0_u128);
    gaps.map(move |gap| {
        wanted_ms += gap.as_millis();
        let due = ((wanted_ms + 5) / 10).saturating_sub(given_cs);
        let delay = u16::try_from(due).unwrap_or(u16::MAX).max(LEAST_DELAY_CS);
        given_cs += u128::from(delay);
        delay
    })
}

/// Bits for indices below `colors`; LZW wants at least 2.
fn bits_for(colors: usize) -> u8 {
    (2..8).find(|bits| colors <= 1 << bits).unwrap_or(8)
}

fn head(width: u16, height: u16, colors: &[[u8; 3]], clear: u8, bits: u8) -> Vec<u8> {
    let mut head = b"GIF89a".to_vec();
    head.extend_from_slice(&width.to_le_bytes());
    head.extend_from_slice(&height.to_le_bytes());
    head.extend_from_slice(&[0x80 | 0x70 | (bits - 1), clear, 0]);
    head.extend(colors.iter().flatten());
    head.resize(13 + 3 * (1 << bits), 0);
    head
}

/// LZW data in sub-blocks of at most 255 bytes.
fn push_blocks(bits: u8, data: &[u8], out: &mut Vec<u8>) {
    out.push(bits);
    for block in data.chunks(255) {
        out.push(u8::try_from(block.len()).unwrap_or(255));
        out.extend_from_slice(block);
    }
    out.push(0);
}

/// GIF's variable-length-code LZW (specification, appendix F).
fn lzw(indices: impl Iterator<Item = u8>, bits: u8) -> Vec<u8> {
    let clear = 1_u16 << bits;
    let end = clear + 1;
    let mut out = Bits::new(bits);
    let mut table: HashMap<(u16, u8), u16> = HashMap::new();
    let mut next = end + 1;
    let mut prefix = None;
    out.put(clear);
    for index in indices {
        let Some(before) = prefix.replace(u16::from(index)) else {
            continue;
        };
        if let Some(code) = table.get(&(before, index)) {
            prefix = Some(*code);
            continue;
        }
        out.put(before);
        if next < 4096 {
            out.widen_for(next);
            table.insert((before, index), next);
            next += 1;
        } else {
            out.put(clear);
            out.width = u32::from(bits) + 1;
            table.clear();
            next = end + 1;
        }
    }
    if let Some(last) = prefix {
        out.put(last);
        out.widen_for(next);
    }
    out.put(end);
    out.finish()
}

/// Codes packed from the lowest bit up.
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
    /// Bits a code.
    width: u32,
}

impl Bits {
    fn new(bits: u8) -> Self {
        Self { bytes: Vec::new(), held: 0, count: 0, width: u32::from(bits) + 1 }
    }

    fn put(&mut self, code: u16) {
        self.held |= u32::from(code) << self.count;
        self.count += self.width;
        while self.count >= 8 {
            self.bytes.push(self.held.to_le_bytes()[0]);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Codes get longer once the table's next entry does not fit.
    fn widen_for(&mut self, next: u16) {
        if next < 4096 && u32::from(next) == 1 << self.width {
            self.width += 1;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.held.to_le_bytes()[0]);
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
    use crate::units::PixelSize;
    use image::AnimationDecoder as _;

    fn pose(seed: u32, side: u32, ms: u64) -> Pose {
        let size = PixelSize::new(side, side);
        let mut state = seed;
        let rgba: Vec<u8> = (0..side * side)
            .flat_map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let n = u8::try_from(state >> 24).unwrap();
                let alpha = if n % 5 == 0 { 0 } else { 255 };
                if alpha == 0 { [0; 4] } else { [n & 0x70, n << 4, 0, alpha] }
            })
            .collect();
        Pose {
            frame: Frame::from_straight_rgba(size, &rgba).unwrap(),
            gap: Duration::from_millis(ms),
        }
    }

    #[test]
    fn another_decoder_reads_the_same_pixels_and_times() {
        // Noise of 128 pixels a side fills the LZW table more than once.
        let poses = [pose(1, 128, 33), pose(2, 128, 33), pose(3, 128, 34)];
        for looping in [false, true] {
            let file = encode(&poses, None).unwrap().file(looping);
            let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(file)).unwrap();
            let frames = decoder.into_frames().collect_frames().unwrap();
            let total: u32 = frames.iter().map(|f| f.delay().numer_denom_ms().0).sum();
            assert_eq!((frames.len(), total), (3, 100));
            for (frame, pose) in frames.iter().zip(&poses) {
                assert_eq!(frame.buffer().as_raw(), &pose.frame.to_straight_rgba());
            }
        }
    }

    #[test]
    fn half_transparent_pixels_are_mixed_with_a_known_background() {
        let rgba = [255, 0, 0, 128, 255, 0, 0, 20, 0, 0, 255, 255, 0, 0, 0, 0];
        let frame = Frame::from_straight_rgba(PixelSize::new(2, 2), &rgba).unwrap();
        let poses = [Pose { frame, gap: Duration::from_millis(40) }];
        let pixels = |background| {
            let file = encode(&poses, background).unwrap().file(true);
            image::load_from_memory(&file).unwrap().to_rgba8().into_raw()
        };
        let clear = [0; 4];
        let white = pixels(Some([255; 3]));
        assert_eq!(white, [[255, 127, 127, 255], clear, [0, 0, 255, 255], clear].concat());
        assert_eq!(pixels(None)[..4], [255, 0, 0, 255]);
    }

    #[test]
    fn delays_carry_what_they_lose() {
        let ms = |n| Duration::from_millis(n);
        let got: Vec<u16> = delays([ms(14), ms(14), ms(14), ms(0), ms(100)].into_iter()).collect();
        assert_eq!(got, [2, 2, 2, 2, 6]);
    }
}
