//! Writing: create, append, flush and delete.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::BytesMut;
use http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::BodyExt as _;

use super::condition::Condition;
use super::disk::{CHUNK, Content, Writer};
use super::error::OneLakeError;
use super::tree::{Kind, Node};
use super::{Query, Target, content_length, describe};
use crate::authority::Authority;

/// Bytes of one append.
const APPEND_BYTES: u64 = 8 << 20;
const RENAME_SOURCE: HeaderName = HeaderName::from_static("x-ms-rename-source");

/// `PUT /{path}?resource=file|directory`: a file that exists is emptied.
pub(super) fn create(
    authority: &Authority,
    target: &Target,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Response, OneLakeError> {
    if headers.contains_key(RENAME_SOURCE) {
        return Err(OneLakeError::unsupported_header());
    }
    if content_length(headers)? != 0 {
        return Err(OneLakeError::body_not_empty());
    }
    let kind = match query.get("resource") {
        Some("file") => Kind::File(Content::new(authority.onelake.disk.clone())),
        Some("directory") => Kind::Folder,
        Some(_) => return Err(OneLakeError::invalid_parameter()),
        None => return Err(OneLakeError::missing_parameter()),
    };
    let condition = Condition::of(headers)?;
    let node = Node::new(kind, authority.clock.now());
    let node =
        authority
            .onelake
            .stored()
            .tree_mut(&target.item)?
            .put(&target.path, node, &condition)?;
    let mut response = StatusCode::CREATED.into_response();
    describe(response.headers_mut(), &node);
    Ok(response)
}

/// `PATCH /{path}?action=append&position=`: the position is where the bytes before it end.
pub(super) async fn append(
    authority: &Authority,
    target: &Target,
    query: &Query,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, OneLakeError> {
    let position = position(query)?;
    let length = content_length(headers)?;
    if length > APPEND_BYTES {
        return Err(OneLakeError::body_too_large());
    }
    let writer = content(authority, target)?.writer().await;
    if writer.position() != position {
        return Err(OneLakeError::append_position());
    }
    receive(writer, body, length).await?.keep();
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Writes a body to disk as it arrives, a chunk in memory at a time.
async fn receive(mut writer: Writer, mut body: Body, length: u64) -> Result<Writer, OneLakeError> {
    let mut chunk = BytesMut::with_capacity(CHUNK);
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OneLakeError::aborted())?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        received += data.len() as u64;
        // The protocol holds a body to its length already; the cap must not rest on that.
        if received > length {
            return Err(OneLakeError::body_too_large());
        }
        chunk.extend_from_slice(&data);
        if chunk.len() >= CHUNK {
            writer = writer.write(chunk).await?;
            chunk = BytesMut::with_capacity(CHUNK);
        }
    }
    if received < length {
        return Err(OneLakeError::aborted());
    }
    if !chunk.is_empty() {
        writer = writer.write(chunk).await?;
    }
    Ok(writer)
}

/// `PATCH /{path}?action=flush&position=`: the position is the length of the file.
pub(super) async fn flush(
    authority: &Authority,
    target: &Target,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Response, OneLakeError> {
    let position = position(query)?;
    if content_length(headers)? != 0 {
        return Err(OneLakeError::body_not_empty());
    }
    let condition = Condition::of(headers)?;
    let held = authority.onelake.stored().held.take();
    let _released = match held {
        Some(held) => Some(held.wait().await),
        None => None,
    };
    let content = content(authority, target)?;
    let writer = content.writer().await;
    let now = authority.clock.now();
    let mut stored = authority.onelake.stored();
    let tree = stored.tree_mut(&target.item)?;
    tree.hold(&target.path, &condition)?;
    if writer.position() != position {
        return Err(OneLakeError::flush_position());
    }
    let node = tree
        .touch(&target.path, &content, now)
        .ok_or_else(OneLakeError::path_not_found)?;
    writer.flush();
    stored.count_flush(&target.item, &target.path);
    drop(stored);
    let mut response = StatusCode::OK.into_response();
    describe(response.headers_mut(), &node);
    Ok(response)
}

/// `DELETE /{path}?recursive=`.
pub(super) fn delete(
    authority: &Authority,
    target: &Target,
    query: &Query,
) -> Result<Response, OneLakeError> {
    let recursive = query.flag("recursive")?;
    authority
        .onelake
        .stored()
        .tree_mut(&target.item)?
        .remove(&target.path, recursive)?;
    Ok(StatusCode::OK.into_response())
}

fn content(authority: &Authority, target: &Target) -> Result<Arc<Content>, OneLakeError> {
    let state = authority.onelake.stored();
    match state.tree(&target.item)?.get(&target.path) {
        None => Err(OneLakeError::path_not_found()),
        Some(node) => match &node.kind {
            Kind::File(content) => Ok(content.clone()),
            Kind::Folder | Kind::Shortcut => Err(OneLakeError::not_a_file()),
        },
    }
}

fn position(query: &Query) -> Result<u64, OneLakeError> {
    query
        .get("position")
        .ok_or_else(OneLakeError::missing_parameter)?
        .parse()
        .map_err(|_| OneLakeError::invalid_parameter())
}
