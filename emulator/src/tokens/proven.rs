//! What a person proved when they signed in: what Conditional Access judges.
//!
//! Entra writes what it needs to know of a sign-in into `aio`, which is opaque to everybody else,
//! and so does this one: version 2 tokens show it nowhere else. Where a visible claim says the same
//! (`amr`, `acrs`, `deviceid`) that claim counts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::random;

const SECOND_FACTOR: &str = "mfa";

/// A sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proven {
    /// When, in Unix seconds.
    pub(crate) at: u64,
    /// How: `amr`.
    pub(crate) methods: Vec<String>,
    pub(crate) compliant_device: bool,
    /// The authentication contexts satisfied: `acrs`.
    pub(crate) contexts: Vec<String>,
}

/// The content of `aio`.
#[derive(Serialize, Deserialize)]
struct Recorded {
    /// Makes every value another.
    n: String,
    at: u64,
    amr: Vec<String>,
    dev: bool,
    acrs: Vec<String>,
}

impl Proven {
    /// A sign-in by password and nothing else.
    pub(crate) fn password(at: u64) -> Self {
        Self {
            at,
            methods: vec!["pwd".to_owned()],
            compliant_device: false,
            contexts: Vec::new(),
        }
    }

    pub(crate) fn has_second_factor(&self) -> bool {
        self.methods.iter().any(|method| method == SECOND_FACTOR)
    }

    pub(crate) fn add_second_factor(&mut self) {
        if !self.has_second_factor() {
            self.methods.push(SECOND_FACTOR.to_owned());
        }
    }

    pub(crate) fn has_contexts(&self, demanded: &[String]) -> bool {
        demanded
            .iter()
            .all(|context| self.contexts.contains(context))
    }

    pub(crate) fn add_contexts(&mut self, satisfied: &[String]) {
        for context in satisfied {
            if !self.contexts.contains(context) {
                self.contexts.push(context.clone());
            }
        }
    }

    /// The value of `aio`.
    pub(super) fn record(&self) -> String {
        let recorded = Recorded {
            n: STANDARD.encode(random::bytes::<16>()),
            at: self.at,
            amr: self.methods.clone(),
            dev: self.compliant_device,
            acrs: self.contexts.clone(),
        };
        STANDARD.encode(serde_json::to_vec(&recorded).unwrap_or_default())
    }

    /// The sign-in behind a token of ours.
    pub(crate) fn of_claims(claims: &Map<String, Value>) -> Self {
        let mut proven = recorded_in(claims).unwrap_or_else(|| {
            let issued_at = claims.get("iat").and_then(Value::as_u64);
            Self::password(issued_at.unwrap_or_default())
        });
        if let Some(methods) = texts(claims.get("amr")) {
            proven.methods = methods;
        }
        if let Some(contexts) = texts(claims.get("acrs")) {
            proven.contexts = contexts;
        }
        proven.compliant_device |= claims.contains_key("deviceid");
        proven
    }
}

fn recorded_in(claims: &Map<String, Value>) -> Option<Proven> {
    let bytes = STANDARD.decode(claims.get("aio")?.as_str()?).ok()?;
    let recorded: Recorded = serde_json::from_slice(&bytes).ok()?;
    Some(Proven {
        at: recorded.at,
        methods: recorded.amr,
        compliant_device: recorded.dev,
        contexts: recorded.acrs,
    })
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let values = value?.as_array()?;
    let texts = values.iter().filter_map(Value::as_str);
    Some(texts.map(str::to_owned).collect())
}
