//! Strangers' bytes: the readers of responses, of URLs and of a proxy's answers take anything and never fall (law 14).

use std::path::PathBuf;

use collect::destination::fuzz_destination;
use collect::response::{Ending, ResponseReader, fuzz_response};
use collect::socks::fuzz_socks;
use proptest::prelude::*;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(files.len() > 5, "the corpus of {target} is there");
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn law_14_the_corpus_is_read_without_a_fall() {
    corpus("response").iter().for_each(|(_, bytes)| fuzz_response(bytes));
    corpus("destination").iter().for_each(|(_, bytes)| fuzz_destination(bytes));
    corpus("socks").iter().for_each(|(_, bytes)| fuzz_socks(bytes));
    corpus("answer").iter().for_each(|(_, bytes)| collect::browser::fuzz_answer(bytes));
    corpus("archive").iter().for_each(|(_, bytes)| collect::browser::fuzz_archive(bytes));
    let browsers = [("answer", collect::browser::fuzz_answer as fn(&[u8])), ("archive", collect::browser::fuzz_archive)];
    for (read, path, bytes) in browsers.into_iter().flat_map(|(target, read)| corpus(target).into_iter().map(move |(path, bytes)| (read, path, bytes))) {
        for cut in 0..bytes.len() {
            read(&bytes[..cut]);
            let mut flipped = bytes.clone();
            flipped[cut] ^= 0x20;
            read(&flipped);
        }
        assert!(!bytes.is_empty(), "{}", path.display());
    }
}

fn check(bytes: &[u8], expected: Ending, status: Option<u16>) {
    let mut reader = ResponseReader::default();
    reader.push(bytes);
    assert_eq!((reader.ending(), reader.status()), (expected, status), "for {:?}", String::from_utf8_lossy(bytes));
}

#[test]
fn the_end_of_a_response_is_found_by_its_own_framing() {
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", Ending::Open, Some(200));
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", Ending::Whole, Some(200));
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nabc", Ending::Whole, Some(200));
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nabc", Ending::Malformed, Some(200));
    check(b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nabc", Ending::Malformed, Some(200));
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", Ending::Malformed, Some(200));
    check(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx", Ending::WholeAtClose, Some(200));
    check(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", Ending::Whole, Some(200));
    check(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", Ending::Malformed, Some(200));
    check(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", Ending::Malformed, Some(200));
    check(b"HTTP/1.1 100 Continue\r\n\r\n", Ending::Open, None);
    check(b"\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n", Ending::Whole, Some(304));
    check(b"SSH-2.0-x\r\n\r\n", Ending::Malformed, None);
    check(&[b'a'; 300 << 10], Ending::Malformed, None);
    let long_line = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), &[b'0'; 20 << 10]].concat();
    check(&long_line, Ending::Malformed, Some(200));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn law_14_any_bytes_are_a_response_or_a_finding(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz_response(&bytes);
        fuzz_destination(&bytes);
        fuzz_socks(&bytes);
    }

    #[test]
    fn law_14_mutated_answers_of_a_proxy_take_no_byte_of_the_host(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), new in any::<u8>()) {
        let corpus = corpus("socks");
        let mut bytes = corpus[which.index(corpus.len())].1.clone();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = new;
        }
        fuzz_socks(&bytes);
    }

    #[test]
    fn law_14_mutated_responses_read_the_same_however_they_are_cut(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), new in any::<u8>(), drop in 0usize..4,
    ) {
        let corpus = corpus("response");
        let mut bytes = corpus[which.index(corpus.len())].1.clone();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = new;
            bytes.drain(at..(at + drop).min(bytes.len()));
        }
        fuzz_response(&bytes);
    }

    #[test]
    fn law_14_mutated_urls_never_leave_loopback(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), new in prop::char::range('!', '~'),
    ) {
        let corpus = corpus("destination");
        let mut bytes = corpus[which.index(corpus.len())].1.clone();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = new as u8;
        }
        fuzz_destination(&bytes);
    }
}
