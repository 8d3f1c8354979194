//! Hostile pages as they are shown: what comes out holds the known elements and escaped letters, whatever goes in.

use extract::page::{self, Element, MOST_ELEMENTS, MOST_TEXT, Page, Piece, Thing, Writer};
use proptest::prelude::*;

fn written(page: &Page) -> String {
    let mut writer = Writer::new();
    page.pieces.iter().for_each(|piece| writer.put(piece));
    let (html, _) = writer.finish(page.about.title.as_deref().unwrap_or_default());
    page::check(&html).unwrap();
    html
}

fn shown(bytes: &[u8], media: Option<&str>) -> (Page, String) {
    let page = page::read(bytes, media);
    let html = written(&page);
    (page, html)
}

/// What stands on the page, between the head and the foot.
fn body(text: &str) -> String {
    let (_, html) = shown(text.as_bytes(), Some("text/html"));
    html.split_once("<body>\n").unwrap().1.split_once("\n</body>").unwrap().0.to_string()
}

/// The inside of every tag, in small letters.
fn tags(html: &str) -> Vec<String> {
    html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default().to_ascii_lowercase()).collect()
}

#[test]
fn law_14_of_the_hostile_pages_nothing_is_left_that_runs_or_leads_anywhere() {
    const NEVER: [&str; 34] = [
        "script", "iframe", "frame", "object", "embed", "applet", "svg", "math", "form", "input", "button", "select", "textarea", "img", "image", "video", "audio", "source", "base", "a", "area", "template",
        "style", "noscript", "portal", "canvas", "xmp", "plaintext", "listing", "details", "dialog", "slot", "map", "marquee",
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/pages");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let (page, html) = shown(&bytes, None);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".txt") {
            assert!(!page.about.is_page && page.pieces.is_empty(), "{name}");
            continue;
        }
        assert!(page.about.is_page && html.contains("night-heron@moon-bazaar.example"), "{name}: {html}");
        // The head is ours; of its elements none may come again.
        let (head, rest) = html.split_once("<body>").unwrap();
        assert_eq!(head.matches("<meta").count(), 4, "{name}");
        assert_eq!((head.matches("<style>").count(), head.matches("<link").count(), rest.matches("<link").count(), rest.matches("<meta").count()), (1, 0, 0, 0), "{name}");
        for tag in tags(rest) {
            let element = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
            assert!(!NEVER.contains(&element), "{name}: <{tag}>");
            for attribute in [" on", "href", "src", "style", "srcdoc", "action", "id=", "name=", "javascript", "data:", "url("] {
                assert!(!tag.contains(attribute), "{name}: <{tag}>");
            }
        }
        // The same in the letter case and the charset that a sender may declare beside it.
        for media in ["text/html; charset=utf-7", "text/html; charset=utf-16le", "TEXT/HTML; charset=iso-2022-jp", "application/xhtml+xml", "image/svg+xml"] {
            shown(&bytes, Some(media));
        }
        shown(&bytes.to_ascii_uppercase(), Some("text/html"));
        page::fuzz_page(&bytes);
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn law_14_whatever_the_child_says_only_known_elements_are_written() {
    let lie = r#"[{"o":"script"}]"#;
    assert!(serde_json::from_str::<Vec<Piece>>(lie).is_err(), "there is no such element");
    let lies = r#"[{"o":"div"},{"o":{"td":[255,0]}},{"o":{"h":200}},{"t":"<script>top.pwned=1</script>\u202e"},{"b":["picture","\"><img src=x onerror=1>"]},{"a":"'><script>"},"c","c","c","c","n","r",{"o":"link"}]"#;
    let pieces: Vec<Piece> = serde_json::from_str(lies).unwrap();
    let html = written(&Page { pieces, ..Page::default() });
    assert!(html.contains("&lt;script&gt;top.pwned=1&lt;/script&gt;[U+202E]") && html.contains("[picture: &quot;&gt;&lt;img src=x onerror=1&gt;]"), "{html}");
    let deep = Page { pieces: vec![Piece::Open(Element::Div); 100_000], ..Page::default() };
    assert!(written(&deep).len() < 10_000);
    let many = Page { pieces: vec![Piece::Box(Thing::Picture, "x".repeat(2_000)); 200_000], ..Page::default() };
    assert!(written(&many).len() < MOST_ELEMENTS * 400);
}

#[test]
fn law_14_a_page_beyond_every_bound_is_cut_and_says_so() {
    let marks = format!("<p>a{}b", "\u{0301}".repeat(2_500_000));
    let (page, html) = shown(marks.as_bytes(), None);
    assert!(page.about.cut.is_some() && html.chars().count() < 3_000, "{}", html.len());
    let nested = format!("{}heron{}", "<div>".repeat(40_000), "</div>".repeat(40_000));
    let html = shown(nested.as_bytes(), None).1;
    assert!(html.contains("heron") && html.matches("<div>").count() == page::DEEPEST);
    let unclosed = "<b><table><tr><td><a href=x><li><dl><p>".repeat(60_000);
    let (page, html) = shown(unclosed.as_bytes(), None);
    assert!(page.pieces.len() < 4 * MOST_ELEMENTS && html.len() < 20 << 20, "{} {}", page.pieces.len(), html.len());
    let words = format!("<p>{}", "heron in the reeds ".repeat(900_000));
    let (page, html) = shown(words.as_bytes(), None);
    assert!(page.about.cut.unwrap().contains(&MOST_TEXT.to_string()) && html.len() < MOST_TEXT + 4_000);
    for (piece, megabytes) in [("<a href=a>", 16), ("<noscript>", 2), ("<template>", 2), ("<select><option>", 2), ("<svg><style>", 2), ("</p>", 2), ("<!--", 2), ("<p a=b c=d ", 2), ("&amp", 2), ("<title>", 2), ("<textarea>", 2)] {
        shown(piece.repeat((megabytes << 20) / piece.len()).as_bytes(), Some("text/html"));
    }
}

#[test]
fn a_page_is_shown_with_its_words_and_its_shape() {
    for (page, shown) in [
        ("<h1>One</h1><p>two <b>three</b><p>four<br>five<hr>", "<h1>One</h1><p>two <b>three</b></p><p>four<br>five</p><hr>"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("<table><tr><td>1<th colspan=2>2<tr><td>3</table>", "<table><tr><td>1</td><th colspan=\"2\">2</th></tr><tr><td>3</td></tr></table>"),
        ("<a href='https://heron.example/x?a=1&amp;b=2'>see</a>.", "<span class=\"link\">see</span><span class=\"to\" lang=\"en\">[leads to: https://heron.example/x?a=1&amp;b=2]</span>."),
        ("<img src=x.png alt='a heron'>", "<span class=\"box\" lang=\"en\">[picture: a heron, x.png]</span>"),
        ("<script>x</script><style>y</style><template>z</template>w", "w"),
        ("<noscript><p>without scripts</p></noscript>", "<p>without scripts</p>"),
        ("<form action=/pay><input name=pin><button>Pay</button></form>", "<div><span class=\"box\" lang=\"en\">[form, sent to: /pay]</span><span class=\"box\" lang=\"en\">[field: pin]</span><span class=\"field\">Pay</span></div>"),
        ("<pre>a\n  b</pre>c   d", "<pre>a\n  b</pre>c d"),
        ("<td>alone</td>", "<div>alone</div>"),
    ] {
        assert_eq!(body(page), shown, "{page}");
    }
    let page = page::read("<title>Цапля</title><base href=http://heron.example/><script></script><p onclick=x style=y>Привет".as_bytes(), None);
    assert_eq!((page.about.title.as_deref(), page.about.base.as_deref(), page.about.scripts, page.about.styles), (Some("Цапля"), Some("http://heron.example/"), 2, 1));
}

#[test]
fn the_charset_is_chosen_as_for_selectors_and_told() {
    let bytes = b"<p>\xcf\xf0\xe8\xe2\xe5\xf2, \xf6\xe0\xef\xeb\xff</p>";
    let (page, html) = shown(bytes, Some("text/html; charset=windows-1251"));
    assert!(html.contains("Привет, цапля"), "{html}");
    assert_eq!(page.about.decoded.as_deref(), Some("decoded from windows-1251 (as the sender declares)"));
    assert_eq!(shown("<p>ສະບາຍດີ".as_bytes(), Some("text/html; charset=koi8-r")).0.about.decoded, None, "it is UTF-8");
}

proptest! {
    #[test]
    fn law_14_any_bytes_give_a_page_of_known_elements(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        shown(&bytes, Some("text/html"));
    }

    #[test]
    fn law_14_any_tags_in_any_order_give_a_page_of_known_elements(parts in proptest::collection::vec(prop_oneof![
        Just("<table>"), Just("</table>"), Just("<tr>"), Just("<td>"), Just("</td>"), Just("<p>"), Just("</p>"), Just("<a href=x>"), Just("</a>"), Just("<li>"), Just("<ul>"), Just("</ul>"), Just("<b>"), Just("</b>"),
        Just("<script>"), Just("</script>"), Just("<svg>"), Just("</svg>"), Just("<style>"), Just("</style>"), Just("<noscript>"), Just("</noscript>"), Just("<title>"), Just("</title>"), Just("<template>"), Just("</template>"),
        Just("<img src=x onerror=y>"), Just("<!--"), Just("-->"), Just("<select>"), Just("<option>"), Just("<plaintext>"), Just("<h1>"), Just("</h2>"), Just("<dl>"), Just("<dt>"), Just("<pre>"), Just("heron"), Just("<form>"), Just("</form>"), Just("\0"), Just("\u{202e}"),
    ], 0..200)) {
        shown(parts.concat().as_bytes(), Some("text/html"));
    }
}
