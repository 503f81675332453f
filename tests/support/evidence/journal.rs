//! The refusals that clients received, one line each, and what was in them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::support::reply::Reply;
use crate::support::web;

pub(super) struct Journal {
    refusals: File,
    replies: File,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Processes of their own, by what they refused last.
    processes: HashMap<SocketAddr, Option<String>>,
    elsewhere: HashSet<SocketAddr>,
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
        let exports = service.is_none_or(|service| !seen.elsewhere.contains(&service));
        self.line(&json!({
            "face": face,
            "reason": reason,
            "trace_id": trace_id,
            "service": service,
            "exports": exports,
            "test": std::thread::current().name(),
        }));
        if !exports {
            return;
        }
        let process = service.and_then(|service| seen.processes.get_mut(&service));
        match process {
            Some(last) => *last = Some(trace_id.to_owned()),
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

    pub(super) fn process(&self, service: SocketAddr) {
        self.seen().processes.entry(service).or_default();
    }

    pub(super) fn leave_out(&self, service: SocketAddr) {
        self.seen().elsewhere.insert(service);
    }

    pub(super) fn killed(&self, service: SocketAddr) {
        self.line(&json!({ "killed": service }));
    }

    pub(super) fn last_of(&self, service: SocketAddr) -> Option<String> {
        self.seen().processes.get_mut(&service)?.take()
    }

    pub(super) fn last_of_this_process(&self) -> Option<String> {
        self.seen().last.take()
    }
}
