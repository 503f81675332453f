//! The audit trail: who was let through to what and who was not, which tokens were exchanged for
//! whom, and what administrators ordered. It holds no token, no name and no address.
//!
//! An entry is made of each decision about a method that is not public, of each exchange for a user
//! and of each order. Nothing is decided about callers of a public method, which is health, so they
//! leave none. Entries go to a file (`file`), as log records to a collector (`collector`), or
//! both; neither makes a call wait, and what is lost is counted. Where `telemetry.audit_on_failure`
//! is `refuse`, [`gate`] lets no call through before its decision is on the file.

use std::sync::Arc;

use auth_interceptor::{Claims, Clock, DecidedCall, Observer, TenantId, TokenKind};
use opentelemetry::SpanId;
use opentelemetry::trace::SpanContext;

pub use self::entry::{Entry, Event};
pub use self::trail::{AuditError, AuditSettings, OnFailure, Trail, Writing};
use super::identity::UserIdentity;
use super::metrics::exchanges;
use super::names;
use super::trace_context::CallContext;
use crate::exchange::{
    ExchangeError, ExchangeObserver, ExchangeReport, LongRunningError, LongRunningReport,
};
use crate::refusal::{Refusal, reason_name};

mod collector;
mod entry;
mod file;
pub mod gate;
mod queue;
mod trail;

/// Makes an entry of what identity and administrators do.
#[derive(Clone, Debug)]
pub struct Audit {
    trail: Trail,
    users: Arc<UserIdentity>,
    clock: Clock,
}

/// An administrator's order and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Who gave it.
    pub by: Option<&'a Claims>,
    /// What it was.
    pub order: &'static str,
    /// Why it failed; none: it was carried out.
    pub failure: Option<&'static str>,
    /// The tenant that it was about.
    pub target: Option<TenantId>,
}

impl Order<'_> {
    /// The value of `selvedge.admin.outcome`.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.failure.map_or("done", |_| "failed")
    }
}

impl Audit {
    /// Enters on `trail`, naming users by `users`, at the times of `clock`.
    #[must_use]
    pub fn new(trail: Trail, users: Arc<UserIdentity>, clock: Clock) -> Self {
        Self {
            trail,
            users,
            clock,
        }
    }

    /// Where entries go.
    #[must_use]
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Enters an administrator's order.
    pub fn ordered(&self, order: &Order<'_>) {
        if self.trail.is_off() {
            return;
        }
        let mut entry = self.entry(Event::Order);
        entry.text(names::ADMIN_ORDER, order.order);
        entry.text(names::ADMIN_OUTCOME, order.outcome());
        entry.text_if(names::ADMIN_REASON, order.failure);
        let target = order.target.map(|tenant| tenant.to_string());
        entry.text_if(names::ADMIN_TARGET_TENANT_ID, target);
        self.whose(&mut entry, order.by);
        self.trail.enter(entry);
    }

    fn decision(&self, decided: &DecidedCall<'_>) -> Entry {
        let mut entry = self.entry(Event::Decision);
        entry.decided(decided, &self.users);
        entry
    }

    fn exchange(&self, report: &ExchangeReport<'_>) -> Entry {
        let mut entry = self.entry(Event::Exchange);
        let claims = report.request.subject.claims();
        entry.text(
            names::EXCHANGE_OUTCOME,
            report.error.map_or("ok", exchanges::outcome),
        );
        entry.text(names::EXCHANGE_CACHE, report.source.as_str());
        entry.text(names::REGISTRATION_NAME, claims.registration().to_owned());
        let resource = report.request.scopes.resource().to_owned();
        entry.text(names::EXCHANGE_RESOURCE, resource);
        if let Some(error) = report.error {
            failure(&mut entry, error);
        }
        entry.text(names::TOKEN_KIND, "user");
        self.whose(&mut entry, Some(claims));
        entry
    }

    /// The entry of work that outlives its call: the user is known by what was kept.
    fn long_running(&self, report: &LongRunningReport<'_>) -> Entry {
        let mut entry = self.entry(Event::Exchange);
        entry.text(
            names::EXCHANGE_OUTCOME,
            report.error.map_or("ok", exchanges::long_running_outcome),
        );
        entry.text(names::EXCHANGE_CACHE, report.source.as_str());
        entry.text(names::REGISTRATION_NAME, report.registration.to_owned());
        let resource = report.scopes.resource().to_owned();
        entry.text(names::EXCHANGE_RESOURCE, resource);
        match report.error {
            Some(LongRunningError::Exchange(error)) => failure(&mut entry, error),
            Some(error) => {
                let reason = Refusal::from(error.clone()).reason();
                entry.text(names::REFUSAL_REASON, reason_name(reason));
            }
            None => {}
        }
        entry.text(names::TOKEN_KIND, "user");
        if report.claims.is_some() {
            self.whose(&mut entry, report.claims);
            return entry;
        }
        let tenant = report.owner.tenant();
        entry.text(names::TENANT_ID, tenant.to_string());
        if let Some(user) = self.users.of_user(tenant, report.owner.object_id()) {
            entry.text(user.key, user.value.to_string());
        }
        entry
    }

    /// An entry that says when and in which call.
    fn entry(&self, event: Event) -> Entry {
        let mut entry = Entry::new(event, self.clock.since_epoch());
        CallContext::current(|call| {
            let span = call.span_context();
            entry.within(entry::Call {
                trace: call.trace_id(),
                span: span.map_or(SpanId::INVALID, SpanContext::span_id),
                flags: span.map(SpanContext::trace_flags).unwrap_or_default(),
                work: call.work().clone(),
            });
        });
        entry
    }

    fn whose(&self, entry: &mut Entry, claims: Option<&Claims>) {
        let Some(claims) = claims else { return };
        entry.text(names::TENANT_ID, claims.tenant().to_string());
        entry.text(names::CLIENT_APP_ID, claims.client().as_str().to_owned());
        entry.text_if(names::TOKEN_UTI, claims.token_id().map(str::to_owned));
        self.user(entry, Some(claims));
    }

    fn user(&self, entry: &mut Entry, claims: Option<&Claims>) {
        if let Some(user) = claims.and_then(|claims| self.users.of(claims)) {
            entry.text(user.key, user.value.to_string());
        }
    }
}

/// What the caller is told, and what the authority said: by its ids and its numbers, not by its
/// words.
fn failure(entry: &mut Entry, error: &ExchangeError) {
    let reason = Refusal::from(error.clone()).reason();
    entry.text(names::REFUSAL_REASON, reason_name(reason));
    let ExchangeError::Refused(refusal) = error else {
        return;
    };
    entry.text(names::AUTHORITY_ERROR, refusal.error);
    entry.text_if(
        names::AUTHORITY_SUBERROR,
        refusal.suberror.as_deref().map(str::to_owned),
    );
    if let Some(code) = refusal.code() {
        entry.number(names::AUTHORITY_AADSTS, code);
    }
    let correlation_id = refusal.correlation_id.as_deref().map(str::to_owned);
    entry.text_if(names::AUTHORITY_CORRELATION_ID, correlation_id);
}

impl Observer for Audit {
    fn decided(&self, decided: &DecidedCall<'_>) {
        // The gate enters those it lets through itself, and waits for it.
        let is_gated = self.trail.is_required() && decided.error().is_none();
        if !self.trail.is_off() && !is_gated && is_entered(decided) {
            self.trail.enter(self.decision(decided));
        }
    }
}

impl ExchangeObserver for Audit {
    fn answered(&self, report: &ExchangeReport<'_>) {
        if !self.trail.is_off() {
            self.trail.enter(self.exchange(report));
        }
    }

    fn answered_long_running(&self, report: &LongRunningReport<'_>) {
        if !self.trail.is_off() {
            self.trail.enter(self.long_running(report));
        }
    }
}

/// Public methods take no token, so that there is nobody to decide about.
fn is_entered(decided: &DecidedCall<'_>) -> bool {
    let method = decided.method();
    !method.is_some_and(|method| method.policy().token_kinds().contains(&TokenKind::None))
}
