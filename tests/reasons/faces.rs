//! Which reasons a face cannot give, and why. Every other is given over every face: whoever looks at a
//! run from outside holds it to that.

use std::collections::{BTreeMap, BTreeSet};

use auth_interceptor::TokenKind;
use selvedge::app::policies;
use selvedge::refusal::Reason::{self, *};
use selvedge::refusal::reason_name;

use super::asked::with_route;
use super::scene::{FACES, Face};
use crate::support::evidence;

/// A reason, the faces that never give it, and what each has instead.
const NEVER: &[(Reason, &[Face], &str)] = &[
    (AppRoleMissing, &[Face::Rest], NO_APPLICATION),
    (ClaimsChallengeRequired, &[Face::Rest], NO_CONTEXT),
    (DelegatedNotAllowed, &[Face::Rest], NO_APPLICATION),
    (DownstreamScopeNotAllowed, &[Face::Rest], NO_EXCHANGE),
    (ExchangeAppOnlyUnsupported, &[Face::Rest], NO_EXCHANGE),
    (
        JobFailed,
        &FACES,
        "it is said in the state of a job, which is an answer",
    ),
    (
        PayloadFrameInvalid,
        &[Face::GrpcWeb, Face::Rest],
        "a message in no frame, or in one that is never compressed",
    ),
    (StepUpRequired, &[Face::Rest], NO_CONTEXT),
    (StepUpUnsupportedByClient, &[Face::Rest], NO_CONTEXT),
];

const NO_APPLICATION: &str = "no method with a route is an application's own";
const NO_CONTEXT: &str = "no method with a route demands an authentication context";
const NO_EXCHANGE: &str = "no route hands a token out";

/// What each face gives, by the reasons' names.
fn given() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let reasons = (1..).map_while(|number| Reason::try_from(number).ok());
    let faces = |reason: Reason| {
        let never = NEVER.iter().find(|(one, ..)| *one == reason);
        let never = never.map_or(&[][..], |(_, faces, _)| *faces);
        let given = FACES.iter().filter(|face| !never.contains(face));
        given.map(|face| face.name()).collect()
    };
    reasons
        .map(|reason| (reason_name(reason), faces(reason)))
        .collect()
}

#[test]
fn what_no_route_can_be_refused_for_follows_from_the_contracts() {
    let policies = policies().unwrap();
    for method in with_route() {
        let mut policies = policies.iter();
        let policy = policies.find(|one| one.method() == method).expect(&method);
        let policy = policy.policy();
        assert!(!method.starts_with("selvedge.exchange."), "{NO_EXCHANGE}");
        let kinds = policy.token_kinds();
        assert!(
            !kinds.contains(&TokenKind::AppOnly),
            "{NO_APPLICATION}: {method}"
        );
        assert_eq!(
            policy.authentication_context(),
            None,
            "{NO_CONTEXT}: {method}"
        );
    }
}

#[test]
fn the_list_of_what_each_face_gives_is_left_with_what_was_given() {
    let given = given();
    assert_eq!(given["JOB_FAILED"].len(), 0);
    assert_eq!(given["TOKEN_EXPIRED"].len(), FACES.len());
    if let Some(folder) = evidence::folder("faces") {
        let list = serde_json::to_vec(&given).unwrap();
        std::fs::write(folder.join("given.json"), list).unwrap();
    }
}
