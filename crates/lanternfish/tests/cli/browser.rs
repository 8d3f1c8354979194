//! Pages in a browser, from the order to the exhibit: only where the authority names it, and, through Tor, with nobody
//! reached but the onion service.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{
    office::{NOY, Office, skipped, string},
    onion::{Network, missing},
    revocation::Server,
};

const PAGE: &str = "<title>SYNTHETIC</title><h1>as it was sent</h1><img src=http://192.0.2.1/pixel.png><iframe src=http://tracker.test/></iframe>\
    <script>document.querySelector('h1').textContent = 'made by ' + 'a script: seller@' + 'example.org'</script>";

/// Why there can be no browser here.
pub fn no_browser() -> Option<&'static str> {
    if !collect::browser::is_installed() {
        return Some("Debian's chromium is not installed");
    }
    let can = Command::new("unshare").args(["-Urnmpf", "--mount-proc", "true"]).stderr(Stdio::null()).status();
    (!can.is_ok_and(|status| status.success())).then_some("this machine allows no user namespaces with processes of their own")
}

fn browsers_part(view: &Value, scripts: bool) -> &Value {
    let did = &view["record"]["browser"];
    assert_eq!(did["scripts"], scripts, "{view}");
    assert_eq!(did["pages"][0]["ended"], "shown", "{did}");
    assert!(did["pages"][0]["screenshot"].is_null(), "no picture under an order for text: {did}");
    for part in ["document", "archive"] {
        assert!(did["pages"][0][part]["bytes"].as_u64().unwrap() > 100, "{did}");
    }
    did
}

#[test]
fn law_01_no_browser_is_opened_without_the_action_for_it() {
    let drill = "law_01_no_browser_is_opened_without_the_action_for_it";
    let (office, server) = (Office::working(), Server::page(PAGE));
    office.in_case(NOY, "capture", &["--browser", &server.url]).by_law(1).tells("collect-rendered");
    assert_eq!(office.exhibits().len(), 0);
    office.unit_authority(&["collect-rendered"]);
    if let Some(what) = no_browser() {
        return skipped(drill, what);
    }
    let view = office.does(NOY, "capture", &["--browser", &server.url]);
    let did = browsers_part(&view, false);
    let refused = did["refused"].to_string();
    assert!(refused.contains("192.0.2.1/pixel.png") && refused.contains("tracker.test"), "{did}");
    let proof = view["record"]["proof"].as_array().unwrap();
    assert!(proof.len() > 30 && proof.iter().all(|probe| probe["held"] == true), "{proof:?}");
    assert!(view["exhibit"]["findings"].to_string().contains("BROWSER: the pages were also opened in Chrome/"), "{view}");
    // What a script made of the page is found where scripts ran, and nowhere else.
    let found = |exhibit: &Value| office.does(NOY, "examine", &[&string(&exhibit["exhibit"]["exhibit"])])["selectors"].as_u64().unwrap();
    let without = found(&view);
    let view = office.does(NOY, "capture", &["--browser", "--scripts", &server.url]);
    browsers_part(&view, true);
    assert!(found(&view) > without, "{view}");
}

#[test]
#[ignore = "takes two minutes: a private Tor network and a browser"]
fn law_01_a_browser_through_tor_reaches_the_onion_service_and_nobody_else() {
    let drill = "law_01_a_browser_through_tor_reaches_the_onion_service_and_nobody_else";
    if let Some(what) = missing().or_else(no_browser) {
        return skipped(drill, what);
    }
    let (office, server) = (Office::working(), Server::page(PAGE));
    office.unit_authority(&["collect-rendered"]);
    let port = server.url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let network = Network::in_folder("tor-network-browser", port);
    let (url, client) = (format!("http://{}/", network.onion), network.client());
    let words = ["--through", "tor", "--tor-network", &client, "--browser", "--scripts", &url];
    let view = (0..12).find_map(|_| {
        let said = office.in_case(NOY, "capture", &words);
        std::thread::sleep(std::time::Duration::from_secs(if said.code == 0 { 0 } else { 3 }));
        (said.code == 0).then(|| said.lines()[0].clone())
    });
    let view = view.expect("the onion service was never reached");
    let did = browsers_part(&view, true);
    assert!(did["fetched"].as_array().unwrap().iter().all(|fetch| fetch["url"].as_str().unwrap().starts_with(&url)), "{did}");
    assert!(did["refused"].to_string().contains("not an onion address"), "{did}");
    let proof = view["record"]["proof"].as_array().unwrap();
    assert!(proof.len() > 80 && proof.iter().all(|probe| probe["held"] == true), "{proof:?}");
    assert!(view["record"]["cage"].as_str().unwrap().starts_with("namespaces+"));
}
