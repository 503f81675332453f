//! Chance, so that many processes and many tokens do not act at one moment.

use std::time::Duration;

/// A time drawn evenly from nothing to `span`.
pub(super) fn within(span: Duration) -> Duration {
    let mut drawn = [0; 2];
    // No secret depends on it: without entropy the middle will do.
    let drawn = match aws_lc_rs::rand::fill(&mut drawn) {
        Ok(()) => u16::from_ne_bytes(drawn),
        Err(_) => u16::MAX / 2,
    };
    span.mul_f64(f64::from(drawn) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::within;

    #[test]
    fn every_part_of_the_span_is_drawn_and_nothing_beyond() {
        let span = Duration::from_secs(100);
        let drawn: Vec<_> = (0..1_000).map(|_| within(span)).collect();
        assert!(drawn.iter().all(|drawn| *drawn <= span));
        assert!(drawn.iter().any(|drawn| *drawn < span / 10));
        assert!(drawn.iter().any(|drawn| *drawn > span / 10 * 9));
        assert_eq!(within(Duration::ZERO), Duration::ZERO);
    }
}
