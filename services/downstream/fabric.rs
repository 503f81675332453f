//! Fabric's public API: workspaces, and warehouses with the operation that creates one.

mod operation;

use std::sync::Arc;

use reqwest::{Method, StatusCode, Url};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::call::{Call, address, with_query};
use super::credentials::OnBehalfOf;
use super::error::DownstreamError;
use super::http::Http;
use super::scopes::{CREATE_WAREHOUSE, FABRIC, LIST_WORKSPACES};

/// The longest continuation that is passed on.
const MAX_CONTINUATION: usize = 2 * 1024;

/// Fabric's public API.
#[derive(Debug)]
pub struct Fabric {
    http: Arc<Http>,
    base: Url,
}

/// Which workspaces to list.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceFilter {
    /// Only those in which the user has one of these roles; empty: any.
    pub roles: Vec<WorkspaceRole>,
    /// What the page before ended with; none: the first page.
    pub continuation: Option<String>,
}

/// A user's role in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkspaceRole {
    /// May do everything.
    Admin,
    /// May do everything but manage admins.
    Member,
    /// May write items.
    Contributor,
    /// May read items.
    Viewer,
}

impl WorkspaceRole {
    /// The role as Fabric spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Member => "Member",
            Self::Contributor => "Contributor",
            Self::Viewer => "Viewer",
        }
    }
}

/// A page of workspaces.
#[derive(Clone, Debug)]
pub struct WorkspacePage {
    /// The workspaces.
    pub workspaces: Vec<Workspace>,
    /// What to ask for the next page with; none: this is the last.
    pub continuation: Option<String>,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub display_name: String,
    /// Its description; empty: none.
    #[serde(default, deserialize_with = "or_empty")]
    pub description: String,
    /// What kind of workspace it is.
    #[serde(rename = "type", default, deserialize_with = "or_empty")]
    pub kind: String,
    /// The capacity it is on.
    #[serde(default)]
    pub capacity_id: Option<Uuid>,
}

/// A warehouse to create.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewWarehouse {
    /// Its name.
    pub display_name: String,
    /// Its description; none: not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warehouse {
    /// Its id.
    pub id: Uuid,
    /// The workspace it is in.
    pub workspace_id: Uuid,
    /// Its name.
    pub display_name: String,
    /// Its description; empty: none.
    #[serde(default, deserialize_with = "or_empty")]
    pub description: String,
}

impl Fabric {
    pub(super) fn new(http: Arc<Http>, base: Url) -> Self {
        Self { http, base }
    }

    /// The workspaces that the user sees, a page at a time.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn list_workspaces(
        &self,
        on_behalf_of: &OnBehalfOf,
        filter: &WorkspaceFilter,
    ) -> Result<WorkspacePage, DownstreamError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            value: Vec<Workspace>,
            // Fabric sends a `continuationUri` too, which is an address of its choosing.
            #[serde(default)]
            continuation_token: Option<String>,
        }

        let roles: Vec<_> = filter.roles.iter().map(|role| role.as_str()).collect();
        let roles = roles.join(",");
        let mut query = Vec::new();
        if !roles.is_empty() {
            query.push(("roles", &*roles));
        }
        if let Some(continuation) = &filter.continuation {
            query.push(("continuationToken", continuation));
        }
        let url = with_query(address(&self.base, ["workspaces"]), &query);
        let call = Call::get(FABRIC, &LIST_WORKSPACES, url, "/workspaces");
        let answer = self.http.send(on_behalf_of, &call).await?;
        let page: Page = answer.json()?;
        let continuation = page.continuation_token.filter(|token| !token.is_empty());
        if continuation
            .as_ref()
            .is_some_and(|token| token.len() > MAX_CONTINUATION)
        {
            return Err(answer.makes_no_sense());
        }
        Ok(WorkspacePage {
            workspaces: page.value,
            continuation,
        })
    }

    /// Creates a warehouse, and waits until it is there or the call's time is over.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`]; `OperationFailed` and `OperationPending` come from here.
    pub async fn create_warehouse(
        &self,
        on_behalf_of: &OnBehalfOf,
        workspace_id: Uuid,
        warehouse: &NewWarehouse,
    ) -> Result<Warehouse, DownstreamError> {
        let workspace_id = workspace_id.to_string();
        let url = address(&self.base, ["workspaces", &workspace_id, "warehouses"]);
        let template = "/workspaces/{workspaceId}/warehouses";
        let body = serde_json::to_vec(warehouse).unwrap_or_default();
        let call = Call {
            method: Method::POST,
            expected: &[StatusCode::CREATED, StatusCode::ACCEPTED],
            // A second one would be a second warehouse, or a refusal of its name.
            repeatable: false,
            ..Call::get(FABRIC, &CREATE_WAREHOUSE, url, template).with_json(body)
        };
        let answer = self.http.send(on_behalf_of, &call).await?;
        if answer.status == StatusCode::CREATED {
            return answer.json();
        }
        operation::follow(
            &self.http,
            &self.base,
            on_behalf_of,
            &CREATE_WAREHOUSE,
            &answer,
        )
        .await?
        .json()
    }
}

/// A text that Fabric may leave out or set to null.
fn or_empty<'de, D: serde::Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}
