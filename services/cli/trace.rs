//! `selvedge trace`: from the trace id of a reply to the cause, in the files of this machine.
//!
//! What is read was written by this service, or by whoever can write where it does: it is bounded,
//! and nothing of it reaches a terminal but as text.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use opentelemetry::trace::TraceId;

use self::audit::AuditEntries;
use self::spans::Spans;
use self::tree::Tree;
use super::STATE_DIR;
use crate::config::{self, Environment, Settings};
use crate::telemetry::export::older;

mod audit;
mod id;
mod json;
mod lines;
mod printable;
mod spans;
mod text;
mod tree;
mod verdict;

pub(super) use self::id::TraceIdError;

/// The span file in the state folder of `selvedge dev`.
pub(super) const SPAN_FILE: &str = "spans.jsonl";
/// The audit file there.
const AUDIT: &str = "audit.jsonl";

/// Prints the call that a trace id names, and why it failed.
#[derive(clap::Args, Debug)]
pub(super) struct TraceArgs {
    /// The trace id, a whole `traceparent`, or a text that holds one, such as an error dialog's.
    #[arg(required = true, value_name = "ID")]
    id: Vec<String>,
    /// The state folder of the `selvedge dev` that answered the call.
    #[arg(long, default_value = STATE_DIR)]
    state_dir: PathBuf,
    /// The configuration of the `selvedge serve` that did.
    #[arg(long, value_name = "FILE", conflicts_with = "state_dir")]
    config: Option<PathBuf>,
    /// The span file, or what an OpenTelemetry collector's file exporter wrote.
    #[arg(long, value_name = "FILE")]
    spans: Option<PathBuf>,
    /// The audit file.
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    format: TraceFormat,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
enum TraceFormat {
    /// For a person: a tree, and what to do.
    #[default]
    Text,
    /// For a program: one JSON document.
    Json,
}

/// All that is known of a trace.
#[derive(Debug)]
struct Found {
    id: TraceId,
    spans: Spans,
    tree: Tree,
    audit: AuditEntries,
}

pub(super) fn run(args: &TraceArgs) -> Result<ExitCode> {
    let id = id::find(&args.id.join(" "))?;
    let places = Places::of(args)?;
    let spans = places.spans(id)?;
    let audit = places.audit(id)?;
    if spans.is_empty() && audit.is_empty() {
        bail!("{}", places.why_not_found(id));
    }
    let tree = Tree::of(&spans);
    let found = Found {
        id,
        spans,
        tree,
        audit,
    };
    let mut out = io::stdout().lock();
    match args.format {
        TraceFormat::Text => {
            let colour = out.is_terminal() && !config::is_colour_unwanted();
            text::write(&mut out, &found, colour)?;
        }
        TraceFormat::Json => json::write(&mut out, &found)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a trace is looked for.
#[derive(Debug)]
struct Places {
    /// The older file first, so that spans come in the order in which they ended.
    spans: Vec<PathBuf>,
    audit: Vec<PathBuf>,
}

impl Places {
    fn of(args: &TraceArgs) -> Result<Self> {
        let (spans, audit) = match &args.config {
            None => (
                Some(args.state_dir.join(SPAN_FILE)),
                Some(args.state_dir.join(AUDIT)),
            ),
            Some(file) => {
                let telemetry = Settings::load(Some(file), &Environment::of_process()?)?.telemetry;
                let spans = telemetry.export.and_then(|export| export.span_file);
                (spans, telemetry.audit.file)
            }
        };
        let spans = args.spans.clone().or(spans);
        let audit = args.audit.clone().or(audit);
        let Some(spans) = spans else {
            bail!("the configuration names no telemetry.span_file: name one with --spans");
        };
        Ok(Self {
            spans: vec![older(&spans), spans],
            audit: audit
                .map(|audit| vec![older(&audit), audit])
                .unwrap_or_default(),
        })
    }

    fn spans(&self, id: TraceId) -> Result<Spans> {
        let mut spans = Spans::of(id);
        for file in present(&self.spans) {
            lines::holding(file, &id.to_string(), |line| spans.read(line))
                .with_context(|| format!("{} cannot be read", file.display()))?;
        }
        Ok(spans)
    }

    fn audit(&self, id: TraceId) -> Result<AuditEntries> {
        let mut entries = AuditEntries::of(id);
        for file in present(&self.audit) {
            lines::holding(file, &id.to_string(), |line| entries.read(line))
                .with_context(|| format!("{} cannot be read", file.display()))?;
        }
        Ok(entries)
    }

    fn why_not_found(&self, id: TraceId) -> String {
        let all: Vec<_> = self.spans.iter().chain(&self.audit).collect();
        let (there, not): (Vec<_>, Vec<_>) = all.into_iter().partition(|file| file.exists());
        let named = |files: Vec<&PathBuf>| {
            let files: Vec<_> = files
                .iter()
                .map(|file| file.display().to_string())
                .collect();
            files.join(", ")
        };
        if there.is_empty() {
            return format!(
                "trace {id} cannot be looked for: there is no {}. Has `selvedge dev` run here, or \
                 is telemetry.span_file set? --state-dir, --config or --spans names another place",
                named(not)
            );
        }
        format!(
            "trace {id} is not in {}. A call that succeeded is there only if telemetry.sample_ratio \
             picked it; an older one may have made room for others; the newest take a second; and \
             another process, or a replica, writes a file of its own",
            named(there)
        )
    }
}

fn present(files: &[PathBuf]) -> impl Iterator<Item = &Path> {
    let files = files.iter().map(PathBuf::as_path);
    files.filter(|file| file.exists())
}
