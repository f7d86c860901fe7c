//! What files held when they were last looked at, where that is not what is committed. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The most text that is kept of one repository, in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// The most files.
pub(super) const MAX_FILES: usize = 4096;

/// What is known of a file's last text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    /// This; `None` where the file was not there.
    Text(Option<Arc<str>>),
    /// Nothing any more: there was too much to keep, or no text.
    Lost,
    /// It was never looked at: it holds what git has of it.
    Clean,
}

/// The texts. What is too much is forgotten, the oldest first, and known to be.
#[derive(Debug, Default)]
pub(super) struct Memory {
    files: HashMap<String, Option<Option<Arc<str>>>>,
    order: VecDeque<String>,
    bytes: usize,
    /// Whether more files were forgotten than can be told apart.
    overflowed: bool,
}

impl Memory {
    pub(super) fn get(&self, path: &str) -> Known {
        match self.files.get(path) {
            Some(Some(text)) => Known::Text(text.clone()),
            Some(None) => Known::Lost,
            None if self.overflowed => Known::Lost,
            None => Known::Clean,
        }
    }

    /// A file was looked at: it holds this.
    pub(super) fn keep(&mut self, path: &str, text: Option<Arc<str>>) {
        self.forget(path);
        self.bytes += text.as_ref().map_or(0, |text| text.len());
        self.insert(path, Some(text));
        while self.bytes > MAX_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.lose(&oldest);
        }
    }

    /// A file was looked at, and what it holds is not to be kept.
    pub(super) fn lose(&mut self, path: &str) {
        self.forget(path);
        self.insert(path, None);
    }

    /// A file holds what git has of it.
    pub(super) fn forget(&mut self, path: &str) {
        if let Some(old) = self.files.remove(path) {
            self.bytes -= old.flatten().map_or(0, |text| text.len());
            self.order.retain(|kept| kept != path);
        }
    }

    fn insert(&mut self, path: &str, text: Option<Option<Arc<str>>>) {
        if self.files.len() >= MAX_FILES {
            self.overflowed = true;
            return;
        }
        if text.is_some() {
            self.order.push_back(path.to_owned());
        }
        self.files.insert(path.to_owned(), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_and_known_to_be() {
        let mut memory = Memory::default();
        assert_eq!(memory.get("a"), Known::Clean);
        let half: Arc<str> = "x".repeat(MAX_BYTES / 2).into();
        memory.keep("a", Some(Arc::clone(&half)));
        memory.keep("b", Some(Arc::clone(&half)));
        memory.keep("b", Some(Arc::clone(&half)));
        assert_eq!(memory.get("a"), Known::Text(Some(Arc::clone(&half))));
        memory.keep("c", Some("more".into()));
        assert_eq!(
            (memory.get("a"), memory.get("c")),
            (Known::Lost, Known::Text(Some("more".into())))
        );
        memory.forget("b");
        assert_eq!((memory.get("b"), memory.bytes), (Known::Clean, 4));
        memory.keep("gone", None);
        assert_eq!(memory.get("gone"), Known::Text(None));
    }

    #[test]
    fn a_flood_of_files_is_bounded() {
        let mut memory = Memory::default();
        for n in 0..2 * MAX_FILES {
            memory.lose(&n.to_string());
        }
        assert_eq!(memory.files.len(), MAX_FILES);
        assert_eq!(memory.get("never seen"), Known::Lost);
    }
}
