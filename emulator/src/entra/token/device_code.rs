//! The device grant's poll (RFC 8628 section 3.4). The scopes are those of its start: most
//! clients repeat none here.

use super::TokenCall;
use super::reply::{Reply, Signed};
use crate::entra::error::AuthorityError;
use crate::entra::issued::Decision;

pub(super) fn redeem(call: &TokenCall<'_>) -> Result<Reply, AuthorityError> {
    call.client.require_credential_if_confidential()?;
    let now = call.authority.clock.now();
    let devices = &call.authority.issued.devices;
    let device_code = call.form.require("device_code")?;
    let (device, alive) = devices
        .change(device_code, now, |device, alive| (device.clone(), alive))
        .filter(|(device, _)| device.client_id == call.client.app.client_id)
        .ok_or_else(AuthorityError::unknown_device_code)?;
    if !alive {
        return Err(AuthorityError::expired_device_code());
    }
    match device.decision {
        Decision::Pending => Err(AuthorityError::authorization_pending()),
        Decision::Declined => {
            devices.take(device_code, now);
            Err(AuthorityError::authorization_declined())
        }
        Decision::Approved(signed_in) => {
            devices
                .take(device_code, now)
                .ok_or_else(AuthorityError::unknown_device_code)?;
            Reply::for_account(
                call,
                &Signed {
                    account: &call.account(&signed_in.account),
                    tenant: &signed_in.tenant,
                    scope: &signed_in.scope,
                    proven: &signed_in.proven,
                    for_spa: false,
                    nonce: None,
                },
            )
        }
    }
}
