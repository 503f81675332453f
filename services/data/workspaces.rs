//! `WorkspaceService`: the workspaces that Fabric shows the user.

use tonic::{Request, Response, Status};

use super::delegation::{DelegatedCall, Delegation};
use super::page::List;
use crate::call::{CallError, status};
use crate::contracts::data::v1 as contract;
use crate::contracts::data::v1::workspace_service_server::WorkspaceService;
use crate::contracts::data::v1::{ListWorkspacesRequest, ListWorkspacesResponse};
use crate::downstream::{Workspace, WorkspaceFilter, WorkspaceRole};

/// Lists workspaces.
#[derive(Clone, Debug)]
pub struct Workspaces {
    delegation: Delegation,
}

impl Workspaces {
    /// Lists them as the calling user.
    #[must_use]
    pub fn new(delegation: Delegation) -> Self {
        Self { delegation }
    }
}

#[tonic::async_trait]
impl WorkspaceService for Workspaces {
    async fn list_workspaces(
        &self,
        request: Request<ListWorkspacesRequest>,
    ) -> Result<Response<ListWorkspacesResponse>, Status> {
        let call = self.delegation.of(&request)?;
        list(&call, &request.into_inner())
            .await
            .map(Response::new)
            .map_err(status)
    }
}

async fn list(
    call: &DelegatedCall,
    request: &ListWorkspacesRequest,
) -> Result<ListWorkspacesResponse, CallError> {
    let roles = roles(&request.roles)?;
    let list = List::of_workspaces(&call.owner, &roles);
    let filter = WorkspaceFilter {
        continuation: list.continuation(&request.page_token)?,
        roles,
    };
    let fabric = &call.downstream.fabric;
    let page = fabric.list_workspaces(&call.on_behalf_of, &filter).await?;
    Ok(ListWorkspacesResponse {
        workspaces: page.workspaces.into_iter().map(Into::into).collect(),
        next_page_token: list.continuation_token(page.continuation.as_deref()),
    })
}

/// The roles, each once and in one order.
fn roles(roles: &[i32]) -> Result<Vec<WorkspaceRole>, CallError> {
    let mut read = Vec::new();
    for (position, role) in roles.iter().enumerate() {
        let role = match contract::WorkspaceRole::try_from(*role) {
            Ok(contract::WorkspaceRole::Admin) => WorkspaceRole::Admin,
            Ok(contract::WorkspaceRole::Member) => WorkspaceRole::Member,
            Ok(contract::WorkspaceRole::Contributor) => WorkspaceRole::Contributor,
            Ok(contract::WorkspaceRole::Viewer) => WorkspaceRole::Viewer,
            Ok(contract::WorkspaceRole::Unspecified) | Err(_) => {
                let field = format!("roles[{position}]");
                return Err(CallError::field(field, "must be one of the roles"));
            }
        };
        // There are four, however often they are named.
        if !read.contains(&role) {
            read.push(role);
        }
    }
    read.sort_unstable();
    Ok(read)
}

impl From<Workspace> for contract::Workspace {
    fn from(workspace: Workspace) -> Self {
        Self {
            workspace_id: workspace.id.to_string(),
            display_name: workspace.display_name,
            description: workspace.description,
            r#type: workspace.kind,
            capacity_id: workspace
                .capacity_id
                .map_or_else(String::new, |id| id.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::roles;
    use crate::call::CallError;
    use crate::downstream::WorkspaceRole::{Admin, Viewer};

    #[test]
    fn roles_are_a_set_of_those_that_exist() {
        assert_eq!(roles(&[]), Ok(vec![]));
        assert_eq!(roles(&[4, 1, 4, 1]), Ok(vec![Admin, Viewer]));
        for (asked, expected) in [
            (&[0][..], "roles[0]"),
            (&[1, 5], "roles[1]"),
            (&[1, -1], "roles[1]"),
        ] {
            let error = roles(asked).unwrap_err();
            assert!(matches!(&error, CallError::Field { field, .. } if field == expected));
        }
    }
}
