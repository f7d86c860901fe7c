//! What the environment says of a pet.

use super::Reason;

/// What the environment says. Each is off where the variable is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `BUDDY=0`: no pet.
    pub off: bool,
    /// `CI` is set, to anything but `false` and `0`: nobody is there to see a pet.
    pub ci: bool,
    /// `TERM=dumb`: a terminal that moves no cursor. No reason where a protocol was asked for by name.
    pub dumb: bool,
    /// `NO_MOTION` is set: key poses only.
    pub no_motion: bool,
}

impl Environment {
    /// What this process's says.
    #[must_use]
    pub fn capture() -> Self {
        let names = ["BUDDY", "CI", "TERM", "NO_MOTION"];
        let value = |name| Some((name, std::env::var_os(name)?.into_string().unwrap_or_default()));
        let found: Vec<_> = names.into_iter().filter_map(value).collect();
        Self::from_vars(found.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// What these variables say. Others than the four are not looked at.
    #[must_use]
    pub fn from_vars<'v>(vars: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        let mut said = Self::default();
        for (name, value) in vars {
            match name {
                "BUDDY" => said.off = value == "0",
                "CI" => said.ci = !matches!(value, "" | "false" | "0"),
                "TERM" => said.dumb = value == "dumb",
                "NO_MOTION" => said.no_motion = !value.is_empty(),
                _ => {}
            }
        }
        said
    }

    /// Its reasons for a pet not to be there.
    pub(super) fn reasons(self) -> impl Iterator<Item = Reason> {
        let said = [
            self.off.then_some(Reason::Environment),
            self.ci.then_some(Reason::Ci),
            self.dumb.then_some(Reason::DumbTerminal),
        ];
        said.into_iter().flatten()
    }
}
