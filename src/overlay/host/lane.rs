//! Bytes on their way to one side.

/// What was read from one side and not yet taken by the other.
#[derive(Debug, Default)]
pub(super) struct Lane {
    bytes: Vec<u8>,
    /// How many of them were taken.
    taken: usize,
}

/// A lane with more in it takes no more: whoever writes then has to wait, as for a slow terminal.
const FULL: usize = 64 * 1024;

impl Lane {
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// How many bytes are in it.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Whether it takes more.
    pub(super) fn has_room(&self) -> bool {
        self.len() < FULL
    }

    /// Where more is put in.
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        if self.is_empty() {
            self.bytes.clear();
            self.taken = 0;
        }
        &mut self.bytes
    }

    /// Offers what is in it until nothing more is taken.
    ///
    /// # Errors
    /// What `offer` fails with; 0 is no failure.
    pub(super) fn send<E>(
        &mut self,
        mut offer: impl FnMut(&[u8]) -> Result<usize, E>,
    ) -> Result<(), E> {
        while let Some(rest) = self.bytes.get(self.taken..).filter(|rest| !rest.is_empty()) {
            match offer(rest)? {
                0 => break,
                n => self.taken += n.min(rest.len()),
            }
        }
        // What was taken goes when it is most of what is there, so that nothing is moved often.
        if self.taken > FULL {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        Ok(())
    }

    /// Drops what was not taken.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order_however_little_is_taken() {
        let (mut lane, mut got, mut sent) = (Lane::default(), Vec::new(), Vec::new());
        for n in 0..2000_u32 {
            let part = n.to_le_bytes().repeat(100);
            lane.end().extend_from_slice(&part);
            sent.extend(part);
            let mut room = 390;
            lane.send(|bytes| {
                let n = bytes.len().min(room).min(7);
                room -= n;
                got.extend_from_slice(&bytes[..n]);
                Ok::<_, ()>(n)
            })
            .unwrap();
            assert!(lane.bytes.len() < 4 * FULL);
        }
        lane.send(|bytes| Ok::<_, ()>(got.write(bytes))).unwrap();
        assert_eq!(got, sent);
        assert!(lane.is_empty() && lane.has_room());
    }

    trait Write {
        fn write(&mut self, bytes: &[u8]) -> usize;
    }

    impl Write for Vec<u8> {
        fn write(&mut self, bytes: &[u8]) -> usize {
            self.extend_from_slice(bytes);
            bytes.len()
        }
    }
}
