//! A refusal as a test states it: all that it carries, and nothing that it does not.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use prost::Message as _;
use selvedge::contracts::refusal::v1::AuthChallenge;
use tonic_types::pb;

use super::reply::Reply;

/// Stands for a value that is there and is nobody's to predict: an id.
pub(crate) const ANY: &str = "*";
/// What details may take besides claims.
const DETAILS_LIMIT: usize = 4 * 1024;

/// What a refusal must be. What a test leaves out must not be there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// The code and the reason, as [`Reply::verdict`] has them.
    pub(crate) verdict: &'static str,
    /// ErrorInfo's metadata, besides what every refusal carries.
    pub(crate) metadata: Vec<(&'static str, String)>,
    pub(crate) challenge: Option<AuthChallenge>,
    pub(crate) www_authenticate: Option<String>,
    /// RetryInfo's delay, in seconds.
    pub(crate) retry_after: Option<RangeInclusive<i64>>,
    /// The address that Help names.
    pub(crate) help: Option<String>,
}

impl Expected {
    pub(crate) fn refusal(verdict: &'static str) -> Self {
        Self {
            verdict,
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.metadata.push((key, value.into()));
        self
    }

    pub(crate) fn challenge(mut self, challenge: AuthChallenge) -> Self {
        self.challenge = Some(challenge);
        self
    }

    pub(crate) fn www_authenticate(mut self, value: impl Into<String>) -> Self {
        self.www_authenticate = Some(value.into());
        self
    }

    pub(crate) fn retry_after(mut self, seconds: RangeInclusive<i64>) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) fn help(mut self, url: impl Into<String>) -> Self {
        self.help = Some(url.into());
        self
    }

    /// Holds the answer to every line of this, and to what no refusal may do: quote a secret, or be
    /// larger than a client reads.
    #[track_caller]
    pub(crate) fn assert(&self, reply: &Reply, secrets: &[&str]) {
        assert_eq!(reply.verdict(), self.verdict);
        let info = reply.error_info().unwrap();
        reply.assert_complete(&info.metadata["method"]);

        let always = ["method", "traceId"];
        let keys: BTreeSet<&str> = info.metadata.keys().map(String::as_str).collect();
        let stated = self.metadata.iter().map(|(key, _)| *key);
        let stated: BTreeSet<&str> = stated.chain(always).collect();
        assert_eq!(keys, stated, "{}: {info:?}", self.verdict);
        for (key, value) in &self.metadata {
            let found = &info.metadata[*key];
            assert!(!found.is_empty(), "{key}");
            assert!(value == ANY || value == found, "{key}: {found}");
        }

        assert_eq!(reply.auth_challenge(), self.challenge, "{}", self.verdict);
        assert_eq!(reply.challenge_header(), self.www_authenticate.as_deref());
        let delay = reply.retry_info().map(|info| info.retry_delay.unwrap());
        match (&self.retry_after, delay) {
            (Some(range), Some(delay)) => assert!(range.contains(&delay.seconds), "{delay:?}"),
            (None, None) => {}
            (stated, found) => panic!("{}: {stated:?} {found:?}", self.verdict),
        }
        let help = reply.details::<pb::Help>("google.rpc.Help").pop();
        let help = help.map(|help| help.links[0].url.clone());
        assert_eq!(help, self.help, "{}", self.verdict);

        for secret in secrets {
            assert!(!reply.quotes(secret.as_bytes()), "{}", self.verdict);
        }
        assert_small(reply);
    }
}

/// What is not claims stays small, whatever the caller and the authority have sent.
#[track_caller]
pub(crate) fn assert_small(reply: &Reply) {
    let claims = reply
        .auth_challenge()
        .map_or(0, |it| it.claims_for_conditional_access_policy.len());
    let details = reply.rich_status().unwrap().encoded_len();
    assert!(details - claims <= DETAILS_LIMIT, "{details} bytes");
}
