//! Where Fabric is to send a tenant's calls: the address configured for the tenant's region.

use std::collections::HashSet;
use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::call::{CallError, status};
use crate::config;
use crate::contracts::control::v1::endpoint_resolution_service_server::EndpointResolutionService;
use crate::contracts::control::v1::{
    ContextProperty, ContextPropertyName, ResolveRequest, ResolveResponse,
};

const MAX_PROPERTIES: usize = 16;
const MAX_VALUE_CHARACTERS: usize = 256;

/// Tells addresses.
#[derive(Clone, Debug)]
pub struct Endpoints {
    configured: Arc<config::Endpoints>,
}

impl Endpoints {
    /// Tells those that are configured.
    #[must_use]
    pub fn new(configured: config::Endpoints) -> Self {
        Self {
            configured: Arc::new(configured),
        }
    }

    fn answer(&self, request: &ResolveRequest) -> Result<ResolveResponse, CallError> {
        let url = self
            .configured
            .of(tenant_region(&request.context)?)
            .ok_or(CallError::EndpointNotConfigured)?;
        let minutes = self.configured.ttl.as_secs() / 60;
        Ok(ResolveResponse {
            url: url.to_owned(),
            ttl_in_minutes: i32::try_from(minutes).unwrap_or(i32::MAX),
        })
    }
}

#[tonic::async_trait]
impl EndpointResolutionService for Endpoints {
    async fn resolve(
        &self,
        request: Request<ResolveRequest>,
    ) -> Result<Response<ResolveResponse>, Status> {
        self.answer(request.get_ref())
            .map(Response::new)
            .map_err(status)
    }
}

/// The region that the context tells, once all of it is what it has to be.
fn tenant_region(context: &[ContextProperty]) -> Result<Option<&str>, CallError> {
    if context.len() > MAX_PROPERTIES {
        return Err(CallError::field("context", "must be at most 16 properties"));
    }
    let mut names = HashSet::new();
    let mut region = None;
    for (position, property) in context.iter().enumerate() {
        let refuse = |leaf: &str, expected| {
            Err(CallError::field(
                format!("context[{position}].{leaf}"),
                expected,
            ))
        };
        let name = property.name();
        if name == ContextPropertyName::Unspecified {
            return refuse("name", "must be a name that the contract knows");
        }
        if !names.insert(name) {
            return refuse("name", "must not repeat another property's");
        }
        if property.value.chars().count() > MAX_VALUE_CHARACTERS {
            return refuse("value", "must be at most 256 characters");
        }
        if name == ContextPropertyName::TenantRegion {
            region = Some(&*property.value);
        }
    }
    Ok(region)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Endpoints;
    use crate::call::CallError;
    use crate::config;
    use crate::contracts::control::v1::{ContextProperty, ContextPropertyName, ResolveRequest};

    fn endpoints(default: Option<&str>) -> Endpoints {
        Endpoints::new(config::Endpoints {
            default: default.map(str::to_owned),
            regional: [(
                "west europe".to_owned(),
                "https://weu.contoso.com".to_owned(),
            )]
            .into(),
            ttl: Duration::from_secs(3_600),
        })
    }

    fn property(name: ContextPropertyName, value: &str) -> ContextProperty {
        ContextProperty {
            name: name.into(),
            value: value.to_owned(),
        }
    }

    fn resolve(endpoints: &Endpoints, context: Vec<ContextProperty>) -> Result<String, CallError> {
        endpoints
            .answer(&ResolveRequest { context })
            .map(|answer| answer.url)
    }

    #[test]
    fn the_tenants_region_decides() {
        let endpoints = endpoints(Some("https://contoso.com"));
        let region = |name| vec![property(name, "West Europe")];
        let tenant = resolve(&endpoints, region(ContextPropertyName::TenantRegion));
        assert_eq!(tenant.unwrap(), "https://weu.contoso.com");
        let workspace = resolve(&endpoints, region(ContextPropertyName::WorkspaceRegion));
        assert_eq!(workspace.unwrap(), "https://contoso.com");
        assert_eq!(resolve(&endpoints, vec![]).unwrap(), "https://contoso.com");
        let answer = endpoints.answer(&ResolveRequest::default()).unwrap();
        assert_eq!(answer.ttl_in_minutes, 60);
    }

    #[test]
    fn a_region_without_an_address_is_the_operators_to_mend() {
        let refused = resolve(&endpoints(None), vec![]);
        assert_eq!(refused, Err(CallError::EndpointNotConfigured));
    }

    #[test]
    fn the_context_is_bounded_and_names_nothing_twice() {
        let endpoints = endpoints(Some("https://contoso.com"));
        let region = || property(ContextPropertyName::TenantRegion, "West Europe");
        let unnamed = property(ContextPropertyName::Unspecified, "x");
        let long = property(ContextPropertyName::TenantId, &"x".repeat(257));
        for (context, field) in [
            (vec![region(), region()], "context[1].name"),
            (vec![unnamed], "context[0].name"),
            (vec![long], "context[0].value"),
            (vec![region(); 17], "context"),
        ] {
            let refused = resolve(&endpoints, context).unwrap_err();
            assert!(matches!(&refused, CallError::Field { field: named, .. } if named == field));
        }
    }
}
