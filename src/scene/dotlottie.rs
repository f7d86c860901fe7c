//! The dotLottie container, versions 1 and 2.

use super::{Scene, SceneError};

/// Reads a container's active animation.
///
/// # Errors
/// When the container or the animation in it is malformed or passes a limit.
pub fn load(_bytes: &[u8]) -> Result<Box<dyn Scene>, SceneError> {
    Err(SceneError::Container("not yet".into()))
}
