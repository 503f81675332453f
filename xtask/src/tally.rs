//! What ran, what passed, and the one line that a run ends with.
//!
//! A suite that did not run has not passed: an error before its first test counts as one failure,
//! and so does finding nothing to run.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How many passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// One check that passed.
    pub(crate) const ONE_PASSED: Self = Self {
        passed: 1,
        failed: 0,
    };

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Adds up counts as test runners print them, such as `12 passed; 1 failed` or
    /// `12 passed, 2 skipped in 1.31s`. A test that was skipped counts as failed: what was not
    /// tried was not shown to work.
    pub(crate) fn from_counts(text: &str) -> Self {
        let words: Vec<&str> = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut tally = Self::default();
        for pair in words.windows(2) {
            let [count, what] = pair else { continue };
            let Ok(count) = count.parse::<u64>() else {
                continue;
            };
            match *what {
                "passed" => tally.passed += count,
                "failed" | "error" | "errors" | "ignored" | "skipped" | "xfailed" | "xpassed" => {
                    tally.failed += count;
                }
                _ => {}
            }
        }
        tally
    }
}

/// The suites of a run so far.
pub(crate) struct Report {
    started: Instant,
    rows: Vec<Row>,
}

struct Row {
    suite: &'static str,
    tally: Tally,
    took: Duration,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            rows: Vec::new(),
        }
    }

    /// Runs one suite, whatever became of those before it.
    pub(crate) fn suite(&mut self, suite: &'static str, run: impl FnOnce() -> Result<Tally>) {
        println!("\n==> [{}] {suite}", clock(self.started.elapsed()));
        let started = Instant::now();
        let tally = run().unwrap_or_else(|error| {
            println!("{suite}: {error:#}");
            Tally {
                passed: 0,
                failed: 1,
            }
        });
        let tally = if tally == Tally::default() {
            println!("{suite}: nothing ran");
            Tally {
                passed: 0,
                failed: 1,
            }
        } else {
            tally
        };
        self.rows.push(Row {
            suite,
            tally,
            took: started.elapsed(),
        });
    }

    /// Runs one check that either holds or does not.
    pub(crate) fn check(&mut self, suite: &'static str, run: impl FnOnce() -> Result<()>) {
        self.suite(suite, || run().map(|()| Tally::ONE_PASSED));
    }

    /// Prints the table and, last, the line that sums it up.
    pub(crate) fn conclude(self) -> ExitCode {
        let mut total = Tally::default();
        println!(
            "\n{:<28} {:>7} {:>7} {:>8}",
            "suite", "passed", "failed", "time"
        );
        for Row { suite, tally, took } in &self.rows {
            let Tally { passed, failed } = tally;
            println!("{suite:<28} {passed:>7} {failed:>7} {:>8}", clock(*took));
            total.add(*tally);
        }
        let Tally { passed, failed } = total;
        println!(
            "{:<28} {passed:>7} {failed:>7} {:>8}\n",
            "all",
            clock(self.started.elapsed())
        );
        println!("{passed} passed, {failed} failed");
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn counts_are_read_from_every_test_runner_in_use() {
        let cases = [
            (
                "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; \
                 finished in 0.01s",
                (12, 0),
            ),
            (
                "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured",
                (5, 3),
            ),
            ("====== 7 passed in 3.20s ======", (7, 0)),
            ("1 failed, 7 passed, 1 skipped, 2 errors in 3.20s", (7, 4)),
            ("no tests ran in 0.01s", (0, 0)),
        ];
        for (text, (passed, failed)) in cases {
            assert_eq!(Tally::from_counts(text), Tally { passed, failed }, "{text}");
        }
    }
}
