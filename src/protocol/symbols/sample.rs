//! Frames cut into the sub-cells of cells, and the average of each.

use crate::frame::Frame;
use crate::protocol::{EncodeError, Placement};
use std::ops::Range;

/// No box has more cells: a wall of screens in the smallest font.
const MAX_CELLS: usize = 1 << 18;

/// The average of some area, premultiplied; each channel is a sum of `weight` samples.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) struct Average {
    sum: [u32; 4],
    weight: u32,
}

impl Average {
    /// How much of the area is covered, 0 to 255.
    pub(in crate::protocol) fn alpha(&self) -> u8 {
        let weight = u64::from(self.weight.max(1));
        u8::try_from((u64::from(self.sum[3]) + weight / 2) / weight).unwrap_or(255)
    }

    /// The straight colour of what is covered.
    pub(in crate::protocol) fn color(&self) -> [u8; 3] {
        let alpha = u64::from(self.sum[3].max(1));
        let straight = |v: u32| (u64::from(v) * 255 + alpha / 2) / alpha;
        [0, 1, 2].map(|n| u8::try_from(straight(self.sum[n])).unwrap_or(255))
    }
}

/// A frame's sub-cells, as sums of premultiplied channels. Its buffers are kept from frame to
/// frame.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Samples {
    /// Sub-cells of a cell, across and down.
    parts: (usize, usize),
    /// What one sub-cell's area weighs.
    weight: u32,
    /// All sub-cells, those of one cell together.
    sums: Vec<[u32; 4]>,
    /// Those of the frame before.
    before: Vec<[u32; 4]>,
    /// One row of sub-cells.
    line: Vec<[u32; 4]>,
    /// The pixels of each column of sub-cells.
    spans: Vec<Span>,
}

impl Samples {
    /// Averages a frame that is as large as its box. A pixel on the border of two sub-cells counts
    /// for each by its share.
    ///
    /// # Errors
    /// When the box has more than [`MAX_CELLS`] cells.
    pub(in crate::protocol) fn take(
        &mut self,
        frame: &Frame,
        at: &Placement,
        parts: (u32, u32),
    ) -> Result<(), EncodeError> {
        let (across, down) = (parts.0 as usize, parts.1 as usize);
        let (cols, rows) = (usize::from(at.size.cols), usize::from(at.size.rows));
        if cols * rows > MAX_CELLS {
            return Err(EncodeError::TooManyCells { most: MAX_CELLS });
        }
        let (width, height) = (u32::from(at.cell.width), u32::from(at.cell.height));
        std::mem::swap(&mut self.before, &mut self.sums);
        self.sums.clear();
        self.sums.resize(cols * rows * across * down, [0; 4]);
        self.parts = (across, down);
        // At most 4096 × 4096, so that a sum of 255 each is just below 2³².
        self.weight = width * height;
        self.spans.clear();
        self.spans.extend((0..cols * across).map(|n| Span::new(n, width, parts.0)));
        self.line.resize(cols * across, [0; 4]);
        let stride = frame.size().width as usize * 4;
        let pixels = frame.pixmap().data();
        for part_row in 0..rows * down {
            self.line.fill([0; 4]);
            let span = Span::new(part_row, height, parts.1);
            for (y, weight) in span.pixels() {
                let row = pixels.get(y * stride..(y + 1) * stride).unwrap_or_default();
                add_row(row, &self.spans, weight, &mut self.line);
            }
            self.sort_in(part_row, cols);
        }
        Ok(())
    }

    /// Puts a row of sub-cells where their cells are.
    fn sort_in(&mut self, part_row: usize, cols: usize) {
        let (across, down) = self.parts;
        let first = part_row / down * cols * across * down + part_row % down * across;
        for (col, parts) in self.line.chunks_exact(across).enumerate() {
            let at = first + col * across * down;
            self.sums[at..at + across].copy_from_slice(parts);
        }
    }

    fn range(&self, cell: usize) -> Range<usize> {
        let count = self.parts.0 * self.parts.1;
        cell * count..(cell + 1) * count
    }

    /// The sub-cells of a cell; cells are counted row by row.
    pub(in crate::protocol) fn cell(&self, cell: usize) -> impl Iterator<Item = Average> + '_ {
        let weight = self.weight;
        let sums = self.sums.get(self.range(cell)).unwrap_or_default();
        sums.iter().map(move |sum| Average { sum: *sum, weight })
    }

    /// Whether a cell is as it was in the frame before, where that had the same box.
    pub(in crate::protocol) fn unchanged(&self, cell: usize) -> bool {
        self.sums.get(self.range(cell)) == self.before.get(self.range(cell))
    }
}

/// Some pixels of a row or column, the first and last perhaps in part; weights are in shares of a
/// pixel as many as a cell has sub-cells.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    first: u32,
    inner: u32,
    last: u32,
}

impl Span {
    /// Sub-cell `n`, where each has `size`/`parts` pixels.
    fn new(n: usize, size: u32, parts: u32) -> Self {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let (from, to) = (n * size, (n + 1) * size);
        let (start, end) = (from / parts, to.div_ceil(parts));
        let first = to.min((start + 1) * parts) - from;
        let last = if end == start + 1 { 0 } else { to - (end - 1) * parts };
        Self { start: start as usize, end: end as usize, first, inner: parts, last }
    }

    fn pixels(self) -> impl Iterator<Item = (usize, u32)> {
        (self.start..self.end).map(move |n| {
            let weight = match n {
                n if n == self.start => self.first,
                n if n + 1 == self.end => self.last,
                _ => self.inner,
            };
            (n, weight)
        })
    }

    fn whole(&self) -> bool {
        self.first == self.inner && (self.last == self.inner || self.end == self.start + 1)
    }
}

fn add_row(row: &[u8], spans: &[Span], weight: u32, line: &mut [[u32; 4]]) {
    for (span, sum) in spans.iter().zip(line) {
        let pixels = row.get(span.start * 4..span.end * 4).unwrap_or_default();
        let mut part = [0_u32; 4];
        if span.whole() {
            for pixel in pixels.chunks_exact(4) {
                (0..4).for_each(|n| part[n] += u32::from(pixel[n]));
            }
            (0..4).for_each(|n| sum[n] += part[n] * span.inner * weight);
        } else {
            for (pixel, (_, share)) in pixels.chunks_exact(4).zip(span.pixels()) {
                (0..4).for_each(|n| part[n] += u32::from(pixel[n]) * share);
            }
            (0..4).for_each(|n| sum[n] += part[n] * weight);
        }
    }
}
