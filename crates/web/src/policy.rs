//! What an answer forbids the browser. A handler says which of the few policies holds for its answer; the door writes it
//! beside it, and for an answer of which nothing is said the strictest page holds.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The policy of a stranger's page: our looks, which stand in it, and nothing else; it is of no origin.
static FRAMED: LazyLock<String> = LazyLock::new(|| {
    let looks = STANDARD.encode(Sha256::digest(include_bytes!("../../extract/src/page/looks.css")));
    format!("default-src 'none'; style-src 'sha256-{looks}'; sandbox; form-action 'none'; frame-ancestors 'self'; base-uri 'none'")
});

/// How an answer may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// A page of the house: no script, no frame, nothing of elsewhere.
    #[default]
    Page,
    /// The same, in which one of our own addresses stands as a frame.
    WithFrame,
    /// A page of the house with a script of its own: it shows nothing of a stranger's.
    WithScript,
    /// The same, whose script also asks for the data that it draws.
    Drawing,
    /// A stranger's page in that frame: it asks for nothing, and is of no origin.
    Framed,
}

impl Policy {
    fn content(self) -> &'static str {
        match self {
            Policy::Page => "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            Policy::WithScript => "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            Policy::Drawing => "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            Policy::WithFrame => "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            Policy::Framed => &FRAMED,
        }
    }

    /// Writes it beside an answer.
    pub fn write(self, headers: &mut HeaderMap) {
        let framed = self == Policy::Framed;
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, self.content()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // Not "no-referrer" on our own pages: browsers then call the origin of our own forms "null".
            (header::REFERRER_POLICY, if framed { "no-referrer" } else { "same-origin" }),
            (header::X_FRAME_OPTIONS, if framed { "SAMEORIGIN" } else { "DENY" }),
            (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (header::HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_policy_lets_a_strangers_script_run_or_a_page_of_elsewhere_in() {
        for policy in [Policy::Page, Policy::WithScript, Policy::Drawing, Policy::WithFrame, Policy::Framed] {
            let mut headers = HeaderMap::new();
            policy.write(&mut headers);
            let said = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(said.starts_with("default-src 'none';") && said.contains("script-src 'self';") == matches!(policy, Policy::WithScript | Policy::Drawing) && !said.contains("unsafe") && !said.contains("http") && !said.contains("eval"), "{said}");
            assert_eq!(said.contains("; sandbox;"), policy == Policy::Framed, "{said}");
            assert_eq!(headers[header::X_FRAME_OPTIONS] == "DENY", policy != Policy::Framed);
        }
    }
}
