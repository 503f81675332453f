//! The second lock: a guarded service answers nobody whom the layer did not let through to this
//! very method.
//!
//! The layer decides, because a tonic interceptor can neither wait for a key nor see the method.
//! The interceptor here only checks that a decision was made, so that a forgotten or misplaced
//! layer serves nobody.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use http::uri::PathAndQuery;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;
use tonic::service::{Interceptor, Routes, RoutesBuilder};
use tower::Service;

use crate::caller::Caller;
use crate::error::AuthError;
use crate::policy::{MethodPolicy, Policies, PolicyError, ServedPolicies};
use crate::refusal::{Denial, Refuse};

/// Services to be served, each only if all of its methods state a policy.
pub struct GuardedServices {
    policies: Policies,
    refuse: Arc<dyn Refuse>,
    routes: RoutesBuilder,
    served: Vec<Arc<MethodPolicy>>,
}

impl GuardedServices {
    /// Starts with no service. `refuse` writes the refusals.
    pub fn new(policies: Policies, refuse: Arc<dyn Refuse>) -> Self {
        Self {
            policies,
            refuse,
            routes: RoutesBuilder::default(),
            served: Vec::new(),
        }
    }

    /// Adds a service behind [`RequireCaller`].
    ///
    /// # Errors
    ///
    /// The service is in no contract, or one of its methods states no policy.
    pub fn add<S>(&mut self, service: S) -> Result<&mut Self, PolicyError>
    where
        S: Service<Request<Body>, Response = http::Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.served.extend(self.policies.of_service(S::NAME)?);
        let require = RequireCaller {
            refuse: Arc::clone(&self.refuse),
        };
        self.routes
            .add_service(Guarded(InterceptedService::new(service, require)));
        Ok(self)
    }

    /// The routes, and the policies that [`AuthLayer`](crate::AuthLayer) is to enforce in front
    /// of them.
    #[must_use]
    pub fn into_parts(self) -> (Routes, ServedPolicies) {
        (self.routes.routes(), ServedPolicies::new(self.served))
    }
}

/// A tonic interceptor that refuses every call for which no [`Caller`] of this very method is
/// present.
#[derive(Clone)]
pub struct RequireCaller {
    refuse: Arc<dyn Refuse>,
}

impl Interceptor for RequireCaller {
    fn call(&mut self, request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
        let extensions = request.extensions();
        let routed = extensions
            .get::<RoutedPath>()
            .map(|RoutedPath(path)| path.path());
        let decided = extensions
            .get::<Caller>()
            .map(|caller| &*caller.admission.method.path);
        if decided.is_some() && decided == routed {
            return Ok(request);
        }
        Err(self
            .refuse
            .refuse(&Denial::new(AuthError::MethodPolicyMissing)))
    }
}

/// The path that the router matched, which a tonic interceptor is not shown.
#[derive(Clone)]
struct RoutedPath(PathAndQuery);

/// A service behind [`RequireCaller`], under its own name.
#[derive(Clone)]
struct Guarded<S>(InterceptedService<S, RequireCaller>);

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    InterceptedService<S, RequireCaller>: Service<Request<Body>>,
{
    type Response = <InterceptedService<S, RequireCaller> as Service<Request<Body>>>::Response;
    type Error = <InterceptedService<S, RequireCaller> as Service<Request<Body>>>::Error;
    type Future = <InterceptedService<S, RequireCaller> as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(path) = request.uri().path_and_query().cloned() {
            request.extensions_mut().insert(RoutedPath(path));
        }
        self.0.call(request)
    }
}
