//! Logging in with a browser, and out.

use std::time::Duration;

use serde_json::json;
use ws_gateway::Config;

use crate::rig::{Client, People, Reply, Site, config, password, post, upgrade};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_person_logs_in_looks_around_and_logs_out() {
    let (people, site) = site(config()).await;
    let reply = log_in(&site, "anna", "open sesame").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["user"], "anna");
    assert_eq!(reply.json()["can_log_out"], true);
    assert_eq!(reply.json()["may"]["command"], "all");
    let set = reply.header("set-cookie").unwrap().to_owned();
    assert!(set.starts_with("manless="), "{set}");
    for words in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=604800"] {
        assert!(set.contains(words), "{set}");
    }
    assert!(!set.contains("Secure") && !set.contains("Domain"), "{set}");

    let cookie = cookie(&reply);
    assert_eq!(session(&site, &cookie).await.json()["user"], "anna");
    let mut client = Client::connect_with(site.gateway, "/ws/admin", &[("Cookie", &cookie)]).await;
    assert!(client.greeting().await[0].contains(r#""role":"admin""#));

    let out = post(site.gateway, "/logout", &[JSON, ("Cookie", &cookie)], "").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().starts_with("manless=; Path=/; Max-Age=0"));
    assert_eq!(client.close_code().await, Some(4401));
    // Whoever has kept the cookie has nothing.
    let replayed = session(&site, &cookie).await;
    assert_eq!(replayed.status, 401);
    assert!(replayed.header("set-cookie").unwrap().starts_with("manless=; "));
    let mut client = Client::connect_with(site.gateway, "/ws/admin", &[("Cookie", &cookie)]).await;
    assert_eq!(client.close_code().await, Some(4401));
    drop(people);
}

#[tokio::test]
async fn a_form_will_do_and_leads_back_to_the_page() {
    let (_people, site) = site(config()).await;
    let from_our_page = [FORM, ("Origin", "http://localhost")];

    let reply =
        post(site.gateway, "/login", &from_our_page, "username=anna&password=open+sesame").await;

    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    assert_eq!(session(&site, &cookie(&reply)).await.status, 200);
}

#[tokio::test]
async fn what_a_browser_held_before_is_not_taken_over() {
    let (_people, site) = site(config()).await;
    let chosen = format!("manless={}", "0".repeat(64));
    let first = log_in_with(&site, &[("Cookie", &chosen)]).await;
    assert_ne!(cookie(&first), chosen);
    assert_eq!(session(&site, &chosen).await.status, 401);

    let before = cookie(&first);
    let second = log_in_with(&site, &[("Cookie", &before)]).await;
    assert_ne!(cookie(&second), before);
    assert_eq!(session(&site, &before).await.status, 401);
    assert_eq!(session(&site, &cookie(&second)).await.status, 200);
}

#[tokio::test]
async fn another_password_ends_the_logins_of_the_one_before() {
    let (people, site) = site(config()).await;
    let reply = log_in(&site, "anna", "open sesame").await;
    let cookie = cookie(&reply);
    let mut client =
        Client::connect_with(site.gateway, "/ws/gate_in", &[("Cookie", &cookie)]).await;
    client.greeting().await;

    people.set_password("anna", "another password");

    assert_eq!(client.close_code().await, Some(4401));
    assert_eq!(session(&site, &cookie).await.status, 401);
    assert_eq!(log_in(&site, "anna", "open sesame").await.status, 401);
    assert_eq!(log_in(&site, "anna", "another password").await.status, 200);
}

#[tokio::test]
async fn no_login_outlives_its_lifetime() {
    let mut config = config();
    config.logins.lifetime = Duration::from_secs(2);
    let (_people, site) = site(config).await;
    let cookie = cookie(&log_in(&site, "anna", "open sesame").await);
    let mut client =
        Client::connect_with(site.gateway, "/ws/gate_in", &[("Cookie", &cookie)]).await;
    client.greeting().await;

    assert_eq!(client.close_code().await, Some(4401));
    assert_eq!(session(&site, &cookie).await.status, 401);
}

#[tokio::test]
async fn who_guesses_has_to_wait_whatever_he_says_of_where_he_is() {
    let (_people, site) = site(config()).await;
    let guess = |headers: Vec<(&'static str, String)>| {
        let site = &site;
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &value[..])).collect();
            let headers = [&[JSON], &headers[..]].concat();
            post(site.gateway, "/login", &headers, &password("anna", "guess")).await
        }
    };

    for n in 0..3 {
        let reply = guess(vec![("X-Forwarded-For", format!("192.0.2.{n}"))]).await;
        assert_eq!((reply.status, &reply.json()["error"]), (401, &json!("bad_login")));
        assert!(reply.header("set-cookie").is_none());
    }
    let reply = guess(vec![("X-Forwarded-For", "192.0.2.9".to_owned())]).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
    // By a header as well, and to a WebSocket; a token is not guessed.
    let basic = ("Authorization", "Basic YW5uYTpndWVzcyBhZ2Fpbg==");
    assert_eq!(site.get_with("/status", &[("Host", "localhost"), basic]).await.status, 429);
    let mut client = Client::connect_with(site.gateway, "/ws/gate_in", &[basic]).await;
    assert_eq!(client.close_code().await, Some(4401));
    assert_eq!(site.status().await["broker"]["connected"], true);
}

#[tokio::test]
async fn behind_a_proxy_that_is_trusted_each_client_has_an_address_of_its_own() {
    let config = Config { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..config() };
    let (_people, site) = site(config).await;
    let log_in = |from: &'static str, word: &'static str| {
        let site = &site;
        async move {
            let headers = [JSON, ("X-Forwarded-For", from), ("X-Forwarded-Proto", "https")];
            post(site.gateway, "/login", &headers, &password("anna", word)).await
        }
    };

    for _ in 0..3 {
        assert_eq!(log_in("1.1.1.1, 192.0.2.1", "guess").await.status, 401);
    }
    assert_eq!(log_in("2.2.2.2, 192.0.2.1", "open sesame").await.status, 429);
    let reply = log_in("192.0.2.1, 192.0.2.2", "open sesame").await;
    assert_eq!(reply.status, 200);

    // The client speaks TLS with the proxy.
    let set = reply.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-manless=") && set.contains("; Secure"), "{set}");
    assert_eq!(reply.header("strict-transport-security"), Some("max-age=31536000"));
    let cookie = cookie(&reply);
    let by_tls = [("Host", "localhost"), ("Cookie", &cookie[..]), ("X-Forwarded-Proto", "https")];
    assert_eq!(site.get_with("/session", &by_tls).await.json()["user"], "anna");
    assert_eq!(session(&site, &cookie).await.status, 401);
}

#[tokio::test]
async fn a_page_of_another_host_neither_posts_nor_connects() {
    let (_people, site) = site(config()).await;
    let cookie = cookie(&log_in(&site, "anna", "open sesame").await);
    let cookie = ("Cookie", &cookie[..]);
    let body = password("anna", "open sesame");

    for (headers, expected) in [
        (vec![JSON, ("Origin", "http://evil.example")], 403),
        (vec![JSON, ("Origin", "null")], 403),
        (vec![JSON, ("Sec-Fetch-Site", "cross-site")], 403),
        (vec![("Content-Type", "text/plain"), ("Sec-Fetch-Site", "same-site")], 403),
        (vec![FORM], 403),
        (vec![("Content-Type", "text/plain")], 403),
        (vec![("Content-Type", "text/plain"), ("Origin", "http://localhost")], 415),
        (vec![JSON, ("Origin", "http://localhost")], 200),
    ] {
        let reply = post(site.gateway, "/login", &headers, &body).await;
        assert_eq!(reply.status, expected, "{headers:?}");
    }
    for headers in [
        vec![cookie, ("Origin", "http://evil.example"), JSON],
        vec![cookie, ("Sec-Fetch-Site", "cross-site"), JSON],
        vec![cookie],
    ] {
        assert_eq!(post(site.gateway, "/logout", &headers, "").await.status, 403, "{headers:?}");
    }
    let foreign = [cookie, ("Origin", "http://evil.example")];
    assert_eq!(upgrade(site.gateway, "/ws/gate_in", &foreign).await, 403);
    assert_eq!(session(&site, cookie.1).await.status, 200);
}

#[tokio::test]
async fn what_is_no_login_is_told_what_one_is() {
    let (_people, site) = site(config()).await;

    for (body, expected, error) in [
        ("", 400, "invalid"),
        ("{}", 400, "invalid"),
        (r#"{"username":"anna","password":7}"#, 400, "invalid"),
        (&"x".repeat(5_000), 413, "too_large"),
    ] {
        let reply = post(site.gateway, "/login", &[JSON], body).await;
        assert_eq!((reply.status, &reply.json()["error"]), (expected, &json!(error)));
    }
    let asked = site.get("/logout").await;
    assert_eq!((asked.status, asked.header("allow")), (405, Some("POST")));
    let open = Site::start().await;
    let reply = post(open.gateway, "/login", &[JSON], &password("anna", "open sesame")).await;
    assert_eq!((reply.status, &reply.json()["error"]), (409, &json!("no_logins")));
}

#[tokio::test]
async fn a_controller_that_knows_nothing_else_sends_name_and_password() {
    let (_people, site) = site(config()).await;
    let basic = ("Authorization", "Basic Z2F0ZV9pbjpvcGVuIHNlc2FtZQ==");

    let _controller = Client::connect_with(site.gateway, "/ws/controller/gate_in", &[basic]).await;

    site.until_gate_is("gate_in", "online").await;
}

/// A site with Anna, who is an admin and has a password.
async fn site(config: Config) -> (People, Site) {
    let people = People::new();
    people.add("anna", "admin", &[]);
    people.set_password("anna", "open sesame");
    people.set_password("gate_in", "open sesame");
    let site = Site::start_with_logins(config, &people).await;

    (people, site)
}

async fn log_in(site: &Site, name: &str, word: &str) -> Reply {
    post(site.gateway, "/login", &[JSON], &password(name, word)).await
}

async fn log_in_with(site: &Site, headers: &[(&str, &str)]) -> Reply {
    let headers = [&[JSON], headers].concat();

    post(site.gateway, "/login", &headers, &password("anna", "open sesame")).await
}

async fn session(site: &Site, cookie: &str) -> Reply {
    site.get_with("/session", &[("Host", "localhost"), ("Cookie", cookie)]).await
}

/// What a browser sends back.
fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie").expect("a cookie is set");

    set.split(';').next().unwrap().to_owned()
}
