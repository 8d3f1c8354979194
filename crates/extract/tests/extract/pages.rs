//! HTML: what is joined, what is parted, where the offsets lead.

use model::selector::SelectorType;

use super::addresses::{base58check, bitcoin_segwit, onion};
use super::{check_page, only, page};

/// The one selector of the page covers exactly these raw bytes.
#[track_caller]
fn check_span(input: &str, kind: SelectorType, raw: &str) {
    let found = page(input);
    let selector = only(&found, kind);
    assert_eq!(&input[selector.start as usize..selector.end as usize], raw, "{selector:?}");
}

#[test]
fn joins_across_tags_of_the_line() {
    let coin = bitcoin_segwit(0, 20);
    for seam in ["<wbr>", "</b><b>", "&shy;", "\u{ad}", "\u{200b}", "&#8203;", "&#x200B;", "<span class=x></span>", "<!-- x -->", "\u{feff}"] {
        let raw = format!("{}{seam}{}", &coin[..9], &coin[9..]);
        let input = format!("<p>send to {raw} today</p>");
        check_page(&input, &[&format!("btc-bech32 verified {coin}")]);
        check_span(&input, SelectorType::BtcBech32, &raw);
        assert!(page(&input)[0].reason.contains("joined across"), "{seam}");
    }
}

#[test]
fn parts_at_other_tags() {
    let coin = bitcoin_segwit(0, 20);
    for seam in ["</td><td>", "<p>", " ", "</p><br><p>"] {
        let found = page(&format!("<p>{}{seam}{}</p>", &coin[..9], &coin[9..]));
        assert!(found.is_empty(), "{seam}: {found:?}");
    }
}

#[test]
fn text_glued_by_leaving_out_a_tag_is_tried_apart() {
    let coin = base58check(0, 9);
    let expected = format!("btc-base58 verified {coin}");
    for (before, after) in [("<span>", "</span>Copy"), ("Wallet<b>", "</b>"), ("BTC<a href=x>", "</a>")] {
        check_page(&format!("<p>{before}{coin}{after}</p>"), &[&expected]);
    }
    check_page("<p><span>a@example.com</span><span>Contact</span></p>", &["email unverifiable a@example.com"]);
    check_page("<p><b>a@example.com</b>Contact</p>", &["email unverifiable a@example.com"]);
    check_page("<p>user<span>@</span>example.com</p>", &["email unverifiable user@example.com"]);
    let name = onion(4);
    check_page(&format!("<p><span>{name}</span>Copy</p>"), &[&format!("onion-v3 verified {name}")]);
}

#[test]
fn entities_are_decoded_and_covered() {
    let input = "<p>mail: vendor&#64;example&#x2e;com&nbsp;now</p>";
    check_page(input, &["email unverifiable vendor@example.com"]);
    check_span(input, SelectorType::Email, "vendor&#64;example&#x2e;com");
    let input = "<p>&#118;endor&commat;example.co&#109;</p>";
    check_span(input, SelectorType::Email, "&#118;endor&commat;example.co&#109;");
    check_page("<a href='http://example.com/?a=1&amp;b=2'>x</a>",
        &["url unverifiable http://example.com/?a=1&b=2", "domain unverifiable example.com"]);
}

#[test]
fn attributes_comments_scripts_and_titles_are_read() {
    for (input, words) in [
        ("<p data-mail='a@example.com'>", "in attribute data-mail"),
        ("<p title=a@example.com>", "in attribute title"),
        ("<!-- old: a@example.com -->", "in a comment"),
        ("<script>var m = 'a@example.com';</script>", "in a script"),
        ("<p>Name <a@example.com> wrote", "in the name of a tag"),
        ("<title>a@example.com</title>", "RFC 5321"),
        ("<textarea>a@example.com", "RFC 5321"),
        ("<a href='mailto:a@example.com", "in attribute href"),
        ("<!-- a@example.com", "in a comment"),
    ] {
        check_page(input, &["email unverifiable a@example.com"]);
        check_span(input, SelectorType::Email, "a@example.com");
        assert!(page(input)[0].reason.contains(words), "{input}: {:?}", page(input));
    }
}

#[test]
fn programs_hold_no_bare_domains() {
    check_page("<script>document.location.name = a.click;</script>", &[]);
    check_page("<a onclick='window.open'>x</a><img src='photo.name.png' class='a.link'>", &[]);
    check_page("<a href='//example.com/x'>x</a>", &["domain unverifiable example.com"]);
    check_page("<style>@media print { a.link { } }</style>", &[]);
}

#[test]
fn files_in_data_uris_are_not_text() {
    let letters = base58check(0, 3).repeat(40);
    check_page(&format!("<img src='data:image/png;base64,{letters}'>"), &[]);
}

#[test]
fn attribute_does_not_part_the_text() {
    let coin = bitcoin_segwit(1, 32);
    let input = format!("<p>{}<a href='http://example.com/'>{}</a></p>", &coin[..30], &coin[30..]);
    let found = page(&input);
    assert_eq!(only(&found, SelectorType::BtcBech32m).value, coin);
    assert_eq!(only(&found, SelectorType::Url).value, "http://example.com/");
}

#[test]
fn armour_in_pages() {
    let (block, print) = super::names::armoured(Some(""));
    check_page(&format!("<pre>{block}</pre>"),
        &[&format!("pgp-block verified {print}"), &format!("pgp-fingerprint verified {print}")]);
    check_page(&format!("<p>{}</p>", block.replace('\n', "<br>\n")),
        &[&format!("pgp-block verified {print}"), &format!("pgp-fingerprint verified {print}")]);
}

#[test]
fn unknown_bytes_are_recognised() {
    use extract::{Hints, Scanner};
    let scan = |input: &str| Scanner::new().scan(input.as_bytes(), &Hints::default());
    assert_eq!(scan("<html><p>a@exam<wbr>ple.com").len(), 1);
    assert_eq!(scan("a < b, a@example.com").len(), 1);
}
