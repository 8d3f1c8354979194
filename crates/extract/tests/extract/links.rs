//! Links, robots rules and sitemaps as a page writes them; the measure of near-duplicates and its error.

use extract::links::read;
use model::crawl::{Change, LinkKind, MOST_LINKS, Mark, PageRead, compare};

fn html(text: &str) -> PageRead {
    read(text.as_bytes(), "http://a.localhost/", Some("text/html; charset=utf-8"), Some(200))
}

fn told(page: &PageRead) -> Vec<(LinkKind, &str)> {
    page.links.iter().map(|link| (link.kind, link.to.as_str())).collect()
}

#[test]
fn what_leads_to_another_page_is_a_link_and_nothing_else() {
    let page = html(
        "<base href=/x/><a href='/a?b&amp;c=1'>a</a><AREA HREF=b><frame src=f><iframe src=\"c\"></iframe><link rel='next' href=d>\
         <link rel=stylesheet href=style.css><link rel=canonical href=e><meta http-equiv=refresh content='3; url=g'>\
         <img src=h><script src=i>document.write('<a href=j>')</script><form action=k></form><embed src=l><object data=m></object>\
         <!-- <a href=n> --><style><a href=o></style><a href='#p'>p</a><a name=q>q</a><a href=r href=s>",
    );
    let expected = [
        (LinkKind::Anchor, "/a?b&c=1"),
        (LinkKind::Anchor, "b"),
        (LinkKind::Frame, "f"),
        (LinkKind::Frame, "c"),
        (LinkKind::Relation, "d"),
        (LinkKind::Relation, "e"),
        (LinkKind::Refresh, "g"),
        (LinkKind::Anchor, "r"),
    ];
    assert_eq!(told(&page), expected);
    assert_eq!(page.base.as_deref(), Some("/x/"));
}

#[test]
fn a_page_of_another_kind_has_no_links() {
    assert!(read(b"<a href=x>", "http://a.localhost/", Some("image/png"), Some(200)).links.is_empty());
    assert!(read(b"<a href=x>", "http://a.localhost/", Some("application/json"), Some(200)).links.is_empty());
    assert_eq!(read(b"<a href=x>", "http://a.localhost/", None, Some(200)).links.len(), 1);
}

#[test]
fn links_beyond_the_bound_are_counted() {
    let many: String = (0..MOST_LINKS + 1_000).map(|n| format!("<a href=/{n}>")).collect();
    let page = html(&many);
    assert_eq!((page.links.len(), page.beyond), (MOST_LINKS, 1_000));
    let long = format!("<a href={}>", "y".repeat(2_000)).repeat(5_000);
    let page = html(&long);
    assert!(page.links.iter().map(|link| link.to.len()).sum::<usize>() <= 1_100_000);
    assert_eq!(page.links.len() as u64 + page.beyond, 5_000);
}

#[test]
fn robots_rules_are_those_for_every_program() {
    let robots = |text: &str| read(text.as_bytes(), "http://a.localhost/robots.txt", Some("text/plain"), Some(200)).robots.unwrap();
    let read = robots("\u{feff}user-agent: other\nDisallow: /\nUser-Agent: x\nUser-agent: *\nDisallow: /a # b\nAllow: /a/c\n\nUser-agent: y\nDisallow: /d\nSitemap: /s.xml\n");
    assert_eq!(read.rules, [(false, "/a".to_string()), (true, "/a/c".to_string())]);
    assert_eq!(read.sitemaps, ["/s.xml"]);
    let many = format!("User-agent: *\n{}", "Disallow: /x\n".repeat(2_000));
    assert!(!robots(&many).allow("/y"), "a list that is too long lets nothing in");
    assert!(!robots(&format!("User-agent: *\n{}", "#".repeat(600 << 10))).allow("/y"));
}

#[test]
fn hints_stand_on_marks_that_anybody_can_look_up() {
    let marks = |text: &str, status: u16| read(text.as_bytes(), "http://a.localhost/", Some("text/html"), Some(status)).marks;
    assert_eq!(marks("<p>Enter the CAPTCHA below", 200), [Mark::Captcha]);
    assert_eq!(marks("<img src=/captcha.php>", 200), [Mark::Captcha]);
    assert_eq!(marks("<input type='password'>", 200), [Mark::LoginWall]);
    assert_eq!(marks("no", 401), [Mark::LoginWall]);
    assert_eq!(marks("a <b>proof</b>-of-work is asked", 200), [Mark::ProofOfWork]);
    assert_eq!(marks("<script>x</script>wait", 503), [Mark::ProofOfWork]);
    assert_eq!(marks("<p>an ordinary page with <a href=/login>login</a>", 200), []);
}

/// Words of a synthetic page: a fixed walk through a vocabulary of 2,000.
fn words(seed: usize, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("w{}", (seed * 7_907 + n * n * 31 + n * 1_543) % 2_000)).collect()
}

/// The error of the measure on synthetic pages, as docs/guide/crawl.md states it.
#[test]
fn the_near_measure_errs_as_seldom_as_it_says() {
    let look = |words: &[String]| html(&words.join(" "));
    let near = |one: &PageRead, other: &PageRead| compare((&one.payload, one.simhash.as_deref()), (&other.payload, other.simhash.as_deref())) == Change::Near;
    let rate = |count: usize, changed: usize| {
        let hits = (0..200).filter(|seed| {
            let before = words(*seed, count);
            let mut after = before.clone();
            (0..changed).for_each(|n| after[(seed + n * count / changed.max(1)) % count] = format!("new{n}"));
            near(&look(&before), &look(&after))
        });
        hits.count() * 100 / 200
    };
    let (one_of_300, one_of_100, tenth, half) = (rate(300, 1), rate(100, 1), rate(300, 30), rate(300, 150));
    eprintln!("called near: 1 word of 300: {one_of_300} %, 1 of 100: {one_of_100} %, 30 of 300: {tenth} %, 150 of 300: {half} %");
    assert!(one_of_300 >= 95 && one_of_100 >= 85, "{one_of_300} {one_of_100}");
    assert!(half <= 2, "{half}");
    let strangers = (0..200).filter(|seed| near(&look(&words(*seed, 300)), &look(&words(seed + 1_000, 300)))).count();
    assert!(strangers <= 1, "{strangers}");
}

#[test]
fn the_corpus_of_pages_is_replayed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/links");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        (0..=bytes.len()).for_each(|length| extract::links::fuzz_links(&bytes[..length]));
        count += 1;
    }
    assert!(count >= 8, "{count} files");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_within_the_bounds(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        extract::links::fuzz_links(&bytes);
    }

    #[test]
    fn any_markup_is_read_within_the_bounds(text in "(<a |href=|'|\"|>|/|&amp;|&#|<!--|-->|<script>|</script>|meta |http-equiv=refresh |content=|url=|x|\n){0,60}") {
        extract::links::fuzz_links(text.as_bytes());
    }
}
