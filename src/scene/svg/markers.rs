//! What markers multiply: usvg copies a marker's elements to every vertex of a path while it reads,
//! before anything can be counted in its tree.

use super::within;
use crate::scene::SceneError;
use resvg::usvg::roxmltree::{Document, Node};

/// The most elements that markers may add.
pub const MAX_MARKED: u64 = 200_000;

/// # Errors
/// When markers could add more than [`MAX_MARKED`] elements.
pub(super) fn check(document: &Document<'_>) -> Result<(), SceneError> {
    let all = || document.descendants().filter(Node::is_element);
    let markers = all().filter(|node| node.tag_name().name() == "marker");
    let copied: u64 = markers.map(|marker| count(marker.descendants())).sum();
    if copied == 0 {
        return Ok(());
    }
    let styled =
        all().any(|node| node.tag_name().name() == "style" && speaks_of_markers(node.text()));
    let marked = |node: &Node<'_, '_>| styled || node.ancestors().any(|node| is_marked(&node));
    let vertices: u64 = all().filter(marked).map(|node| vertices(&node)).sum();
    within("the number of elements in markers", copied.saturating_mul(vertices), MAX_MARKED)
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |count, _| count + 1)
}

fn speaks_of_markers(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.contains("marker"))
}

fn is_marked(node: &Node<'_, '_>) -> bool {
    node.attributes().any(|attribute| attribute.name().starts_with("marker"))
        || speaks_of_markers(node.attribute("style"))
}

/// No fewer than an element has: each takes a number at least.
fn vertices(node: &Node<'_, '_>) -> u64 {
    let data = ["d", "points"].into_iter().find_map(|name| node.attribute(name)).unwrap_or("0 0");
    let starts = |pair: (bool, bool)| pair == (false, true);
    // "1.2.3" are two numbers, and so are "1-2".
    let parts = data.bytes().map(|b| b.is_ascii_digit());
    let before = std::iter::once(false).chain(parts.clone());
    count(before.zip(parts).filter(|pair| starts(*pair)))
}
