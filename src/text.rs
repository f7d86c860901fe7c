//! [`SafeText`]: the only text that may reach a terminal.

/// Text with nothing in it that a terminal, or a reader of bidirectional text, could be tricked by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct SafeText(String);

impl SafeText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
