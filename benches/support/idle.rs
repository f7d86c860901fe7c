//! What a terminal that keeps a clip is sent of a pet.

use buddy_render::pet::catalog;
use buddy_render::player::poses;
use buddy_render::protocol::Pose;
use buddy_render::units::PixelSize;

/// The pet's idle clip in the poses that are chosen for it.
pub(crate) fn idle(pet: &str, size: PixelSize) -> Vec<Pose> {
    let pet = catalog::load(pet).unwrap();
    let idle = pet.clip("idle").unwrap();
    let mut scene = pet.scene().unwrap();
    let moments = poses::choose(&mut *scene, idle.start, idle.duration).unwrap();
    poses::draw(&mut *scene, idle.start, &moments, size).unwrap()
}
