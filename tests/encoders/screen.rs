//! A screen that shows sixel and nothing else: what a terminal would have drawn after all of a
//! stream. It panics at whatever a terminal might take amiss.

use buddy_render::frame::Frame;
use buddy_render::units::{CellPixels, CellSize, PixelSize};
use std::ops::Range;

/// What a new picture does to an older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// What it leaves out stays (xterm, foot, Windows Terminal).
    Lies,
    /// Each cell under it is emptied first (mlterm, xterm.js, WezTerm).
    Replaces,
}

/// The window: pixels, and the registers of the terminal.
pub(crate) struct Screen {
    over: Over,
    registers: usize,
    window: CellSize,
    cell: CellPixels,
    width: usize,
    rgba: Vec<[u8; 4]>,
    cursor: (usize, usize),
    shared: Vec<Option<[u8; 3]>>,
    private: bool,
    /// The pictures so far, in cells: columns and rows.
    pub(crate) pictures: Vec<(Range<usize>, Range<usize>)>,
}

impl Screen {
    /// An empty one whose terminal has so many registers.
    pub(crate) fn new(window: CellSize, cell: CellPixels, over: Over, registers: usize) -> Self {
        let PixelSize { width, height } = window.pixels(cell);
        let shared = vec![None; registers];
        Self {
            over,
            registers,
            window,
            cell,
            width: width as usize,
            rgba: vec![[0; 4]; (width * height) as usize],
            cursor: (0, 0),
            shared,
            private: true,
            pictures: Vec::new(),
        }
    }

    /// The pixels of a rectangle, which begins at a cell.
    pub(crate) fn rgba(&self, col: u16, row: u16, size: PixelSize) -> Vec<[u8; 4]> {
        let left = usize::from(col) * usize::from(self.cell.width);
        let top = usize::from(row) * usize::from(self.cell.height);
        let rows = self.rgba.chunks(self.width).skip(top).take(size.height as usize);
        rows.flat_map(|row| &row[left..left + size.width as usize]).copied().collect()
    }

    /// How many pixels are drawn on.
    pub(crate) fn opaque(&self) -> usize {
        self.rgba.iter().filter(|p| p[3] > 0).count()
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let length = match bytes {
                [0x1b, b'[', rest @ ..] => {
                    let end = rest.iter().position(u8::is_ascii_alphabetic).unwrap();
                    self.control(std::str::from_utf8(&rest[..end]).unwrap(), rest[end]);
                    end + 3
                }
                [0x1b, b'P', rest @ ..] => {
                    let end = rest.iter().position(|b| *b == 0x1b).unwrap();
                    assert_eq!(rest[end + 1], b'\\', "DCS ends with ST");
                    self.picture(&rest[..end]);
                    end + 4
                }
                _ => panic!("neither CSI nor DCS: {:?}", &bytes[..bytes.len().min(9)]),
            };
            bytes = &bytes[length..];
        }
    }

    fn control(&mut self, parameters: &str, last: u8) {
        match (parameters, last) {
            (_, b'H') => {
                let (row, col) = parameters.split_once(';').unwrap();
                let at = |n: &str| n.parse::<usize>().unwrap() - 1;
                self.cursor = (at(col), at(row));
            }
            (count, b'X') => self.erase(count.parse().unwrap()),
            ("0", b'm') => {}
            ("?1070", b'l') => self.private = false,
            ("?1070", b'h') => self.private = true,
            _ => panic!("CSI {parameters} {}", char::from(last)),
        }
    }

    fn erase(&mut self, count: usize) {
        let (col, row) = self.cursor;
        for col in col..col + count {
            let pixels = self.pixels(col..col + 1, row..row + 1);
            assert!(pixels.clone().any(|n| self.rgba[n][3] > 0), "cell {col},{row} is not ours");
            pixels.for_each(|n| self.rgba[n] = [0; 4]);
        }
    }

    fn pixels(
        &self,
        cols: Range<usize>,
        rows: Range<usize>,
    ) -> impl Iterator<Item = usize> + Clone + use<> {
        let (wide, high) = (usize::from(self.cell.width), usize::from(self.cell.height));
        let (width, columns) = (self.width, cols.start * wide..cols.end * wide);
        (rows.start * high..rows.end * high)
            .flat_map(move |y| columns.clone().map(move |x| y * width + x))
    }

    fn picture(&mut self, body: &[u8]) {
        let picture = Picture::decode(
            body,
            self.registers,
            if self.private { None } else { Some(&mut self.shared) },
        )
        .unwrap();
        let (width, height) = picture.size;
        let whole = self.over == Over::Lies || picture.widest == width;
        assert!(whole, "mlterm takes the width from the widest line");
        let (wide, high) = (usize::from(self.cell.width), usize::from(self.cell.height));
        assert_eq!((width % wide, height % high), (0, 0), "whole cells");
        let cols = self.cursor.0..self.cursor.0 + width / wide;
        let rows = self.cursor.1..self.cursor.1 + height / high;
        assert!(cols.end <= usize::from(self.window.cols), "beside the window");
        assert!(rows.end < usize::from(self.window.rows), "the last row is not to be reached");
        let place = self.pixels(cols.clone(), rows.clone());
        for (n, color) in place.zip(picture.colors) {
            match color {
                Some([r, g, b]) => self.rgba[n] = [r, g, b, 255],
                None if self.over == Over::Replaces => self.rgba[n] = [0; 4],
                None => {}
            }
        }
        self.pictures.push((cols, rows));
    }
}

/// A rule that a picture breaks.
type Rule = &'static str;

/// One picture, decoded after DEC STD 070 §8.
pub(crate) struct Picture {
    pub(crate) size: (usize, usize),
    /// The widest line.
    pub(crate) widest: usize,
    pub(crate) colors: Vec<Option<[u8; 3]>>,
}

impl Picture {
    /// Decodes what stands between `ESC P` and ST, in a terminal with so many registers; they
    /// outlive the picture where they are `shared`. An error is the rule that it breaks.
    pub(crate) fn decode(
        body: &[u8],
        most: usize,
        shared: Option<&mut Vec<Option<[u8; 3]>>>,
    ) -> Result<Self, Rule> {
        let body = body.strip_prefix(b"7;1;0q\"").ok_or("sixel-header")?;
        let mut reader = Reader { body, at: 0 };
        let [1, 1, width, height] = reader.numbers()?[..] else { return Err("sixel-raster") };
        keep(width > 0 && height > 0 && width * height < 1 << 24, "sixel-raster")?;
        let mut own = vec![None; most];
        let registers = shared.unwrap_or(&mut own);
        let mut colors = vec![None; width * height];
        let (mut register, mut x, mut y, mut widest) = (0, 0, 0, 0);
        while let Some(byte) = reader.next() {
            let (sixel, count) = match byte {
                b'#' => {
                    let numbers = reader.numbers()?;
                    register = numbers[0];
                    keep(register < most, "sixel-register")?;
                    match numbers[..] {
                        [_] => {}
                        [_, 2, r, g, b] if r.max(g).max(b) <= 100 => {
                            registers[register] = Some([r, g, b].map(from_percent));
                        }
                        _ => return Err("sixel-colour"),
                    }
                    continue;
                }
                b'$' | b'-' => {
                    (x, y) = (0, if byte == b'-' { y + 6 } else { y });
                    continue;
                }
                b'!' => {
                    let count = reader.numbers()?[0];
                    keep((1..=255).contains(&count), "sixel-run")?;
                    (reader.next().ok_or("sixel-run")?, count)
                }
                sixel => (sixel, 1),
            };
            keep((b'?'..=b'~').contains(&sixel), "sixel-byte")?;
            for _ in 0..count {
                for bit in (0..6).filter(|bit| (sixel - b'?') >> bit & 1 == 1) {
                    keep(x < width && y + bit < height, "sixel-raster")?;
                    let color = registers.get(register).copied().flatten();
                    colors[(y + bit) * width + x] = Some(color.ok_or("sixel-colour")?);
                }
                x += 1;
            }
            keep(x <= width, "sixel-raster")?;
            widest = widest.max(x);
        }
        // As many bands as the raster has: one more would scroll, at the bottom.
        keep(y < height && y + 6 >= height, "sixel-raster")?;
        Ok(Self { size: (width, height), widest, colors })
    }
}

fn keep(holds: bool, rule: Rule) -> Result<(), Rule> {
    if holds { Ok(()) } else { Err(rule) }
}

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        self.at += 1;
        self.body.get(self.at - 1).copied()
    }

    /// At least one number.
    fn numbers(&mut self) -> Result<Vec<usize>, Rule> {
        let rest = &self.body[self.at..];
        let end = rest.iter().position(|b| !b.is_ascii_digit() && *b != b';');
        let end = end.unwrap_or(rest.len());
        self.at += end;
        let text = std::str::from_utf8(&rest[..end]).map_err(|_| "sixel-byte")?;
        text.split(';').map(|n| n.parse().map_err(|_| "sixel-byte")).collect()
    }
}

fn from_percent(n: usize) -> u8 {
    ((n * 255 + 50) / 100) as u8
}

/// How far a screen is from a frame where the frame is fully opaque.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Off {
    /// The sum of squared differences of the three channels, in 8-bit steps.
    pub(crate) squares: f64,
    /// The sum of the colour differences in Oklab (B. Ottosson, 2020).
    pub(crate) delta: f64,
    /// How many pixels.
    pub(crate) count: f64,
    /// Pixels that are drawn on one side only: alpha 0 or 255 in the frame.
    pub(crate) holes: usize,
}

impl Off {
    pub(crate) fn add(&mut self, got: &[[u8; 4]], frame: &Frame) {
        for (got, want) in got.iter().zip(frame.to_straight_rgba().chunks(4)) {
            if want[3] == 0 || want[3] == 255 {
                self.holes += usize::from(got[3] != want[3]);
            }
            if want[3] == 255 && got[3] == 255 {
                let square = |n: usize| f64::from(got[n].abs_diff(want[n])).powi(2);
                self.squares += square(0) + square(1) + square(2);
                self.count += 1.0;
                let (a, b) = (oklab(got), oklab(want));
                self.delta += (0..3).map(|n| (a[n] - b[n]).powi(2)).sum::<f64>().sqrt();
            }
        }
    }

    /// The peak signal-to-noise ratio, in decibel.
    pub(crate) fn psnr(&self) -> f64 {
        10.0 * (255.0 * 255.0 * 3.0 * self.count / self.squares).log10()
    }

    /// The mean colour difference; 0.02 is about the least that is seen.
    pub(crate) fn mean_delta(&self) -> f64 {
        self.delta / self.count
    }
}

/// Oklab of an sRGB colour (B. Ottosson, "A perceptual color space for image processing", 2020).
fn oklab(rgb: &[u8]) -> [f64; 3] {
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = [linear(rgb[0]), linear(rgb[1]), linear(rgb[2])];
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s,
    ]
}
