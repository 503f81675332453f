//! Which traces are sampled: a share of the trace ids, the same ones wherever it is asked.

use std::str::FromStr;

use opentelemetry::trace::TraceId;

/// The bits of a trace id that W3C Trace Context level 2 promises to be random.
const RANDOM_BITS: u32 = 56;

/// A share of all traces, from none to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Random parts below this are left out.
    threshold: u64,
}

/// A text that is not a number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ratio is a number from 0 to 1")]
pub struct RatioError;

impl Ratio {
    /// All traces.
    pub const ALL: Self = Self { threshold: 0 };

    /// `share` of all traces.
    ///
    /// # Errors
    ///
    /// A share that is not from 0 to 1.
    pub fn new(share: f64) -> Result<Self, RatioError> {
        if !(0.0..=1.0).contains(&share) {
            return Err(RatioError);
        }
        // Within 0 and 2^56, where every whole number is one of f64's or next to one.
        let threshold = ((1.0 - share) * (1_u64 << RANDOM_BITS) as f64) as u64;
        Ok(Self { threshold })
    }

    /// Whether the trace is one of the share.
    #[must_use]
    pub fn picks(self, trace: TraceId) -> bool {
        let [.., a, b, c, d, e, f, g] = trace.to_bytes();
        u64::from_be_bytes([0, a, b, c, d, e, f, g]) >= self.threshold
    }
}

impl FromStr for Ratio {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        text.parse().map_err(|_| RatioError).and_then(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};

    use super::*;

    #[test]
    fn none_and_all_are_exact() {
        let ids = [0, 1, u128::MAX, 1 << 55, (1 << 56) - 1].map(TraceId::from);
        let (none, all) = (Ratio::new(0.0).unwrap(), Ratio::new(1.0).unwrap());
        assert!(ids.iter().all(|id| !none.picks(*id) && all.picks(*id)));
    }

    #[test]
    fn a_quarter_of_the_ids_is_about_a_quarter_and_within_every_larger_share() {
        let (quarter, half) = (Ratio::new(0.25).unwrap(), Ratio::new(0.5).unwrap());
        let ids: Vec<_> = (0..20_000)
            .map(|_| RandomIdGenerator::default().new_trace_id())
            .collect();
        let picked = ids.iter().filter(|id| quarter.picks(**id)).count();
        // Eight standard deviations either way.
        assert!((4_500..5_500).contains(&picked), "{picked}");
        assert!(ids.iter().all(|id| !quarter.picks(*id) || half.picks(*id)));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["-0.1", "1.1", "NaN", "inf", "", "half"] {
            assert_eq!(text.parse::<Ratio>(), Err(RatioError), "{text}");
        }
        assert_eq!("0.05".parse(), Ratio::new(0.05));
    }
}
