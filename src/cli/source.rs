//! What the arguments name: pets and files, opened with limits and clear errors.

use super::{Failure, pack, skin};
use buddy_render::pack::{Pack, PackError};
use buddy_render::pet::Pet;
use buddy_render::pet::catalog;
use buddy_render::pet::skin::{CLASSIC, Outfit};
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

/// A pet by its name, by the path of its folder or its pack, or of an installed pack.
pub(super) fn open_pet(name: &str) -> Result<Pet, Failure> {
    let path = Path::new(name);
    if name.ends_with(".buddypack") || pack::is_pack_folder(path) {
        return Pack::open(path)
            .and_then(|pack| first(&pack))
            .map_err(|error| pack::refused(name, &error));
    }
    let pet = if path.is_dir() && name.contains(std::path::MAIN_SEPARATOR) {
        Pet::from_dir(path)
    } else if catalog::names().contains(&name) {
        catalog::load(name)
    } else {
        match installed(name)? {
            Some(pet) => Ok(pet),
            None => catalog::load(name),
        }
    };
    pet.map_err(|error| {
        Failure::because(format_args!("pet {name:?}"), &error).hint(format!(
            "the pets are: {}; buddy-render pack list names installed packs",
            catalog::names().join(", ")
        ))
    })
}

fn first(pack: &Pack) -> Result<Pet, PackError> {
    pack.pet(pack.manifest().pets.first().map_or("", String::as_str))
}

/// The pet of an installed pack: AUTHOR/NAME/PET, AUTHOR/NAME for its first, or a pet's name that
/// only one of them has.
fn installed(name: &str) -> Result<Option<Pet>, Failure> {
    let Ok(store) = pack::store() else { return Ok(None) };
    let opened = |pet: Result<Pet, PackError>| pet.map_err(|error| pack::refused(name, &error));
    let (id, pet) = match name.split('/').collect::<Vec<_>>()[..] {
        [author, pack, pet] => (format!("{author}/{pack}"), Some(pet)),
        _ => (name.to_owned(), None),
    };
    let packs = store.list();
    if let Some(id) = packs.iter().find(|known| known.to_string() == id) {
        let pack = store.open(id).map_err(|error| pack::refused(name, &error))?;
        return opened(pet.map_or_else(|| first(&pack), |pet| pack.pet(pet))).map(Some);
    }
    // A pack that has gone bad must not keep others from being found.
    let has = |pack: &Pack| pack.manifest().pets.iter().any(|pet| pet == name);
    let mut found: Vec<Pack> =
        packs.iter().filter_map(|id| store.open(id).ok()).filter(has).collect();
    if found.len() > 1 {
        let ids: Vec<_> = found.iter().map(|p| format!("{}/{name}", p.manifest().id)).collect();
        return Err(Failure::usage(format!("more than one pack has a pet {name:?}"))
            .hint(format!("name one of: {}", ids.join(", "))));
    }
    found.pop().map(|pack| opened(pack.pet(name))).transpose()
}

/// A drawing: a built-in pet's, or a file's.
pub(super) struct Drawing {
    pub(super) scene: Box<dyn Scene>,
    pub(super) pet: Option<Pet>,
}

/// Whether a name can only be a pet's.
fn is_pet(name: &str) -> bool {
    let path = Path::new(name);
    catalog::names().contains(&name)
        || path.is_dir()
        || name.ends_with(".buddypack")
        || !path.exists() && !name.contains('.')
}

/// Opens a pet or a file by what the reader wrote: a pet's name where there is one, else a path.
///
/// A file is drawn as it is: skins are a pet's.
pub(super) fn open_drawing(name: &str, outfit: &Outfit) -> Result<Drawing, Failure> {
    if is_pet(name) {
        let pet = open_pet(name)?;
        skin::check(&pet, outfit.name())?;
        let scene = pet.scene_in(outfit).map_err(|error| Failure::because(name, &error))?;
        return Ok(Drawing { scene, pet: Some(pet) });
    }
    if outfit.name() != CLASSIC {
        return Err(Failure::usage(format!("{name} is a file, and skins are a pet's"))
            .hint("name a pet, or a theme of a .lottie with render --theme"));
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
