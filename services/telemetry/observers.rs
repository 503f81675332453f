//! Tells several of each decision, validation, read of keys and exchange: the interceptor and the
//! exchange each know of one who watches.

use std::sync::Arc;

use auth_interceptor::{DecidedCall, KeyRead, Observer, SentRequest, Validation};

use crate::exchange::{ExchangeError, ExchangeObserver, ExchangeReport, LongRunningReport};

/// Watches all that identity does here.
pub trait IdentityObserver: Observer + ExchangeObserver {}

impl<T: Observer + ExchangeObserver> IdentityObserver for T {}

/// Those who watch, in the order in which they are told.
#[derive(Clone, Debug)]
pub struct Observers(Arc<[Arc<dyn IdentityObserver>]>);

impl Observers {
    /// `observers`, told in their order.
    pub fn new(observers: impl IntoIterator<Item = Arc<dyn IdentityObserver>>) -> Self {
        Self(observers.into_iter().collect())
    }
}

impl Observer for Observers {
    fn decided(&self, decided: &DecidedCall<'_>) {
        self.0.iter().for_each(|one| one.decided(decided));
    }

    fn validated(&self, validation: &Validation<'_>) {
        self.0.iter().for_each(|one| one.validated(validation));
    }

    fn keys_read(&self, read: &KeyRead<'_>) {
        self.0.iter().for_each(|one| one.keys_read(read));
    }

    fn requested(&self, request: &SentRequest<'_>) {
        self.0.iter().for_each(|one| one.requested(request));
    }
}

impl ExchangeObserver for Observers {
    fn answered(&self, report: &ExchangeReport<'_>) {
        self.0.iter().for_each(|one| one.answered(report));
    }

    fn answered_long_running(&self, report: &LongRunningReport<'_>) {
        let observers = self.0.iter();
        observers.for_each(|one| one.answered_long_running(report));
    }

    fn failed(&self, error: &ExchangeError) {
        self.0.iter().for_each(|one| one.failed(error));
    }
}
