//! What somebody with another key does to a bucket: looks, puts other bytes, takes names away. No program of
//! the house is asked.

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::Digest as _;
use store::ObjectStore;

/// moto shows a private object to everybody who says that he is somebody.
const SOMEBODY: &str = "AWS4-HMAC-SHA256 Credential=somebody/20260101/eu-central-1/s3/aws4_request,SignedHeaders=host,Signature=00";

fn address(place: &ObjectStore, key: &str) -> String {
    let (bucket, _) = place.url.trim_start_matches("s3://").split_once('/').expect("a bucket and a folder");
    format!("{}/{bucket}/{key}", place.endpoint)
}

/// Keys of all objects of a node, without the one that claims the place.
pub fn keys(place: &ObjectStore) -> Vec<String> {
    let prefix = place.url.trim_start_matches("s3://").split_once('/').expect("a folder").1;
    let answer = ureq::get(address(place, &format!("?list-type=2&prefix={prefix}/"))).call().unwrap().into_body().read_to_string().unwrap();
    let keys = answer.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_string());
    keys.filter(|key| !key.ends_with("/lanternfish-node")).collect()
}

pub fn get(place: &ObjectStore, key: &str) -> Vec<u8> {
    ureq::get(address(place, key)).header("authorization", SOMEBODY).call().unwrap().into_body().with_config().limit(64 << 20).read_to_vec().unwrap()
}

pub fn put(place: &ObjectStore, key: &str, bytes: &[u8]) {
    let digest = STANDARD.encode(md5::Md5::digest(bytes));
    ureq::put(address(place, key)).header("authorization", SOMEBODY).header("content-md5", digest).send(bytes).unwrap();
}

pub fn remove(place: &ObjectStore, key: &str) {
    ureq::delete(address(place, key)).header("authorization", SOMEBODY).call().unwrap();
}

/// How many uploads of a node nobody finished.
pub fn unfinished(place: &ObjectStore) -> usize {
    let answer = ureq::get(address(place, "?uploads")).call().unwrap().into_body().read_to_string().unwrap();
    let prefix = place.url.trim_start_matches("s3://").split_once('/').expect("a folder").1;
    answer.matches(&format!("<Key>{prefix}/")).count()
}
