//! The rows over the gRPC-web face: what a page makes of a row's input, and where it is told another
//! thing than a gRPC client.

use super::Case;
use crate::support::Call;
use crate::support::web::{self, Form};

/// The same call as a page makes it; none for a row about headers that a page does not send.
pub(super) fn call(case: &Case, over_grpc: &Call, form: Form) -> Option<Call> {
    let is_about_headers = ["H21", "H22"].contains(&case.id.as_str());
    (!is_about_headers).then(|| web::call(over_grpc, form))
}

/// What a row expects of the answer to a page.
pub(super) fn expectation(case: &Case) -> &str {
    match case.expect.as_str() {
        // A page is told in a status: it reads no other refusal.
        "HTTP 405" => "UNIMPLEMENTED METHOD_NOT_FOUND",
        // Its messages are never compressed, whatever a header names.
        "INTERNAL PAYLOAD_FRAME_INVALID" => "INVALID_ARGUMENT PAYLOAD_MALFORMED",
        expect => expect,
    }
}
