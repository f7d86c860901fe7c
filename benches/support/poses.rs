//! What a terminal that keeps a clip is sent of a pet.

use buddy_render::pet::skin::Outfit;
use buddy_render::pet::{Pet, catalog};
use buddy_render::player::poses;
use buddy_render::protocol::Pose;
use buddy_render::units::PixelSize;

/// A pet's clip in the poses that are chosen for it.
pub(crate) fn of(pet: &str, clip: &str, size: PixelSize) -> Vec<Pose> {
    dressed(&catalog::load(pet).unwrap(), clip, size, &Outfit::default())
}

/// The same in an outfit.
pub(crate) fn dressed(pet: &Pet, clip: &str, size: PixelSize, outfit: &Outfit) -> Vec<Pose> {
    let clip = pet.clip(clip).unwrap();
    let mut scene = pet.scene_in(outfit).unwrap();
    let moments = poses::choose(&mut *scene, clip.start, clip.duration).unwrap();
    poses::draw(&mut *scene, clip.start, &moments, size).unwrap()
}
