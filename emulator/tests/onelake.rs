//! OneLake's paths: who may touch what, and what cannot be made or removed.

use emulator::{TokenRequest, seed};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::access::{for_storage, header, sent};
use crate::support::Harness;

fn at(path: &str) -> String {
    format!("/{}/{}/{path}", seed::WORKSPACE_ID, seed::LAKEHOUSE_ID)
}

/// An operation on a path of the lakehouse.
async fn ask(harness: &Harness, token: &TokenRequest, method: Method, path: &str) -> Response {
    let request = harness.onelake(method, &at(path), token, Vec::new());
    request.send().await.unwrap()
}

async fn outcome(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let code = response.headers().get("x-ms-error-code").cloned();
    let code = code.map(|code| code.to_str().unwrap().to_owned());
    let body: Value = response.json().await.unwrap_or(Value::Null);
    if let Some(code) = &code {
        assert_eq!(body["error"]["code"], *code);
        assert!(body["error"]["message"].is_string());
    }
    (status, code.unwrap_or_default())
}

#[tokio::test]
async fn a_viewer_reads_and_a_contributor_writes_and_nobody_else_does_either() {
    let harness = Harness::start().await;
    let contributor = for_storage(seed::NO_CONSENT);
    let viewer = for_storage(seed::GUEST).tenant(seed::CONTOSO_TENANT_ID);
    let member_of_nothing = for_storage(seed::BLOCKED);
    let of_another_tenant = for_storage(seed::OTHER_TENANT);
    let operations = [
        (Method::GET, "Files/readme.txt", 200),
        (Method::HEAD, "Files/readme.txt", 200),
        (Method::PUT, "Files/new.txt?resource=file", 201),
        (Method::PATCH, "Files/new.txt?action=flush&position=0", 200),
        (Method::DELETE, "Files/new.txt", 200),
    ];
    for (method, path, succeeds) in operations {
        let asked = async |token: &TokenRequest| {
            let response = ask(&harness, token, method.clone(), path).await;
            response.status().as_u16()
        };
        let reads = matches!(method, Method::GET | Method::HEAD);
        assert_eq!(
            asked(&viewer).await,
            if reads { 200 } else { 403 },
            "{method} {path}"
        );
        assert_eq!(asked(&member_of_nothing).await, 403, "{method} {path}");
        assert_eq!(asked(&of_another_tenant).await, 404, "{method} {path}");
        assert_eq!(asked(&contributor).await, succeeds, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let harness = Harness::start().await;
    let token = for_storage(seed::CONSENTED);
    let get = async |path: &str| {
        let request = harness.onelake(Method::GET, path, &token, Vec::new());
        outcome(request.send().await.unwrap()).await
    };
    let workspace = seed::WORKSPACE_ID;
    let cases = [
        (at("Files/nothing.txt"), "PathNotFound"),
        (
            format!("/{workspace}/{}/Files/a", seed::CAPACITY_ID),
            "PathNotFound",
        ),
        (
            format!("/{}/{}/Files/a", seed::CAPACITY_ID, seed::LAKEHOUSE_ID),
            "FilesystemNotFound",
        ),
        (
            format!(
                "/{}/{}/Files/readme.txt",
                seed::SHARED_WORKSPACE_ID,
                seed::LAKEHOUSE_ID
            ),
            "PathNotFound",
        ),
        (
            format!("/{workspace}/sales.Lakehouse/Files/readme.txt"),
            "PathNotFound",
        ),
    ];
    for (path, code) in cases {
        assert_eq!(get(&path).await, (404, code.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn the_items_own_folders_cannot_be_made_or_deleted() {
    let harness = Harness::start().await;
    let token = for_storage(seed::CONSENTED);
    let operations = [
        (Method::PUT, "Files?resource=directory"),
        (Method::PUT, "Logs?resource=directory"),
        (Method::PUT, "Logs/today.txt?resource=file"),
        (Method::PUT, "?resource=directory"),
        (Method::DELETE, "Files?recursive=true"),
        (Method::DELETE, "Tables?recursive=true"),
        (Method::DELETE, "?recursive=true"),
    ];
    for (method, path) in operations {
        let response = ask(&harness, &token, method.clone(), path).await;
        let refused = (403, "OperationNotAllowedOnManagedFolder".to_owned());
        assert_eq!(outcome(response).await, refused, "{method} {path}");
    }
    assert_eq!(
        ask(&harness, &token, Method::HEAD, "Files/readme.txt")
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn folders_and_files_keep_out_of_each_others_way() {
    let harness = Harness::start().await;
    let token = for_storage(seed::CONSENTED);
    let operations = [
        (Method::PUT, "Files/a/b/c.txt?resource=file", 201, ""),
        (Method::HEAD, "Files/a/b", 200, ""),
        (Method::PUT, "Files/a/b?resource=directory", 201, ""),
        (
            Method::PUT,
            "Files/a/b?resource=file",
            409,
            "ResourceTypeMismatch",
        ),
        (
            Method::PUT,
            "Files/a/b/c.txt?resource=directory",
            409,
            "PathConflict",
        ),
        (
            Method::PUT,
            "Files/a/b/c.txt/d.txt?resource=file",
            409,
            "PathConflict",
        ),
        (Method::GET, "Files/a/b", 409, "ResourceTypeMismatch"),
        (
            Method::PATCH,
            "Files/a/b?action=flush&position=0",
            409,
            "ResourceTypeMismatch",
        ),
        (Method::DELETE, "Files/a", 409, "DirectoryNotEmpty"),
        (
            Method::DELETE,
            "Files/a?recursive=false",
            409,
            "DirectoryNotEmpty",
        ),
        (Method::DELETE, "Files/a?recursive=true", 200, ""),
        (Method::GET, "Files/a/b/c.txt", 404, "PathNotFound"),
        (
            Method::DELETE,
            "Files/a?recursive=true",
            404,
            "PathNotFound",
        ),
    ];
    for (method, path, status, code) in operations {
        let response = ask(&harness, &token, method.clone(), path).await;
        assert_eq!(
            outcome(response).await,
            (status, code.to_owned()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_request_that_asks_for_something_else_is_refused() {
    let harness = Harness::start().await;
    let token = for_storage(seed::CONSENTED);
    let operations = [
        (
            Method::PUT,
            "Files/a.txt",
            400,
            "MissingRequiredQueryParameter",
        ),
        (
            Method::PUT,
            "Files/a.txt?resource=link",
            400,
            "InvalidQueryParameterValue",
        ),
        (
            Method::PATCH,
            "Files/readme.txt",
            400,
            "MissingRequiredQueryParameter",
        ),
        (
            Method::PATCH,
            "Files/readme.txt?action=flush",
            400,
            "MissingRequiredQueryParameter",
        ),
        (
            Method::PATCH,
            "Files/readme.txt?action=setAccessControl",
            400,
            "UnsupportedQueryParameter",
        ),
        (
            Method::PATCH,
            "Files/readme.txt?action=flush&position=-1",
            400,
            "InvalidQueryParameterValue",
        ),
        (
            Method::DELETE,
            "Files/readme.txt?recursive=maybe",
            400,
            "InvalidQueryParameterValue",
        ),
        (Method::POST, "Files/readme.txt", 405, "UnsupportedHttpVerb"),
        (Method::GET, "Files/a%2F..%2Freadme.txt", 400, "InvalidUri"),
        (Method::GET, "Files//readme.txt", 400, "InvalidUri"),
    ];
    for (method, path, status, code) in operations {
        let response = ask(&harness, &token, method.clone(), path).await;
        assert_eq!(
            outcome(response).await,
            (status, code.to_owned()),
            "{method} {path}"
        );
    }
    let rename = harness
        .onelake(
            Method::PUT,
            &at("Files/b.txt?resource=file"),
            &token,
            Vec::new(),
        )
        .header("x-ms-rename-source", "/elsewhere");
    let (status, body) = sent(rename).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &json!("UnsupportedHeader"))
    );
}

#[tokio::test]
async fn a_file_is_created_once_where_that_is_the_condition() {
    let harness = Harness::start().await;
    let token = for_storage(seed::CONSENTED);
    let create = || {
        let path = at("Files/once.txt?resource=file");
        let request = harness.onelake(Method::PUT, &path, &token, Vec::new());
        request.header("if-none-match", "*").send()
    };
    let first = create().await.unwrap();
    assert_eq!(first.status(), 201);
    assert!(header(&first, "etag").starts_with("\"0x"));
    assert_eq!(header(&first, "x-ms-request-id").len(), 36);
    assert_eq!(
        outcome(create().await.unwrap()).await,
        (409, "PathAlreadyExists".to_owned())
    );
}
