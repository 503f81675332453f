//! `ProfileService`: the caller's own verified claims, and nothing else.

use auth_interceptor::{Claims, TokenVersion};
use tonic::{Request, Response, Status};

use crate::call::{timestamp, user};
use crate::contracts::data::v1::profile_service_server::ProfileService;
use crate::contracts::data::v1::{GetProfileRequest, GetProfileResponse, Profile};

/// Answers who is calling.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profiles;

#[tonic::async_trait]
impl ProfileService for Profiles {
    async fn get_profile(
        &self,
        request: Request<GetProfileRequest>,
    ) -> Result<Response<GetProfileResponse>, Status> {
        let claims = user(&request)?;
        Ok(Response::new(GetProfileResponse {
            profile: Some(claims.into()),
        }))
    }
}

impl From<&Claims> for Profile {
    fn from(claims: &Claims) -> Self {
        let version = match claims.version() {
            TokenVersion::V1 => "1.0",
            TokenVersion::V2 => "2.0",
            TokenVersion::Rfc9068 => "rfc9068",
        };
        Self {
            tenant_id: claims.tenant().to_string(),
            object_id: claims.object_id().as_str().to_owned(),
            display_name: claims.name().unwrap_or_default().to_owned(),
            preferred_username: claims.preferred_username().unwrap_or_default().to_owned(),
            client_id: claims.client().as_str().to_owned(),
            scopes: claims.scopes().map(str::to_owned).collect(),
            token_version: version.to_owned(),
            expire_time: timestamp(claims.expires_at()),
        }
    }
}
