//! The REST face, met by an HTTP client over HTTP/1.1 and HTTP/2.

mod connections;
mod files;
mod refusals;
mod round_trips;

use emulator::seed;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::support::wait::in_time;
use crate::support::{Running, evidence, user_token};

/// Everything that the data plane asks of a token.
const SCOPES: [&str; 8] = [
    "access_as_user",
    "data.read",
    "data.write",
    "workspaces.read",
    "warehouses.write",
    "lakehouse.read",
    "lakehouse.write",
    "token.exchange",
];

/// A version of HTTP to speak.
#[derive(Clone, Copy, Debug)]
enum Http {
    One,
    Two,
}

const BOTH: [Http; 2] = [Http::One, Http::Two];

/// A user's client.
struct Rest {
    client: reqwest::Client,
    base: String,
    token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Rest {
    fn of(running: &Running, http: Http) -> Self {
        let builder = reqwest::Client::builder().no_proxy();
        let builder = match http {
            Http::One => builder.http1_only(),
            Http::Two => builder.http2_prior_knowledge(),
        };
        Self {
            client: builder.build().unwrap(),
            base: format!("http://{}/workload", running.address),
            token: user_token(&running.emulator, seed::CONSENTED, &SCOPES),
        }
    }

    /// A request with the user's token, to a path below `/workload`.
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    fn anonymous(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// Sends `document` as it is.
    async fn json(&self, method: Method, path: &str, document: &str) -> Answer {
        let request = self
            .request(method, path)
            .header("content-type", "application/json");
        send(request.body(document.to_owned())).await
    }
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    in_time("the answer to a REST request", async {
        let response = request.send().await.unwrap();
        let service = response.remote_addr();
        let header = |name| response.headers().get(name)?.to_str().ok();
        if let (Some(reason), Some(trace_id)) =
            (header("selvedge-reason"), header("selvedge-trace-id"))
        {
            evidence::refused(service, "rest", reason, trace_id);
        }
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    })
    .await
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The JSON body of a success.
    #[track_caller]
    fn json(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        assert_eq!(self.headers["content-type"], "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Holds the answer to be a refusal for this reason, which names its call's trace.
    #[track_caller]
    fn assert_refused(&self, status: u16, reason: &str) {
        assert_eq!(
            (self.status.as_u16(), self.reason()),
            (status, Some(reason)),
            "{}",
            self.text()
        );
        assert_eq!(self.headers["content-type"], "application/json");
        assert!(self.headers.contains_key("selvedge-trace-id"));
        serde_json::from_slice::<Value>(&self.body).unwrap();
    }

    fn reason(&self) -> Option<&str> {
        let reason = self.headers.get("selvedge-reason")?;
        reason.to_str().ok()
    }

    /// The fields that the refusal names.
    fn violations(&self) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        let details = body["error"]["details"].as_array().into_iter().flatten();
        let violations = details.filter_map(|detail| detail["fieldViolations"].as_array());
        violations
            .flatten()
            .map(|violation| violation["field"].as_str().unwrap().to_owned())
            .collect()
    }
}
