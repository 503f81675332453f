//! `/config.json`: what the pages have to know of this installation. Anybody can read it, so that
//! only what every visitor's browser shows anyway is in it, named field by field.

use serde_json::{Map, Value, json};

use crate::config::{Broker, Web};

/// The document.
pub(super) fn document(web: &Web) -> Value {
    json!({
        "service": web.service,
        "broker": web.broker.as_ref().map(broker),
    })
}

fn broker(broker: &Broker) -> Value {
    let components = broker.components.iter().map(|component| {
        let registration = json!({
            "clientId": component.client_id,
            "audience": component.audience,
            "scopes": component.scopes,
        });
        (component.name.clone(), registration)
    });
    json!({
        "clientId": broker.client_id,
        "authority": broker.authority,
        "components": components.collect::<Map<_, _>>(),
    })
}
