//! A pet: its manifest, its scene, its poses in letters.

pub mod build;
pub mod catalog;
pub mod manifest;
