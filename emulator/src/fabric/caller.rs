//! Who calls Fabric: a person with the scopes of an API, or a workload on behalf of a person.

use http::HeaderMap;

use super::error::FabricError;
use crate::authority::Authority;
use crate::resource::{self, FABRIC, Speaker, User};

/// The person who calls a REST API with any of the scopes.
pub(super) fn person(
    authority: &Authority,
    headers: &HeaderMap,
    any_of: &[&str],
) -> Result<User, FabricError> {
    let token = authority.verify(resource::bearer(headers)?, &FABRIC)?;
    let Speaker::User { user, scopes } = token.speaker else {
        return Err(FabricError::delegated_token_needed());
    };
    if scopes.iter().any(|scope| any_of.contains(&scope.as_str())) {
        Ok(user)
    } else {
        Err(FabricError::insufficient_scopes())
    }
}

/// A workload that calls a workload-control API on behalf of a person.
pub(super) struct Workload {
    pub(super) user: User,
    pub(super) client_id: String,
}

/// The workload and the person behind the two tokens of `SubjectAndAppToken1.0`.
///
/// The user's token may be of any tenant; the application's comes from the tenant that published
/// the application, and both were issued to the same one.
pub(super) fn workload(
    authority: &Authority,
    headers: &HeaderMap,
) -> Result<Workload, FabricError> {
    let (subject, app) = resource::subject_and_app_tokens(headers)?;
    let subject = authority.verify(subject, &FABRIC)?;
    let app = authority.verify(app, &FABRIC)?;
    let (Speaker::User { user, .. }, Speaker::Application { tenant }) =
        (subject.speaker, app.speaker)
    else {
        return Err(FabricError::delegated_token_needed());
    };
    let published_here = authority
        .directory
        .app(&app.client_id)
        .is_some_and(|known| known.publisher_tenant == tenant);
    if !published_here || subject.client_id != app.client_id {
        return Err(FabricError::not_the_owner());
    }
    Ok(Workload {
        user,
        client_id: app.client_id,
    })
}
