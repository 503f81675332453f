//! A workload that accepts whatever Fabric says, unless told otherwise, and remembers all of it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use emulator::{Emulator, Generation, WorkloadClient, WorkloadRegistration, seed};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The tokens of a well-formed header.
    pub(crate) fn tokens(&self) -> (String, String) {
        let rest = self
            .header("authorization")
            .strip_prefix(r#"SubjectAndAppToken1.0 subjectToken=""#)
            .expect("the scheme and the subject token");
        let (subject, rest) = rest.split_once(r#"", appToken=""#).expect("an app token");
        (
            subject.to_owned(),
            rest.strip_suffix('"').unwrap().to_owned(),
        )
    }
}

#[derive(Default)]
struct Script {
    heard: Vec<Heard>,
    answers: VecDeque<(u16, String)>,
}

/// The workload, on a port of its own; it ends when it is dropped.
pub(crate) struct StubWorkload {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl StubWorkload {
    pub(crate) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let router = Router::new().fallback(hear).with_state(script.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            script,
            serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/workload", self.address)
    }

    /// Registers it in both generations, and hands out Fabric calling it for an account.
    pub(crate) fn called_by(
        &self,
        emulator: &Emulator,
        generation: Generation,
        upn: &str,
    ) -> WorkloadClient {
        for generation in Generation::ALL {
            let registration = WorkloadRegistration::new(self.url(), generation);
            emulator.register_workload(registration).unwrap();
        }
        emulator
            .workload_client(seed::ITEM_TYPE, generation, upn)
            .unwrap()
    }

    /// Answers a request to come like this, and those after it as said next.
    pub(crate) fn will_answer(&self, status: u16, body: &str) {
        let answer = (status, body.to_owned());
        self.script.lock().unwrap().answers.push_back(answer);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.script.lock().unwrap().heard.clone()
    }

    pub(crate) fn last(&self) -> Heard {
        self.heard().pop().expect("a request")
    }
}

impl Drop for StubWorkload {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn hear(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut script = script.lock().unwrap();
    script.heard.push(Heard {
        method,
        uri,
        headers,
        body,
    });
    let (status, body) = script.answers.pop_front().unwrap_or((200, "{}".to_owned()));
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}
