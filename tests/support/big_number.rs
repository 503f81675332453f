//! As much arithmetic on large numbers as forging signatures and odd keys takes.

use std::cmp::Ordering;

/// A natural number: limbs of 32 bits, least significant first, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BigNumber(Vec<u32>);

impl BigNumber {
    pub(crate) fn from_bytes(big_endian: &[u8]) -> Self {
        let limbs = big_endian.rchunks(4).map(|chunk| {
            chunk
                .iter()
                .fold(0, |limb: u32, byte| (limb << 8) | u32::from(*byte))
        });
        Self(limbs.collect()).trimmed()
    }

    /// Big-endian, filled up with zeros to `length` bytes.
    pub(crate) fn to_bytes(&self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        while bytes.len() > length && bytes.last() == Some(&0) {
            bytes.pop();
        }
        assert!(bytes.len() <= length, "the number does not fit");
        bytes.resize(length, 0);
        bytes.reverse();
        bytes
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut product = vec![0_u32; self.0.len() + other.0.len()];
        for (shift, limb) in self.0.iter().enumerate() {
            let mut carry = 0_u64;
            for (position, factor) in other.0.iter().enumerate() {
                let at = shift + position;
                let sum = u64::from(product[at]) + u64::from(*limb) * u64::from(*factor) + carry;
                product[at] = (sum & 0xffff_ffff) as u32;
                carry = sum >> 32;
            }
            product[shift + other.0.len()] = u32::try_from(carry).unwrap();
        }
        Self(product).trimmed()
    }

    pub(crate) fn power(&self, exponent: usize) -> Self {
        (0..exponent).fold(Self(vec![1]), |product, _| product.times(self))
    }

    /// The largest number whose cube is at most this one.
    pub(crate) fn cube_root(&self) -> Self {
        let limbs = self.0.len() / 3 + 1;
        let mut root = Self(vec![0; limbs]);
        for bit in (0..limbs * 32).rev() {
            let mut larger = root.clone();
            larger.0[bit / 32] |= 1 << (bit % 32);
            if larger.clone().trimmed().power(3).compare(self) != Ordering::Greater {
                root = larger;
            }
        }
        root.trimmed()
    }

    fn compare(&self, other: &Self) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }
}

#[test]
fn a_cube_root_cubed_is_the_number_and_less_than_the_next() {
    let number = BigNumber::from_bytes(&[0x17; 64]);
    let root = number.cube_root();
    assert_ne!(root.power(3).compare(&number), Ordering::Greater);
    let mut next = root.clone();
    next.0[0] += 1;
    assert_eq!(next.power(3).compare(&number), Ordering::Greater);
    assert_eq!(BigNumber::from_bytes(&number.to_bytes(80)), number);
    let exact = BigNumber(vec![0x1234_5678, 9]);
    assert_eq!(exact.power(3).cube_root(), exact);
}
