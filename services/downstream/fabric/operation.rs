//! A long-running operation of Fabric, followed until it ends or the call's time is over.
//!
//! Its address is built from the configured base and the operation's id; the `Location` that Fabric
//! names is never gone to.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;
use uuid::Uuid;

use crate::downstream::call::{Answer, Call, address};
use crate::downstream::credentials::OnBehalfOf;
use crate::downstream::error::{DownstreamError, FailedCall};
use crate::downstream::failure::word;
use crate::downstream::http::Http;
use crate::downstream::scopes::FABRIC;
use crate::exchange::Scopes;
use crate::retry_after::retry_after;

/// The pause between two looks where Fabric names none.
const PAUSE: Duration = Duration::from_secs(2);
/// What is left of the call's time to say that it was not enough.
const LAST_WORDS: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct State {
    status: String,
    #[serde(default)]
    error: Option<Fault>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fault {
    #[serde(default)]
    error_code: Option<String>,
}

/// Waits for the operation that `accepted` began, and answers its result.
pub(super) async fn follow(
    http: &Http,
    base: &Url,
    on_behalf_of: &OnBehalfOf,
    scopes: &Arc<Scopes>,
    accepted: &Answer,
) -> Result<Answer, DownstreamError> {
    let operation_id = operation_id(accepted).ok_or_else(|| accepted.makes_no_sense())?;
    let id = operation_id.to_string();
    let state = Call::get(
        FABRIC,
        scopes,
        address(base, ["operations", &id]),
        "/operations/{operationId}",
    );
    let result = Call::get(
        FABRIC,
        scopes,
        address(base, ["operations", &id, "result"]),
        "/operations/{operationId}/result",
    );

    let mut pause = retry_after(&accepted.headers, None).unwrap_or(PAUSE);
    loop {
        if !on_behalf_of.has_time_for(pause + LAST_WORDS) {
            return Err(DownstreamError::OperationPending { operation_id });
        }
        tokio::time::sleep(pause).await;
        let answer = match http.send(on_behalf_of, &state).await {
            Ok(answer) => answer,
            // The operation goes on, whether or not it can be looked at now.
            Err(
                DownstreamError::Throttled { retry_after, .. }
                | DownstreamError::Unavailable { retry_after, .. },
            ) => {
                pause = retry_after;
                continue;
            }
            Err(error) => return Err(error),
        };
        let State { status, error } = answer.json()?;
        match status.as_str() {
            "Succeeded" => return http.send(on_behalf_of, &result).await,
            "Failed" | "Cancelled" => {
                let error_code = error.and_then(|fault| word(&fault.error_code?));
                return Err(DownstreamError::OperationFailed {
                    call: FailedCall {
                        error_code,
                        ..answer.call()
                    },
                    operation_id,
                });
            }
            // `NotStarted`, `Running`, and whatever name Fabric finds for the time in between.
            _ => pause = retry_after(&answer.headers, None).unwrap_or(PAUSE),
        }
    }
}

/// The id that the answer names, in its own header or at the end of the address it points to.
fn operation_id(accepted: &Answer) -> Option<Uuid> {
    let named = accepted.header("x-ms-operation-id");
    let pointed = || accepted.header("location")?.rsplit('/').next();
    let id = named.or_else(pointed)?;
    (id.len() == 36).then(|| Uuid::try_parse(id).ok()).flatten()
}
