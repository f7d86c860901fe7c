//! What the arguments name: pets and files, opened with limits and clear errors.

use super::Failure;
use buddy_render::pet::Pet;
use buddy_render::pet::catalog;
use buddy_render::scene::{self, MAX_ASSET_BYTES, Scene};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Reads a whole file, if it is not larger than an asset may be.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = || path.display();
    let open = |path| {
        let file = File::open(path)?;
        let regular = file.metadata()?;
        Ok::<_, std::io::Error>((file, regular))
    };
    let (file, about) = open(path).map_err(|error| {
        Failure::because(shown(), &error)
            .hint("give the path of an .svg, .json or .lottie file, or a pet's name")
    })?;
    if about.is_dir() {
        return Err(Failure::cannot(format!("{}: is a folder", shown())).hint("name a file in it"));
    }
    let mut bytes = Vec::new();
    let read = file.take(MAX_ASSET_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::because(shown(), &error))?;
    if bytes.len() as u64 > MAX_ASSET_BYTES {
        let most = MAX_ASSET_BYTES >> 20;
        return Err(Failure::cannot(format!("{}: is larger than {most} MiB", shown()))
            .hint("an animation this large cannot be meant for a terminal"));
    }
    Ok(bytes)
}

/// A pet by its name, or by the path of its folder.
pub(super) fn open_pet(name: &str) -> Result<Pet, Failure> {
    let path = Path::new(name);
    let pet = if path.is_dir() && name.contains(std::path::MAIN_SEPARATOR) {
        Pet::from_dir(path)
    } else {
        catalog::load(name)
    };
    pet.map_err(|error| {
        Failure::because(format_args!("pet {name:?}"), &error)
            .hint(format!("the pets are: {}", catalog::names().join(", ")))
    })
}

/// A drawing: a built-in pet's, or a file's.
pub(super) struct Drawing {
    pub(super) scene: Box<dyn Scene>,
    pub(super) pet: Option<Pet>,
}

/// Opens a pet or a file by what the reader wrote: a pet's name where there is one, else a path.
pub(super) fn open_drawing(name: &str) -> Result<Drawing, Failure> {
    if catalog::names().contains(&name) || Path::new(name).is_dir() {
        let pet = open_pet(name)?;
        let scene = pet.scene().map_err(|error| Failure::because(name, &error))?;
        return Ok(Drawing { scene, pet: Some(pet) });
    }
    let bytes = read_file(Path::new(name))?;
    let scene = scene::load(&bytes).map_err(|error| {
        Failure::because(name, &error)
            .hint("buddy-render reads SVG, Lottie .json and dotLottie .lottie files")
    })?;
    Ok(Drawing { scene, pet: None })
}

/// Writes a whole file, or standard output where the path is `-`.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if path == Path::new("-") {
        return Ok(std::io::stdout().lock().write_all(bytes)?);
    }
    std::fs::write(path, bytes).map_err(|error| Failure::because(path.display(), &error))
}
