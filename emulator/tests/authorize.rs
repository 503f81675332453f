//! Signing in by authorization code, as a browser and a client do it together.

use emulator::seed;
use reqwest::header::{CONTENT_SECURITY_POLICY, COOKIE, ORIGIN};

use crate::support::{CLI_REDIRECT, Harness, claims, cookie, location, pairs, query_of};

const SPA_REDIRECT: &str = "http://localhost:60006/close";

#[tokio::test]
async fn a_person_signs_in_and_the_client_gets_all_three_tokens() {
    let harness = Harness::start().await;
    let answer = harness
        .sign_in(
            seed::CONSENTED,
            &[
                ("state", "a state"),
                ("nonce", "a nonce"),
                ("client_info", "1"),
            ],
        )
        .await;
    assert_eq!(answer["state"], "a state");
    let (status, reply) = harness.redeem(&answer["code"], &[]).await;
    assert_eq!(status, 200, "{reply}");
    assert_eq!(reply["token_type"], "Bearer");
    assert!(reply["expires_in"].is_u64() && reply["ext_expires_in"].is_u64());
    assert_eq!(
        reply["scope"],
        format!("openid profile {}/data.read", seed::WORKLOAD_URI)
    );
    assert!(reply["refresh_token"].is_string());
    let id = claims(&reply["id_token"]);
    assert_eq!(id["nonce"], "a nonce");
    assert_eq!(id["aud"], seed::CLI_CLIENT_ID);
    assert_eq!(id["preferred_username"], seed::CONSENTED);
    let access = claims(&reply["access_token"]);
    assert_eq!(access["scp"], "data.read");
    assert_eq!(access["appid"], seed::CLI_CLIENT_ID);
    assert_eq!(access["appidacr"], "0");
    assert_eq!(access["oid"], id["oid"]);
    assert_eq!(reply["client_info"], answer["client_info"].as_str());
}

#[tokio::test]
async fn a_code_works_once() {
    let harness = Harness::start().await;
    let code = harness.sign_in(seed::CONSENTED, &[]).await["code"].clone();
    assert_eq!(harness.redeem(&code, &[]).await.0, 200);
    let (status, error) = harness.redeem(&code, &[]).await;
    assert_eq!(status, 400);
    assert_eq!(error["error"], "invalid_grant");
    assert_eq!(error["error_codes"][0], 54005);
}

#[tokio::test]
async fn a_code_expires() {
    let harness = Harness::start().await;
    let code = harness.sign_in(seed::CONSENTED, &[]).await["code"].clone();
    harness.emulator.advance_clock(600);
    let (_, error) = harness.redeem(&code, &[]).await;
    assert_eq!(error["error_codes"][0], 70008);
}

#[tokio::test]
async fn a_code_is_worth_nothing_with_another_verifier_client_or_redirect() {
    let harness = Harness::start().await;
    let cases: [(&str, &str, i64); 4] = [
        (
            "code_verifier",
            "another-verifier-of-forty-three-characters",
            501481,
        ),
        ("code_verifier", "", 501481),
        ("redirect_uri", "http://localhost:49153", 50011),
        ("client_id", seed::PORTAL_CLIENT_ID, 70000),
    ];
    for (name, value, expected) in cases {
        let code = harness.sign_in(seed::CONSENTED, &[]).await["code"].clone();
        let (_, error) = harness.redeem(&code, &[(name, value)]).await;
        assert_eq!(error["error_codes"][0], expected, "{name}={value}");
        let (_, error) = harness.redeem(&code, &[]).await;
        assert_eq!(error["error_codes"][0], 54005, "the attempt spent the code");
    }
}

#[tokio::test]
async fn state_comes_back_byte_for_byte_in_query_and_fragment() {
    let harness = Harness::start().await;
    let state = "eyJpZCI6IjEifQ==|a b+c&d=é%\u{1}";
    for mode in ["query", "fragment"] {
        let page = harness
            .authorize(&[("state", state), ("response_mode", mode)])
            .await;
        let answer = harness.choose(page, seed::CONSENTED, "sign-in").await;
        let location = location(&answer);
        let separator = if mode == "query" { '?' } else { '#' };
        let (uri, parameters) = location.split_once(separator).unwrap();
        assert_eq!(uri, CLI_REDIRECT);
        assert_eq!(pairs(parameters)["state"], state);
        assert_eq!(
            parameters.matches("state=").count(),
            1 + 1,
            "and session_state"
        );
    }
}

#[tokio::test]
async fn form_post_answers_with_a_form_that_posts_itself() {
    let harness = Harness::start().await;
    let page = harness
        .authorize(&[("state", "a\"b<c"), ("response_mode", "form_post")])
        .await;
    let answer = harness.choose(page, seed::CONSENTED, "sign-in").await;
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(!policy.contains("form-action"), "{policy}");
    let html = answer.text().await.unwrap();
    assert!(html.contains(&format!("action=\"{CLI_REDIRECT}\"")));
    assert!(html.contains("name=\"state\" value=\"a&quot;b&lt;c\""));
    assert!(html.contains("name=\"code\""));
    assert!(html.contains("document.forms[0].submit()"));
}

#[tokio::test]
async fn a_silent_request_never_meets_a_page() {
    let harness = Harness::start().await;
    let refused = harness
        .authorize(&[("prompt", "none"), ("state", "s")])
        .await;
    let answer = query_of(&refused);
    assert_eq!(answer["error"], "login_required");
    assert_eq!(answer["state"], "s");
    assert!(answer["error_uri"].ends_with("code=50058"));

    let page = harness.authorize(&[]).await;
    let signed_in = harness.choose(page, seed::CONSENTED, "sign-in").await;
    let ask_again = async |parameters: &str| {
        harness
            .http
            .get(harness.url(&format!(
                "/{}/oauth2/v2.0/authorize?client_id={}&redirect_uri={CLI_REDIRECT}\
                 &response_type=code&scope=openid&{parameters}",
                seed::CONTOSO_DOMAIN,
                seed::CLI_CLIENT_ID,
            )))
            .header(COOKIE, cookie(&signed_in))
            .send()
            .await
            .unwrap()
    };
    for silent in [
        "prompt=none",
        "",
        "prompt=none&login_hint=consented@contoso.test",
    ] {
        let answer = query_of(&ask_again(silent).await);
        assert!(answer.contains_key("code"), "{silent}");
    }
    let other = query_of(&ask_again("prompt=none&login_hint=mfa@contoso.test").await);
    assert_eq!(other["error"], "login_required");
    for asking in [
        "prompt=login",
        "prompt=select_account",
        "login_hint=mfa@contoso.test",
    ] {
        assert_eq!(ask_again(asking).await.status(), 200, "{asking}");
    }
}

#[tokio::test]
async fn the_session_cookie_reaches_hidden_frames_and_no_script() {
    let harness = Harness::start().await;
    let page = harness.authorize(&[]).await;
    let signed_in = harness.choose(page, seed::CONSENTED, "sign-in").await;
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    for attribute in ["Secure", "HttpOnly", "SameSite=None"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

#[tokio::test]
async fn cancelling_is_an_answer() {
    let harness = Harness::start().await;
    let page = harness.authorize(&[("state", "s")]).await;
    let answer = query_of(&harness.choose(page, "", "cancel").await);
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(answer["state"], "s");
}

#[tokio::test]
async fn only_accounts_of_the_tenant_may_sign_in_there() {
    let harness = Harness::start().await;
    let page = harness.authorize(&[]).await;
    let html = page.text().await.unwrap();
    assert!(html.contains("guest@contoso.test"));
    assert!(!html.contains(seed::OTHER_TENANT));

    let page = harness.authorize(&[("state", "s")]).await;
    let answer = query_of(&harness.choose(page, seed::OTHER_TENANT, "sign-in").await);
    assert_eq!(answer["error"], "interaction_required");
    assert_eq!(answer["state"], "s");
}

#[tokio::test]
async fn a_client_that_cannot_be_trusted_is_not_answered() {
    let harness = Harness::start().await;
    let cases = [
        ("redirect_uri", "https://elsewhere.test/"),
        ("redirect_uri", "http://localhost.elsewhere.test/"),
        ("redirect_uri", ""),
        ("client_id", "00000000-0000-0000-0000-000000000000"),
    ];
    for (name, value) in cases {
        let response = harness.authorize(&[(name, value)]).await;
        assert_eq!(response.status(), 400, "{name}={value}");
        assert!(response.text().await.unwrap().contains("AADSTS"));
    }
}

#[tokio::test]
async fn a_repeated_state_is_refused() {
    let harness = Harness::start().await;
    let answer = query_of(&harness.authorize(&[("state", "a"), ("state", "b")]).await);
    assert_eq!(answer["error"], "invalid_request");
}

#[tokio::test]
async fn a_page_needs_a_proof_key_and_a_cross_origin_redemption() {
    let harness = Harness::start().await;
    let spa = [
        ("client_id", seed::PORTAL_CLIENT_ID),
        ("redirect_uri", SPA_REDIRECT),
    ];
    let without = [&spa[..], &[("code_challenge", "")]].concat();
    let answer = query_of(&harness.authorize(&without).await);
    assert!(answer["error_uri"].ends_with("code=9002325"));

    let code = harness.sign_in(seed::CONSENTED, &spa).await["code"].clone();
    let (_, error) = harness.redeem(&code, &spa).await;
    assert_eq!(error["error_codes"][0], 9002327);

    let code = harness.sign_in(seed::CONSENTED, &spa).await["code"].clone();
    let path = format!("/{}/oauth2/v2.0/token", seed::CONTOSO_DOMAIN);
    let response = harness
        .http
        .post(harness.url(&path))
        .header(ORIGIN, "http://localhost:60006")
        .form(&[
            ("grant_type", "authorization_code"),
            ("client_id", seed::PORTAL_CLIENT_ID),
            ("redirect_uri", SPA_REDIRECT),
            ("code_verifier", crate::support::VERIFIER),
            ("code", &code),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert_eq!(response.status(), 200);
    let reply: serde_json::Value = response.json().await.unwrap();
    assert_eq!(reply["refresh_token_expires_in"], 86400);
}

#[tokio::test]
async fn no_other_site_can_get_tokens_behind_its_visitors_back() {
    let harness = Harness::start().await;
    let path = format!("/{}/oauth2/v2.0/token", seed::CONTOSO_DOMAIN);
    let scope = format!("{}/data.read", seed::WORKLOAD_URI);
    let response = harness
        .http
        .post(harness.url(&path))
        .header(ORIGIN, "https://elsewhere.test")
        .form(&[
            ("grant_type", "password"),
            ("client_id", seed::CLI_CLIENT_ID),
            ("username", seed::CONSENTED),
            ("password", seed::PASSWORD),
            ("scope", &scope),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let error: serde_json::Value = response.json().await.unwrap();
    assert_eq!(error["error_codes"][0], 9002326);

    let login = harness
        .http
        .post(harness.url("/contoso.test/login"))
        .header(ORIGIN, "https://elsewhere.test")
        .form(&[("ctx", "x")])
        .send()
        .await
        .unwrap();
    assert_eq!(login.status(), 400);
}

#[tokio::test]
async fn a_request_may_come_by_post() {
    let harness = Harness::start().await;
    let scope = format!("{}/.default", seed::WORKLOAD_URI);
    let path = "/common/oauth2/v2.0/authorize?client-request-id=1";
    let challenge = crate::support::challenge();
    let page = harness
        .post(
            path,
            &[
                ("client_id", seed::CLI_CLIENT_ID),
                ("redirect_uri", CLI_REDIRECT),
                ("response_type", "code"),
                ("scope", &scope),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ],
        )
        .await;
    let answer = query_of(&harness.choose(page, seed::OTHER_TENANT, "sign-in").await);
    let response = harness
        .post(
            "/common/oauth2/v2.0/token",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", seed::CLI_CLIENT_ID),
                ("redirect_uri", CLI_REDIRECT),
                ("code_verifier", crate::support::VERIFIER),
                ("code", &answer["code"]),
            ],
        )
        .await;
    let reply: serde_json::Value = response.json().await.unwrap();
    let access = claims(&reply["access_token"]);
    assert_eq!(access["tid"], seed::FABRIKAM_TENANT_ID, "the home tenant");
    assert_eq!(reply["scope"], scope, "in the spelling asked");
    assert!(access["scp"].as_str().unwrap().contains("lakehouse.write"));
}

#[tokio::test]
async fn signing_out_returns_the_state_to_a_registered_page_only() {
    let harness = Harness::start().await;
    let path = "/common/oauth2/v2.0/logout?state=a%20b&post_logout_redirect_uri=";
    let home = harness.get(&format!("{path}{SPA_REDIRECT}")).await;
    assert_eq!(location(&home), format!("{SPA_REDIRECT}?state=a+b"));
    let elsewhere = harness.get(&format!("{path}https://elsewhere.test/")).await;
    assert_eq!(elsewhere.status(), 200);
}
