//! Conditional Access: what a tenant demands of an account before a resource is open to it.

use crate::locked::Locked;
use crate::random;

/// What a policy demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessPolicy {
    /// Nothing satisfies it.
    Block,
    /// A sign-in on a compliant device.
    CompliantDevice,
    /// A sign-in with a second factor.
    Mfa,
    /// A sign-in at most this many seconds ago.
    SignInFrequency(u64),
}

/// A policy for one account and one resource, in every tenant that knows the account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessRule {
    /// The user principal name.
    pub upn: String,
    /// The resource's client id.
    pub resource: String,
    /// What is demanded.
    pub policy: AccessPolicy,
}

impl AccessRule {
    /// A rule.
    pub fn new(upn: &str, resource: &str, policy: AccessPolicy) -> Self {
        Self {
            upn: upn.to_owned(),
            resource: resource.to_owned(),
            policy,
        }
    }

    /// The policy's id, which a claims challenge names. It is always the same for the same account
    /// and resource.
    #[must_use]
    pub fn id(&self) -> String {
        random::derived_guid(&["policy", &self.upn, &self.resource])
    }

    fn is_for(&self, upn: &str, resource: &str) -> bool {
        self.upn.eq_ignore_ascii_case(upn) && self.resource == resource
    }
}

/// Every rule in force: one at most for an account and a resource.
#[derive(Debug)]
pub(super) struct AccessRules(Locked<Vec<AccessRule>>);

impl AccessRules {
    pub(super) fn new(rules: Vec<AccessRule>) -> Self {
        Self(Locked::new(rules))
    }

    pub(super) fn of(&self, upn: &str, resource: &str) -> Option<AccessRule> {
        let rules = self.0.lock();
        rules
            .iter()
            .find(|rule| rule.is_for(upn, resource))
            .cloned()
    }

    /// The rules of an account that any of these ids names.
    pub(super) fn named(&self, upn: &str, ids: &[String]) -> Vec<AccessRule> {
        let rules = self.0.lock();
        rules
            .iter()
            .filter(|rule| rule.upn.eq_ignore_ascii_case(upn) && ids.contains(&rule.id()))
            .cloned()
            .collect()
    }

    pub(super) fn set(&self, rule: AccessRule) {
        let mut rules = self.0.lock();
        rules.retain(|other| !other.is_for(&rule.upn, &rule.resource));
        rules.push(rule);
    }

    pub(super) fn clear(&self, upn: &str, resource: &str) -> bool {
        let mut rules = self.0.lock();
        let before = rules.len();
        rules.retain(|rule| !rule.is_for(upn, resource));
        rules.len() < before
    }
}
