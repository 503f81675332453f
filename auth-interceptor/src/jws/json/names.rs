//! Whether a name is given twice in one object, told without keeping the names.

use super::NotStrictJson;

/// Members in a whole text. An access token has some thirty; the bound keeps the comparison of
/// names cheap, whoever wrote them.
pub(super) const MAX_MEMBERS: usize = 256;

/// Up to here, comparing each name with each is cheaper than sorting them.
const MAX_COMPARED_PAIRWISE: usize = 64;

/// The fingerprints of the names in the objects that are open, the innermost object's last.
///
/// Equal names have equal fingerprints, so no repeated name passes. Should two different names ever
/// share one, the text is refused: the error is always on that side.
pub(super) struct Names {
    open: Vec<u64>,
    total: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            open: Vec::with_capacity(64),
            total: 0,
        }
    }
}

impl Names {
    pub(super) fn add(&mut self, name: &str) -> Result<(), NotStrictJson> {
        self.total += 1;
        if self.total > MAX_MEMBERS {
            return Err(NotStrictJson);
        }
        self.open.push(fingerprint(name.as_bytes()));
        Ok(())
    }

    /// How many names were open before the object that begins now.
    pub(super) fn start(&self) -> usize {
        self.open.len()
    }

    /// Ends the object that began at `start`.
    pub(super) fn close(&mut self, start: usize) -> Result<(), NotStrictJson> {
        let names = self.open.get_mut(start..).unwrap_or_default();
        let repeated = if names.len() <= MAX_COMPARED_PAIRWISE {
            let mut rest = &*names;
            std::iter::from_fn(|| {
                let (name, later) = rest.split_first()?;
                rest = later;
                Some(later.contains(name))
            })
            .any(|repeated| repeated)
        } else {
            names.sort_unstable();
            names.windows(2).any(|pair| pair.first() == pair.last())
        };
        if repeated {
            return Err(NotStrictJson);
        }
        self.open.truncate(start);
        Ok(())
    }
}

/// Mixes a name into 64 bits, eight bytes at a time (the constant is that of FxHash).
fn fingerprint(name: &[u8]) -> u64 {
    let mix =
        |state: u64, word: u64| (state.rotate_left(26) ^ word).wrapping_mul(0xf135_7aea_2e62_a9c5);
    let (words, rest) = name.as_chunks::<8>();
    let state = words.iter().fold(name.len() as u64, |state, word| {
        mix(state, u64::from_le_bytes(*word))
    });
    let rest = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    mix(state, rest)
}
