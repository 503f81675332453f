//! Processes that are measured, or that must not be measured with others, and what the kernel says
//! of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// How long a clock tick of `/proc` is, in microseconds.
const TICK_US: f64 = 10_000.0;

/// A running process, which ends when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(command.spawn()?))
    }

    /// Processor time used so far, user and system, in microseconds.
    pub(crate) fn processor_us(&self) -> Result<f64> {
        processor_us(self.0.id())
    }

    /// The memory that it holds now, in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64> {
        self.memory_mib("VmRSS:")
    }

    /// The most memory that it has held so far, in MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        self.memory_mib("VmHWM:")
    }

    fn memory_mib(&self, name: &str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line
            .and_then(|line| line.split_whitespace().next())
            .context("no figure of its memory")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processor time that a process has used so far, user and system, in microseconds.
pub(crate) fn processor_us(id: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace().collect())
        .unwrap_or_default();
    let field = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok());
    field(11)
        .zip(field(12))
        .map(|(user, system)| (user + system) * TICK_US)
        .context("no processor times")
}

/// This very program in another role: a line goes in, a line comes out.
pub(crate) struct Peer {
    pub(crate) process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    pub(crate) fn start<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let process = Process(child);
        let (input, output) = pipes.context("a process without its pipes")?;
        Ok(Self {
            process,
            input,
            output: BufReader::new(output),
        })
    }

    /// Waits for the next line that it prints.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let length = self.output.read_line(&mut line)?;
        ensure!(length > 0, "a process has ended early");
        Ok(line.trim_end().to_owned())
    }

    /// Says something to it and waits for its answer.
    pub(crate) fn ask(&mut self, question: &str) -> Result<String> {
        writeln!(self.input, "{question}")?;
        self.input.flush()?;
        self.line()
    }
}
