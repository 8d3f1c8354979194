//! Signs requests to an object store: AWS Signature Version 4, in the `Authorization` header.
//!
//! Pure: time, key and request arrive as arguments. Every header that is sent here is signed, and the
//! digest of the body too, so that nothing on the way can turn a create-only put into another one.
//! It refuses nothing and sends nothing. Follows "Authenticating Requests (AWS Signature Version 4)" of
//! the Amazon S3 API reference; its published examples are the test vectors.

use hmac::{Hmac, KeyInit, Mac};
use model::Sha256Digest;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The digest of no bytes.
pub const NO_BODY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// An access key. It has no `Debug`: the secret half is printed nowhere.
pub struct AccessKey {
    /// The half that everybody may see.
    pub id: String,
    /// The half that signs.
    pub secret: Zeroizing<String>,
}

/// What of a request is signed.
pub struct Signable<'a> {
    /// `GET`, `PUT` …
    pub method: &'a str,
    /// The path, as text that is not yet encoded.
    pub path: &'a str,
    /// The query, not yet encoded; in any order.
    pub query: &'a [(&'a str, String)],
    /// Every header, names in small letters; in any order.
    pub headers: &'a [(&'static str, String)],
    /// SHA-256 of the body, in hexadecimal digits.
    pub body_sha256: &'a str,
}

/// The value of the `Authorization` header. `time` is written `20130524T000000Z`.
pub fn authorization(request: &Signable<'_>, key: &AccessKey, region: &str, time: &str) -> String {
    let mut headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (*name, value.trim())).collect();
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical =
        format!("{}\n{}\n{}\n{lines}\n{names}\n{}", request.method, encoded(request.path, true), query(request.query), request.body_sha256);
    let day = time.get(..8).unwrap_or(time);
    let reach = format!("{day}/{region}/s3/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{reach}\n{}", Sha256Digest::of(canonical.as_bytes()).hex());
    let first = Zeroizing::new(format!("AWS4{}", key.secret.as_str()));
    let signing = mac(&mac(&mac(&mac(first.as_bytes(), day.as_bytes()), region.as_bytes()), b"s3"), b"aws4_request");
    let signature = hex::encode(mac(&signing, text.as_bytes()));
    format!("AWS4-HMAC-SHA256 Credential={}/{reach},SignedHeaders={names},Signature={signature}", key.id)
}

/// The query as it is signed and sent: encoded, sorted.
pub fn query(pairs: &[(&str, String)]) -> String {
    let mut pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name, false), encoded(value, false))).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// Percent-encoding as the signature wants it: letters, digits and `-._~` stay, everything else is `%XX`.
pub fn encoded(text: &str, keep_slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let stays = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slashes && byte == b'/');
        if stays { out.push(char::from(byte)) } else { out.push_str(&format!("%{byte:02X}")) }
    }
    out
}

fn mac(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is accepted");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "20130524T000000Z";

    /// The published examples: one bucket, one key, one moment.
    fn check(method: &str, path: &str, query: &[(&str, String)], more: &[(&'static str, &str)], body: &[u8], signature: &str) {
        let key = AccessKey { id: "AKIAIOSFODNN7EXAMPLE".into(), secret: Zeroizing::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into()) };
        let digest = Sha256Digest::of(body).hex();
        let mut headers = vec![
            ("host", "examplebucket.s3.amazonaws.com".to_string()),
            ("x-amz-content-sha256", digest.clone()),
            ("x-amz-date", TIME.to_string()),
        ];
        headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_string())));
        let request = Signable { method, path, query, headers: &headers, body_sha256: &digest };
        let made = authorization(&request, &key, "us-east-1", TIME);
        assert!(made.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"), "{made}");
        assert!(made.ends_with(&format!("Signature={signature}")), "{made}");
    }

    #[test]
    fn the_published_examples_are_signed_as_published() {
        assert_eq!(Sha256Digest::of(b"").hex(), NO_BODY);
        let range = [("range", "bytes=0-9")];
        check("GET", "/test.txt", &[], &range, b"", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        let put = [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
        let body = b"Welcome to Amazon S3.";
        check("PUT", "/test$file.text", &[], &put, body, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
        let lifecycle = [("lifecycle", String::new())];
        check("GET", "/", &lifecycle, &[], b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        let list = [("prefix", "J".to_string()), ("max-keys", "2".to_string())];
        check("GET", "/", &list, &[], b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    #[test]
    fn what_is_not_plain_is_encoded() {
        assert_eq!(encoded("a b/c+d=é~", true), "a%20b/c%2Bd%3D%C3%A9~");
        assert_eq!(query(&[("uploadId", "x/y+z=".into()), ("partNumber", "2".into())]), "partNumber=2&uploadId=x%2Fy%2Bz%3D");
    }
}
