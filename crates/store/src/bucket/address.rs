//! Where a bucket is, how it is reached, and with which key; read once, when the home is opened.
//!
//! It refuses: a secret in an address, a key file that others can read, a way without TLS to another
//! machine, and names that would have to be encoded on the way.

use std::path::Path;

use zeroize::Zeroizing;

use super::sign::AccessKey;
use crate::{
    StoreError,
    home::{ObjectStore, is_this_machine, read_private},
};

/// A bucket's address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `https://HOST` or `https://HOST:PORT`; `http://` on this machine only.
    pub endpoint: String,
    /// What stands in the `Host` header.
    pub host: String,
    /// The bucket.
    pub bucket: String,
    /// The folder inside it: never empty, no slash at either end.
    pub prefix: String,
    /// The region, which is part of every signature.
    pub region: String,
}

impl Address {
    /// Takes the settings apart.
    ///
    /// # Errors
    /// [`StoreError::Input`] with what to write instead.
    pub fn of(settings: &ObjectStore) -> Result<Address, StoreError> {
        let shape = || StoreError::input("the place of the objects is written s3://BUCKET/FOLDER, with letters a-z, digits, and . - _ / in the folder");
        let rest = settings.url.strip_prefix("s3://").ok_or_else(shape)?;
        let (bucket, prefix) = rest.split_once('/').ok_or_else(shape)?;
        let prefix = prefix.trim_end_matches('/');
        let named = (3..=63).contains(&bucket.len()) && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !named || bucket == "." || bucket == ".." || prefix.len() > 256 || !prefix.split('/').all(plain) {
            return Err(shape());
        }
        let region = &settings.region;
        if region.is_empty() || !region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(StoreError::input("a region is written like eu-central-1 (--objects-region); ask who runs the object store"));
        }
        let (endpoint, host) = endpoint(&settings.endpoint)?;
        Ok(Address { endpoint, host, bucket: bucket.into(), prefix: prefix.into(), region: region.clone() })
    }

    /// The place, for people.
    pub fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// The endpoint and its `Host` header.
fn endpoint(typed: &str) -> Result<(String, String), StoreError> {
    let shape = || StoreError::input("the endpoint of an object store is written https://HOST or https://HOST:PORT, and nothing behind it (--objects-endpoint)");
    let (scheme, rest) = typed.split_once("://").ok_or_else(shape)?;
    let authority = rest.trim_end_matches('/');
    if authority.contains('@') {
        return Err(StoreError::input("no key belongs in the address of an object store: it would stand in lanternfish.json; name a file with --objects-key-file"));
    }
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    if !plain(authority) {
        return Err(shape());
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if host.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(shape());
    }
    match scheme {
        "https" => {}
        "http" if is_this_machine(host) => {}
        "http" => return Err(StoreError::input("an object store on another machine is reached by https:// only: without it, its key and your objects pass in the clear")),
        _ => return Err(shape()),
    }
    let usual = if scheme == "https" { Some("443") } else { Some("80") };
    let host = if port == usual { host } else { authority };
    Ok((format!("{scheme}://{host}"), host.to_string()))
}

/// The access key of a file: its id on the first line, its secret on the second.
///
/// # Errors
/// [`StoreError::Input`] when others can read the file or it has another form; the disk.
pub fn access_key(file: &Path) -> Result<AccessKey, StoreError> {
    let text = read_private(file, "the key file of the object store")?;
    let mut lines = text.lines().map(str::trim);
    let (id, secret) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !plain(id) || !plain(secret) || id.contains('/') {
        return Err(StoreError::input(format!("{}: the first line is the id of the access key, the second its secret", file.display())));
    }
    Ok(AccessKey { id: id.into(), secret: Zeroizing::new(secret.into()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, endpoint: &str, region: &str, expected: Option<(&str, &str)>) {
        let settings = ObjectStore { url: url.into(), endpoint: endpoint.into(), region: region.into(), key_file: "k".into(), ca_file: None };
        let made = Address::of(&settings);
        assert_eq!(made.as_ref().ok().map(|a| (a.endpoint.as_str(), a.host.as_str())), expected, "{url} {endpoint} {region}: {made:?}");
    }

    #[test]
    fn an_address_without_tls_or_with_a_secret_is_refused() {
        let aws = "https://s3.eu-central-1.amazonaws.com";
        check("s3://evidence/unit", aws, "eu-central-1", Some((aws, "s3.eu-central-1.amazonaws.com")));
        check("s3://evidence/unit/one/", "https://s3.agency.example:443/", "eu", Some(("https://s3.agency.example", "s3.agency.example")));
        check("s3://evidence/unit", "https://s3.agency.example:9000", "eu", Some(("https://s3.agency.example:9000", "s3.agency.example:9000")));
        for near in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
            check("s3://evidence/unit", near, "eu", Some((near, near.trim_start_matches("http://"))));
        }
        for far in ["http://s3.agency.example", "http://10.0.0.7:9000", "http://127.0.0.1.example:80", "ftp://127.0.0.1", "127.0.0.1:9000"] {
            check("s3://evidence/unit", far, "eu", None);
        }
        for wrong in ["https://id:secret@s3.example", "https://s3.example/path", "https://s3.example?x=1", "https://", "https://s3.example:99999"] {
            check("s3://evidence/unit", wrong, "eu", None);
        }
        for wrong in ["evidence/unit", "s3://evidence", "s3://evidence/", "s3://Evidence/unit", "s3://e/unit", "s3://evidence/a/../b", "s3://evidence/a b", "s3://evidence//a", "s3://../unit"] {
            check(wrong, aws, "eu", None);
        }
        check("s3://evidence/unit", aws, "", None);
        check("s3://evidence/unit", aws, "eu/s3", None);
    }
}
