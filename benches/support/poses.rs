//! What a terminal that keeps a clip is sent of a pet.

use buddy_render::pet::catalog;
use buddy_render::player::poses;
use buddy_render::protocol::Pose;
use buddy_render::units::PixelSize;

/// A pet's clip in the poses that are chosen for it.
pub(crate) fn of(pet: &str, clip: &str, size: PixelSize) -> Vec<Pose> {
    let pet = catalog::load(pet).unwrap();
    let clip = pet.clip(clip).unwrap();
    let mut scene = pet.scene().unwrap();
    let moments = poses::choose(&mut *scene, clip.start, clip.duration).unwrap();
    poses::draw(&mut *scene, clip.start, &moments, size).unwrap()
}
