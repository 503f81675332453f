//! What a job is ordered to do, read from its type and its payload.

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::downstream::{FilePath, Lakehouse};
use crate::store::JobAddress;
use crate::{guid, json};

/// The longest that a job may take from its order to its end.
pub const RUN_TIME: Duration = Duration::from_secs(24 * 60 * 60);

const MAX_PAYLOAD: usize = 64 * 1024;
const MAX_ROUNDS: u32 = 480;
const MAX_INTERVAL: u64 = 3_600;

/// An order that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// There is no such type of job.
    #[error("the job type is unknown")]
    JobType,
    /// The payload is not what the type takes.
    #[error("the payload is invalid")]
    Payload {
        /// The member, with a full stop before it; empty: the payload itself.
        member: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
}

/// What a job is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    lakehouse: Lakehouse,
    path: String,
    repetition: Option<Repetition>,
}

/// How often, and how far apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repetition {
    rounds: u32,
    interval: u64,
}

impl Order {
    /// Reads the order of the job at `address`.
    pub(super) fn read(address: &JobAddress, payload: &[u8]) -> Result<Self, OrderError> {
        let name = address
            .job_type
            .strip_prefix(&address.item.item_type)
            .and_then(|name| name.strip_prefix('.'));
        let repeats = match name {
            Some("ExportRows") => false,
            Some("ExportRowsRepeatedly") => true,
            _ => return Err(OrderError::JobType),
        };
        let payload = object(payload)?;
        let repetition = if repeats {
            Some(Repetition::read(&payload)?)
        } else {
            None
        };
        let lakehouse = Lakehouse {
            workspace_id: guid(
                payload.pointer("/lakehouse/workspaceId"),
                ".lakehouse.workspaceId",
            )?,
            item_id: guid(
                payload.pointer("/lakehouse/lakehouseId"),
                ".lakehouse.lakehouseId",
            )?,
        };
        let path = match payload.get("path") {
            None | Some(Value::Null) => format!("exports/{}.jsonl", address.job_id),
            Some(Value::String(path)) => path.clone(),
            Some(_) => String::new(),
        };
        let order = Self {
            lakehouse,
            path,
            repetition,
        };
        // The last file has the longest name.
        order.file(MAX_ROUNDS)?;
        Ok(order)
    }

    /// The lakehouse to write to.
    pub(super) fn lakehouse(&self) -> Lakehouse {
        self.lakehouse
    }

    /// The file to write in the round after `done` others.
    pub(super) fn file(&self, done: u32) -> Result<FilePath, OrderError> {
        let path = match self.repetition {
            None => FilePath::parse(&self.path),
            Some(_) => FilePath::parse(&format!("{}.{}", self.path, done.saturating_add(1))),
        };
        path.map_err(|_| OrderError::Payload {
            member: ".path",
            expected: "must be segments joined by '/', none of them empty, '.' or '..', without \
                       control characters and backslashes, at most 1,024 bytes with the round's number",
        })
    }

    /// How long to wait for the next round after `done` of them; none: there is no other.
    pub(super) fn pause(&self, done: u32) -> Option<u64> {
        let repetition = self.repetition?;
        (done < repetition.rounds).then_some(repetition.interval)
    }
}

impl Repetition {
    fn read(payload: &Value) -> Result<Self, OrderError> {
        let within = |name: &str, most: u64| {
            let number = payload.get(name).and_then(Value::as_u64);
            number.filter(|number| (1..=most).contains(number))
        };
        let rounds = within("rounds", u64::from(MAX_ROUNDS)).ok_or(OrderError::Payload {
            member: ".rounds",
            expected: "must be a whole number from 1 to 480",
        })?;
        let interval = within("intervalSeconds", MAX_INTERVAL)
            .filter(|interval| rounds.saturating_sub(1) * interval < RUN_TIME.as_secs())
            .ok_or(OrderError::Payload {
                member: ".intervalSeconds",
                expected: "must be a whole number from 1 to 3600, and all rounds within a day",
            })?;
        Ok(Self {
            rounds: u32::try_from(rounds).unwrap_or(u32::MAX),
            interval,
        })
    }
}

fn object(payload: &[u8]) -> Result<Value, OrderError> {
    let refused = |expected| OrderError::Payload {
        member: "",
        expected,
    };
    if payload.len() > MAX_PAYLOAD {
        return Err(refused("must be at most 64 KiB"));
    }
    let expected = "must be a JSON object in UTF-8, nested at most 64 deep";
    if !json::is_one_object(payload) {
        return Err(refused(expected));
    }
    serde_json::from_slice(payload).map_err(|_| refused(expected))
}

fn guid(value: Option<&Value>, member: &'static str) -> Result<Uuid, OrderError> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    guid::read(text).ok_or(OrderError::Payload {
        member,
        expected: "must be a GUID",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ItemAddress;

    const LAKEHOUSE: &str = r#""lakehouse": {"workspaceId": "0f8fad5b-d9cb-469f-a165-70867728950e", "lakehouseId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}"#;

    fn read(name: &str, more: &str) -> Result<Order, OrderError> {
        let address = JobAddress {
            item: ItemAddress {
                tenant: "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap(),
                workspace_id: Uuid::from_u128(1),
                item_type: "Org.Selvedge.Sample".to_owned(),
                item_id: Uuid::from_u128(2),
            },
            job_type: format!("Org.Selvedge.Sample{name}"),
            job_id: Uuid::from_u128(3),
        };
        Order::read(&address, format!("{{{LAKEHOUSE}{more}}}").as_bytes())
    }

    #[test]
    fn every_round_has_a_file_of_its_own_and_the_last_one_no_pause_after_it() {
        let order = read(
            ".ExportRowsRepeatedly",
            r#", "path": "a/b", "rounds": 3, "intervalSeconds": 60"#,
        )
        .unwrap();
        let files: Vec<_> = (0..3).map(|done| order.file(done).unwrap()).collect();
        let names: Vec<_> = files.iter().map(FilePath::as_str).collect();
        assert_eq!(names, ["a/b.1", "a/b.2", "a/b.3"]);
        let pauses: Vec<_> = (1..=3).map(|done| order.pause(done)).collect();
        assert_eq!(pauses, [Some(60), Some(60), None]);
    }

    #[test]
    fn one_round_writes_the_file_as_it_is_named() {
        let order = read(".ExportRows", r#", "path": "a/b""#).unwrap();
        assert_eq!(order.file(0).unwrap().as_str(), "a/b");
        assert_eq!(order.pause(1), None);
        let unnamed = read(".ExportRows", "").unwrap();
        assert_eq!(
            unnamed.file(0).unwrap().as_str(),
            "exports/00000000-0000-0000-0000-000000000003.jsonl"
        );
    }

    #[test]
    fn a_job_of_another_name_is_none() {
        for name in ["", ".", "ExportRows", ".exportrows", ".ExportRows.x"] {
            assert_eq!(read(name, ""), Err(OrderError::JobType), "{name}");
        }
    }
}
