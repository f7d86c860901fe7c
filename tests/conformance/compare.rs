//! Two pictures side by side, forgiving what two correct renderers may differ in.

use image::RgbaImage;

/// A pixel is bad when a channel is off by more than this, also from all its neighbours' range:
/// anti-aliasing and half a pixel's shift are not.
const CHANNEL: i32 = 32;

/// The largest share of bad pixels of a right frame, in percent: on 256×256, 393 pixels, which is
/// a fringe around one middling shape.
const MAX_BAD: f64 = 0.6;

/// The largest mean error of a right frame, of 255 levels.
const MAX_MEAN: f64 = 1.5;

/// How far two pictures are from one another, over black or over white, whichever is worse.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// Of 255 levels.
    pub(crate) mean: f64,
    /// Percent of the pixels.
    pub(crate) bad: f64,
}

impl Difference {
    pub(crate) fn is_right(&self) -> bool {
        self.mean < MAX_MEAN && self.bad < MAX_BAD
    }

    /// The larger of each figure.
    pub(crate) fn worse(self, other: Self) -> Self {
        Self { mean: self.mean.max(other.mean), bad: self.bad.max(other.bad) }
    }
}

/// Compares two pictures of the same size.
pub(crate) fn compare(a: &RgbaImage, b: &RgbaImage) -> Difference {
    assert_eq!(a.dimensions(), b.dimensions());
    let mut worst = Difference { mean: 0.0, bad: 0.0 };
    for background in [0, 255] {
        let (a, b) = (Plane::over(a, background), Plane::over(b, background));
        let sum: i32 =
            a.rgb.iter().zip(&b.rgb).map(|(a, b)| distance(*a, *b).iter().sum::<i32>()).sum();
        let pixels = f64::from(u32::try_from(a.rgb.len()).unwrap());
        let bad = (0..a.rgb.len()).filter(|at| a.is_off(&b, *at) || b.is_off(&a, *at)).count();
        let bad = f64::from(u32::try_from(bad).unwrap());
        worst.mean = worst.mean.max(f64::from(sum) / pixels / 3.0);
        worst.bad = worst.bad.max(bad / pixels * 100.0);
    }
    worst
}

fn distance(a: [i32; 3], b: [i32; 3]) -> [i32; 3] {
    [0, 1, 2].map(|c| (a[c] - b[c]).abs())
}

/// An opaque picture.
struct Plane {
    rgb: Vec<[i32; 3]>,
    width: usize,
}

impl Plane {
    fn over(image: &RgbaImage, background: i32) -> Self {
        let blend = |p: &image::Rgba<u8>| {
            let alpha = i32::from(p[3]);
            [0, 1, 2].map(|c| (i32::from(p[c]) * alpha + background * (255 - alpha) + 127) / 255)
        };
        Self { rgb: image.pixels().map(blend).collect(), width: image.width() as usize }
    }

    /// Whether the other's pixel lies outside of what this one has around there.
    fn is_off(&self, other: &Self, at: usize) -> bool {
        let (x, y) = (at % self.width, at / self.width);
        let height = self.rgb.len() / self.width;
        if distance(self.rgb[at], other.rgb[at]).iter().all(|d| *d <= CHANNEL) {
            return false;
        }
        let (mut low, mut high) = ([255; 3], [0; 3]);
        for y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
            for x in x.saturating_sub(1)..=(x + 1).min(self.width - 1) {
                let here = self.rgb[y * self.width + x];
                for c in 0..3 {
                    low[c] = low[c].min(here[c]);
                    high[c] = high[c].max(here[c]);
                }
            }
        }
        let pixel = other.rgb[at];
        (0..3).any(|c| low[c] - pixel[c] > CHANNEL || pixel[c] - high[c] > CHANNEL)
    }
}

#[test]
fn half_a_pixel_is_forgiven_and_a_missing_shape_is_not() {
    let square = |x: u32, size: u32| {
        RgbaImage::from_fn(64, 64, |px, py| {
            let inside = (x..x + size).contains(&px) && (16..16 + size).contains(&py);
            image::Rgba(if inside { [200, 40, 40, 255] } else { [0; 4] })
        })
    };
    assert!(compare(&square(16, 8), &square(16, 8)).is_right());
    assert!(compare(&square(16, 8), &square(17, 8)).is_right());
    assert!(!compare(&square(16, 8), &square(20, 8)).is_right());
    assert!(!compare(&square(16, 8), &square(16, 0)).is_right());
}
