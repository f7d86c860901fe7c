//! Where a picture lies in a frame: as large as fits, centred, at the bottom.

use crate::units::PixelSize;

/// How a picture is scaled and moved to lie in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    /// Frame pixels per unit of the picture.
    pub(super) scale: f64,
    /// The picture's left edge, in pixels.
    pub(super) left: f64,
    /// The picture's top edge, in pixels.
    pub(super) top: f64,
}

/// Fits a picture of `width` × `height` units, both finite and above 0.
pub(super) fn fit(width: f64, height: f64, frame: PixelSize) -> Fit {
    let (across, down) = (f64::from(frame.width), f64::from(frame.height));
    let scale = (across / width).min(down / height);
    Fit { scale, left: (across - width * scale) / 2.0, top: down - height * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_stands_at_the_bottom_in_the_middle() {
        let at = fit(10.0, 20.0, PixelSize::new(40, 40));
        assert_eq!((at.scale, at.left, at.top), (2.0, 10.0, 0.0));
        let at = fit(20.0, 10.0, PixelSize::new(40, 40));
        assert_eq!((at.scale, at.left, at.top), (2.0, 0.0, 20.0));
    }
}
