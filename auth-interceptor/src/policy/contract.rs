//! The option `selvedge.auth.v1.policy` as it stands in a descriptor set.
//!
//! prost drops custom options from its own descriptor types, so the set is read by reflection and
//! only the option's value is decoded into the types below.

use std::sync::Arc;

use prost_reflect::{DescriptorPool, MethodDescriptor, Value};

use super::{ItemPermissions, Plane, Policy, PolicyError, TokenKind};
use crate::error::Demand;
use crate::scope::is_scope_token;

const OPTION: &str = "selvedge.auth.v1.policy";

#[derive(Clone, PartialEq, prost::Message)]
struct PolicyOption {
    #[prost(int32, tag = "1")]
    plane: i32,
    #[prost(int32, repeated, tag = "2")]
    token_kinds: Vec<i32>,
    #[prost(message, repeated, tag = "3")]
    scopes: Vec<AllOf>,
    #[prost(message, repeated, tag = "4")]
    roles: Vec<AllOf>,
    #[prost(bool, tag = "5")]
    subject_may_be_empty: bool,
    #[prost(message, optional, tag = "6")]
    item_permissions: Option<ItemPermissionsOption>,
    #[prost(string, tag = "7")]
    authentication_context: String,
    #[prost(string, repeated, tag = "8")]
    allowed_clients: Vec<String>,
    #[prost(bool, tag = "9")]
    tenant_header_may_be_absent: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AllOf {
    #[prost(string, repeated, tag = "1")]
    values: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ItemPermissionsOption {
    #[prost(string, repeated, tag = "1")]
    permissions: Vec<String>,
    #[prost(string, tag = "2")]
    workspace_field: String,
    #[prost(string, tag = "3")]
    item_field: String,
}

/// The policy that `method` states, if it states one.
pub(super) fn policy_of(
    pool: &DescriptorPool,
    method: &MethodDescriptor,
    name: &str,
) -> Result<Option<Policy>, PolicyError> {
    let Some(extension) = pool.get_extension_by_name(OPTION) else {
        return Ok(None);
    };
    let options = method.options();
    if !options.has_extension(&extension) {
        return Ok(None);
    }
    let undecodable = || PolicyError::Undecodable {
        method: name.to_owned(),
    };
    let value = options.get_extension(&extension);
    let Value::Message(message) = value.as_ref() else {
        return Err(undecodable());
    };
    let option: PolicyOption = message.transcode_to().map_err(|_| undecodable())?;
    let policy = read(option).map_err(|contradiction| PolicyError::Contradictory {
        method: name.to_owned(),
        contradiction,
    })?;
    if let Some(item) = &policy.item_permissions {
        let input = method.input();
        let named = |path: &str| input.get_field_by_name(path).is_some();
        if !named(&item.workspace_field) || !named(&item.item_field) {
            return Err(PolicyError::Contradictory {
                method: name.to_owned(),
                contradiction: "item_permissions names a field that the request does not have",
            });
        }
    }
    Ok(Some(policy))
}

fn read(option: PolicyOption) -> Result<Policy, &'static str> {
    let plane = match option.plane {
        1 => Plane::Control,
        2 => Plane::Data,
        _ => return Err("plane is unset or unknown"),
    };
    let token_kinds = option
        .token_kinds
        .iter()
        .map(|kind| match kind {
            1 => Ok(TokenKind::None),
            2 => Ok(TokenKind::Delegated),
            3 => Ok(TokenKind::AppOnly),
            4 => Ok(TokenKind::SubjectAndApp),
            _ => Err("a token kind is unset or unknown"),
        })
        .collect::<Result<Box<[_]>, _>>()?;
    let takes = |kind| token_kinds.contains(&kind);
    let scopes = demand(option.scopes)?;
    let roles = demand(option.roles)?;

    if token_kinds.is_empty() {
        return Err("no token kind is given");
    }
    if takes(TokenKind::None)
        && (token_kinds.len() > 1
            || !scopes.is_empty()
            || !roles.is_empty()
            || option.item_permissions.is_some()
            || !option.authentication_context.is_empty()
            || !option.allowed_clients.is_empty())
    {
        return Err("a public method demands something");
    }
    let takes_user = takes(TokenKind::Delegated) || takes(TokenKind::SubjectAndApp);
    if takes_user == scopes.is_empty() {
        return Err("scopes are for methods that take a user's token, which all need them");
    }
    if takes(TokenKind::AppOnly) == roles.is_empty() {
        return Err("roles are for methods that take an application's token, which all need them");
    }
    if option.subject_may_be_empty && !takes(TokenKind::SubjectAndApp) {
        return Err("only subject-and-app methods can have an empty subject token");
    }
    if plane == Plane::Control
        && token_kinds
            .iter()
            .any(|kind| *kind != TokenKind::SubjectAndApp)
    {
        return Err("control-plane methods take subject-and-app tokens only");
    }
    if option.tenant_header_may_be_absent && plane != Plane::Control {
        return Err("only control-plane methods have a tenant header");
    }

    let item_permissions = match option.item_permissions {
        None => None,
        Some(item) if item.permissions.is_empty() => {
            return Err("item_permissions names no permission");
        }
        Some(item) => Some(ItemPermissions {
            permissions: item.permissions.into_iter().map(Into::into).collect(),
            workspace_field: item.workspace_field.into(),
            item_field: item.item_field.into(),
        }),
    };
    let context = option.authentication_context;
    if !context.is_empty() && !is_scope_token(&context) {
        return Err("authentication_context is not printable ASCII without space and quotes");
    }
    Ok(Policy {
        plane,
        token_kinds,
        scopes,
        roles,
        subject_may_be_empty: option.subject_may_be_empty,
        tenant_header_may_be_absent: option.tenant_header_may_be_absent,
        item_permissions,
        authentication_context: (!context.is_empty()).then(|| Arc::from(context)),
        allowed_clients: option.allowed_clients.into_iter().map(Into::into).collect(),
    })
}

fn demand(groups: Vec<AllOf>) -> Result<Demand, &'static str> {
    let groups = groups
        .into_iter()
        .map(|group| {
            if group.values.is_empty() {
                return Err("a group of scopes or roles is empty");
            }
            // They are named in challenges, inside a quoted string.
            if !group.values.iter().all(|value| is_scope_token(value)) {
                return Err("a scope or role is not an RFC 6749 scope-token");
            }
            Ok(group.values.into_iter().map(Into::into).collect())
        })
        .collect::<Result<Vec<Box<[Box<str>]>>, _>>()?;
    Ok(Demand::new(groups))
}
