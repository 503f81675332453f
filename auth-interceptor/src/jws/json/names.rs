//! Whether a name is given twice in one object, told without keeping the names.

use super::NotStrictJson;

/// Members in a whole text. An access token has some thirty; the bound keeps the comparison of
/// names cheap, whoever wrote them.
pub(super) const MAX_MEMBERS: usize = 256;

/// The fingerprints of the names in the objects that are open, the innermost object's last.
///
/// Equal names have equal fingerprints, so no repeated name passes. Should two different names ever
/// share one, the text is refused: the error is always on that side.
pub(super) struct Names {
    fingerprints: Vec<u64>,
    total: usize,
}

/// An object whose members are being read.
pub(super) struct OpenObject {
    /// Where its names begin.
    start: usize,
    /// One bit for each of 64 classes of names that it has: a name of a new class is a new name.
    classes: u64,
}

impl Names {
    pub(super) fn new() -> Self {
        Self {
            fingerprints: Vec::with_capacity(64),
            total: 0,
        }
    }

    pub(super) fn open(&self) -> OpenObject {
        OpenObject {
            start: self.fingerprints.len(),
            classes: 0,
        }
    }

    /// Adds a name to the innermost object, unless it has it.
    pub(super) fn add(&mut self, name: &str, object: &mut OpenObject) -> Result<(), NotStrictJson> {
        let fingerprint = fingerprint(name.as_bytes());
        let class = 1 << (fingerprint >> 58);
        let names = self.fingerprints.get(object.start..).unwrap_or_default();
        let is_repeated = object.classes & class != 0 && names.contains(&fingerprint);
        if is_repeated || self.total == MAX_MEMBERS {
            return Err(NotStrictJson);
        }
        self.total += 1;
        object.classes |= class;
        self.fingerprints.push(fingerprint);
        Ok(())
    }

    pub(super) fn close(&mut self, object: &OpenObject) {
        self.fingerprints.truncate(object.start);
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
