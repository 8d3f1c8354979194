//! What a page wanted without asking for it: the browser asks nobody here, or not the collector, so it stands in no
//! request. Sockets, workers, windows, peers, names to be looked up, files of the machine. Nothing of it can reach
//! anybody: this only tells what was tried. Pure; the browser's words are a stranger's.

use serde_json::Value;

const SOCKETS: &str = "a browser has no sockets here";
const WORKERS: &str = "no workers and no windows beside the page";
const AHEAD: &str = "nothing is looked up or fetched ahead";
const FILES: &str = "only http:// and https:// are spoken here";

/// One thing that an event tells: the address, and why it was not given. None: the event tells of nothing wanted.
pub(super) fn told(event: &str, about: &Value) -> Option<(String, &'static str)> {
    let text = |value: &Value| value.as_str().map(str::to_string);
    match event {
        "Network.webSocketCreated" | "Network.webTransportCreated" => Some((text(&about["url"])?, SOCKETS)),
        "Target.attachedToTarget" | "Target.targetCreated" => {
            let target = &about["targetInfo"];
            let ours = ["page", "tab", "browser", "iframe"].iter().any(|kind| target["type"] == *kind);
            (!ours).then(|| text(&target["url"]))?.filter(|url| !url.starts_with("chrome")).map(|url| (url, WORKERS))
        }
        "Page.windowOpen" => Some((text(&about["url"])?, WORKERS)),
        // Others are paused as requests, and judged there.
        "Page.frameRequestedNavigation" => text(&about["url"]).filter(|url| !is_asked_for(url)).map(|url| (url, FILES)),
        "Log.entryAdded" => local_file(about["entry"]["text"].as_str()?).map(|url| (url, FILES)),
        "Preload.prefetchStatusUpdated" | "Preload.prerenderStatusUpdated" => Some((text(&about["key"]["url"])?, AHEAD)),
        _ => None,
    }
}

/// Whether such an address comes as a request too, or leads to nobody.
pub(super) fn is_asked_for(url: &str) -> bool {
    ["http:", "https:", "about:", "data:", "blob:", "javascript:"].iter().any(|scheme| url.starts_with(scheme))
}

/// The browser's own words when a page names a file.
fn local_file(words: &str) -> Option<String> {
    let (_, url) = words.split_once("Not allowed to load local resource: ")?;
    Some(url.split_whitespace().next()?.to_string())
}

/// Links of a document that ask for a look-up or a connection and for nothing else, or for a manifest, which the browser
/// asks for in no page of ours. For `DOM.querySelectorAll`.
pub(super) const HINTS: &str = "link[rel~='dns-prefetch' i], link[rel~='preconnect' i], link[rel~='manifest' i]";
/// Most of them that are read.
pub(super) const MOST_HINTS: usize = 50;

/// The address of such a link, from its attributes: name, value, name, value.
pub(super) fn hint(attributes: &Value) -> Option<(String, &'static str)> {
    let pairs: Vec<&str> = attributes.as_array()?.iter().filter_map(Value::as_str).collect();
    pairs.chunks_exact(2).find(|pair| pair[0].eq_ignore_ascii_case("href")).map(|pair| (pair[1].to_string(), AHEAD))
}

/// The same in a field of a response (RFC 8288).
pub(super) fn hints_of_field(name: &str, value: &str) -> Vec<(String, &'static str)> {
    if !name.eq_ignore_ascii_case("link") {
        return vec![];
    }
    let asks = |link: &&str| ["dns-prefetch", "preconnect"].iter().any(|rel| link.to_ascii_lowercase().contains(rel));
    let address = |link: &str| Some(link.split_once('<')?.1.split_once('>')?.0.to_string());
    value.split(',').filter(asks).filter_map(address).map(|url| (url, AHEAD)).collect()
}

/// How many peers (WebRTC) a page had made, from `Performance.getMetrics`. Whom they called is not told.
pub(super) fn peers(metrics: &Value) -> Option<(String, &'static str)> {
    let count = metrics["metrics"].as_array()?.iter().find(|metric| metric["name"] == "RTCPeerConnections")?["value"].as_f64()?;
    (count >= 1.0).then(|| (format!("{count} WebRTC"), "a browser has no network to call a peer by"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wanted_is_told_and_what_is_paused_anyway_is_not_told_twice() {
        let url = |event: &str, about: Value| told(event, &about).map(|(url, _)| url);
        assert_eq!(url("Network.webTransportCreated", json!({"url": "https://a.example/"})).as_deref(), Some("https://a.example/"));
        assert_eq!(url("Target.targetCreated", json!({"targetInfo": {"type": "shared_worker", "url": "http://a.example/s.js"}})).as_deref(), Some("http://a.example/s.js"));
        assert_eq!(url("Target.targetCreated", json!({"targetInfo": {"type": "page", "url": "about:blank"}})), None);
        assert_eq!(url("Target.targetCreated", json!({"targetInfo": {"type": "webui", "url": "chrome://omnibox/"}})), None);
        assert_eq!(url("Page.frameRequestedNavigation", json!({"url": "file:///etc/passwd"})).as_deref(), Some("file:///etc/passwd"));
        assert_eq!(url("Page.frameRequestedNavigation", json!({"url": "http://a.example/"})), None);
        assert_eq!(url("Log.entryAdded", json!({"entry": {"text": "Not allowed to load local resource: file:///etc/passwd"}})).as_deref(), Some("file:///etc/passwd"));
        assert_eq!(url("Log.entryAdded", json!({"entry": {"text": "anything else"}})), None);
        assert_eq!(url("Page.loadEventFired", json!({})), None);
    }

    #[test]
    fn hints_are_read_from_links_fields_and_counts() {
        assert_eq!(hint(&json!(["rel", "preconnect", "HREF", "//a.example"])).unwrap().0, "//a.example");
        assert_eq!(hint(&json!(["rel", "preconnect"])), None);
        assert_eq!(hint(&json!("nothing")), None);
        let of = |value: &str| hints_of_field("Link", value).into_iter().map(|(url, _)| url).collect::<Vec<_>>();
        assert_eq!(of("<https://a.example>; rel=preconnect, </b>; rel=preload, <//c.example>; rel=\"DNS-Prefetch\""), ["https://a.example", "//c.example"]);
        assert!(of("preconnect").is_empty() && hints_of_field("Location", "<x>; rel=preconnect").is_empty());
        assert_eq!(peers(&json!({"metrics": [{"name": "RTCPeerConnections", "value": 2}]})).unwrap().0, "2 WebRTC");
        assert_eq!(peers(&json!({"metrics": [{"name": "RTCPeerConnections", "value": 0}]})), None);
    }
}
