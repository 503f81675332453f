//! The refusals that clients received, one line each, and what was in them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;
use uuid::Uuid;

use crate::support::reply::Reply;
use crate::support::web;

pub(super) struct Journal {
    refusals: File,
    replies: File,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Processes of their own. An address is given again once its process has ended.
    processes: HashMap<SocketAddr, Process>,
    /// What this process refused last.
    last: Option<String>,
}

struct Process {
    id: Uuid,
    /// To the collector of this run.
    exports: bool,
    /// What it refused last.
    last: Option<String>,
}

impl Journal {
    pub(super) fn open(folder: &Path) -> Self {
        let open = |name: &str| {
            let mut options = File::options();
            options.create(true).append(true);
            options.open(folder.join(name)).unwrap()
        };
        std::fs::create_dir_all(folder.join("replies")).unwrap();
        Self {
            refusals: open("refusals.jsonl"),
            replies: open("replies/refusals.log"),
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self, service: SocketAddr, reply: &Reply) {
        let header = |name: &str| reply.headers.get(name).and_then(|it| it.to_str().ok());
        let content_type = header("content-type").unwrap_or_default();
        let (face, reply) = if content_type.starts_with("application/grpc-web") {
            ("grpc-web", &web::reply(reply))
        } else if content_type.starts_with("application/grpc") {
            ("grpc", reply)
        } else if let (Some(reason), Some(trace_id)) =
            (header("selvedge-reason"), header("selvedge-trace-id"))
        {
            self.refused(Some(service), "rest", reason, trace_id);
            self.keep(reply);
            return;
        } else {
            return;
        };
        if let Some(info) = reply.error_info() {
            let trace_id = info.metadata.get("traceId").map_or("", String::as_str);
            self.refused(Some(service), face, &info.reason, trace_id);
            self.keep(reply);
        }
    }

    pub(super) fn refused(
        &self,
        service: Option<SocketAddr>,
        face: &str,
        reason: &str,
        trace_id: &str,
    ) {
        let mut seen = self.seen();
        let process = service.and_then(|service| seen.processes.get_mut(&service));
        let exports = process.as_ref().is_none_or(|process| process.exports);
        self.line(&json!({
            "face": face,
            "reason": reason,
            "trace_id": trace_id,
            "process": process.as_ref().map(|process| process.id),
            "exports": exports,
            "test": std::thread::current().name(),
        }));
        match process {
            Some(process) => process.last = exports.then(|| trace_id.to_owned()),
            None => seen.last = Some(trace_id.to_owned()),
        }
    }

    /// A line is written at once, so that those of several processes do not mix.
    fn line(&self, value: &serde_json::Value) {
        (&self.refusals)
            .write_all(format!("{value}\n").as_bytes())
            .unwrap();
    }

    fn keep(&self, reply: &Reply) {
        let mut text = Vec::new();
        for part in reply.received() {
            text.extend(part);
            text.push(b'\n');
        }
        (&self.replies).write_all(&text).unwrap();
    }

    /// A service of this process listens at the address from now on.
    pub(super) fn in_process(&self, service: SocketAddr) {
        self.seen().processes.remove(&service);
    }

    /// A process of its own does.
    pub(super) fn process(&self, service: SocketAddr, exports: bool) {
        let process = Process {
            id: Uuid::new_v4(),
            exports,
            last: None,
        };
        self.seen().processes.insert(service, process);
    }

    pub(super) fn killed(&self, service: SocketAddr) {
        if let Some(process) = self.seen().processes.get(&service) {
            self.line(&json!({ "killed": process.id }));
        }
    }

    pub(super) fn last_of(&self, service: SocketAddr) -> Option<String> {
        self.seen().processes.get_mut(&service)?.last.take()
    }

    pub(super) fn last_of_this_process(&self) -> Option<String> {
        self.seen().last.take()
    }
}
