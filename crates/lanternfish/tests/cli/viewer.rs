//! The viewer: an opened item as text, as numbers and as a page that does nothing, with what was found in it marked.

use super::*;

/// The private key 1, in the form that wallets import.
const KEY: &str = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";

fn hostile(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../extract/fuzz/corpus/pages").join(name)).unwrap()
}

/// An archive of two answers, the second in the charset of Russian Windows.
pub(super) fn archive() -> Vec<u8> {
    let mut bytes = Vec::new();
    let pages: [(&str, &[u8]); 2] = [("text/html", b"<title>one</title><p>SYNTHETIC, write to seller@example.com<script>top.pwned=1</script></p>"), ("text/html; charset=windows-1251", b"<p>SYNTHETIC \xcf\xf0\xe8\xe2\xe5\xf2 buyer@example.org</p>")];
    for (n, (media, page)) in pages.iter().enumerate() {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n", page.len());
        let block = [head.as_bytes(), page].concat();
        let record = format!(
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{n:012}>\r\nWARC-Date: 2026-11-22T08:00:00Z\r\n\
             WARC-Target-URI: http://market.example/{n}\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n",
            block.len()
        );
        bytes.extend([record.as_bytes(), &block, b"\r\n\r\n"].concat());
    }
    bytes
}

impl Open {
    /// Opens an item from its form; gives where its answer stands.
    fn viewed(&self, office: &Office, who: &str, n: u32, more: &[(&str, &str)]) -> String {
        let number = number(n);
        let fields = [&[("_number", &*number), ("case", &*office.case), ("purpose", "to look at it")], more].concat();
        let asked = self.form(office.token(who), "/step/exhibit/view", &fields);
        let place = asked.header("location").unwrap_or_else(|| panic!("{}", asked.text()));
        self.answer(office.token(who), &asked).is(200);
        place
    }
}

#[test]
fn law_14_a_strangers_page_stands_in_a_frame_without_rights_and_holds_nothing_that_runs() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    for (n, name) in (1..).zip(["script-tags.html", "mutation.html", "styles.html", "frames.html", "leads.html", "nested.html"]) {
        office.admit(name, hostile(name));
        let exhibit = format!("E-{n:04}");
        let place = open.viewed(&office, NOY, n, &[("exhibit", &exhibit)]);
        let around = open.page(noy, &format!("{place}?as=page")).is(200);
        let policy = around.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-src 'self'") && !policy.contains("script") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let html = around.text();
        assert!(html.contains(&format!("<iframe class=\"page\" sandbox=\"\" referrerpolicy=\"no-referrer\" src=\"{place}/page\"")), "{html}");
        assert!(!html.contains("=\"http://hostile.invalid") && !html.contains("top.pwned"), "nothing of the page stands around it: {html}");
        let page = open.page(noy, &format!("{place}/page")).is(200);
        assert_eq!(page.header("content-security-policy").unwrap(), format!("default-src 'none'; style-src {}; sandbox; form-action 'none'; frame-ancestors 'self'; base-uri 'none'", extract::page::looks_source()));
        assert_eq!((page.header("x-frame-options").unwrap(), page.header("cache-control").unwrap(), page.header("referrer-policy").unwrap()), ("SAMEORIGIN".into(), "no-store".into(), "no-referrer".into()));
        extract::page::check(&page.text()).unwrap();
        assert!(page.text().contains("night-heron@moon-bazaar.example"), "{name}: {}", page.text());
        // The other two ways stay, each under the strict policy.
        for way in ["text", "raw"] {
            let shown = open.page(noy, &format!("{place}?as={way}")).is(200);
            assert!(!shown.header("content-security-policy").unwrap().contains("frame-src"), "{way}");
            assert!(!shown.text().contains("<script") && !shown.text().contains("<iframe"), "{way}");
        }
    }
    office.admit("plain.txt", "SYNTHETIC words, no page");
    let place = open.viewed(&office, NOY, 90, &[("exhibit", "E-0007")]);
    open.page(noy, &format!("{place}?as=page")).is(200).says("it is no HTML page");
    open.page(noy, &format!("{place}/page")).is(404);
    // From a page of marks what is left is short; one that is too long is not read at all.
    let marks = format!("<title>t</title><p>a{}", "\u{0301}".repeat(2_500_000));
    office.admit("marks.html", marks.as_bytes());
    let place = open.viewed(&office, NOY, 91, &[("exhibit", "E-0008")]);
    open.page(noy, &format!("{place}?as=page")).is(200).says("Not all of it is shown");
    assert!(open.page(noy, &format!("{place}/page")).is(200).body.len() < 2_000);
    office.admit("long.html", format!("<p>{}", "heron ".repeat(6_000_000)));
    let place = open.viewed(&office, NOY, 92, &[("exhibit", "E-0009")]);
    open.page(noy, &format!("{place}?as=page")).is(200).says("only pages of up to");
    office.sound_log();
}

#[test]
fn what_was_found_is_marked_where_it_stands_and_a_covered_value_stays_covered() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    let text = format!("{} ຂາຍ write to night-heron@example.org, key {KEY} end", "heron ".repeat(20_000));
    office.admit("letter.txt", &text);
    office.does(NOY, "examine", &["E-0001"]);
    let at = text.find("night-heron").unwrap();
    let secret = text.find(KEY).unwrap();
    // From the answer to a question a row leads to the place.
    let asked = open.form(noy, "/step/selectors", &[("_number", &number(1)), ("case", &office.case), ("purpose", "where?")]);
    let answered = open.answer(noy, &asked).is(200).text();
    let way = format!("/step/exhibit/view?case={}&amp;exhibit=E-0001&amp;_at={at}", office.case);
    assert!(answered.contains(&way) && !answered.contains(KEY), "{answered}");
    let form = open.page(noy, &way.replace("&amp;", "&")).is(200).text();
    assert!(form.contains(&format!("<input type=\"hidden\" name=\"_at\" value=\"{at}\">")), "{form}");
    let place = open.viewed(&office, NOY, 2, &[("exhibit", "E-0001"), ("_at", &at.to_string())]);
    assert!(place.ends_with(&format!("#at-{at}")) && place.contains("?from="), "{place}");
    let before = office.sound_log();
    let shown = open.page(noy, place.split('#').next().unwrap()).is(200).text();
    assert!(shown.contains(&format!("id=\"at-{at}\" title=\"email, unverifiable\"")) || shown.contains(&format!("id=\"at-{at}\" title=\"email, verified\"")), "{shown}");
    let (bytes, list) = shown.split_once("<aside").unwrap();
    assert!(bytes.contains(&format!("id=\"at-{secret}\"")) && list.contains(&format!("href=\"#at-{secret}\"")), "{shown}");
    // The bytes were opened for a purpose; the list of what stands in them covers what opens a wallet.
    assert!(bytes.contains(KEY) && list.contains("(masked, ") && !list.contains(KEY), "{list}");
    let raw = open.page(noy, &format!("{}&as=raw", place.split('#').next().unwrap())).is(200).text();
    assert!(raw.contains(&format!("id=\"at-{at}\"")) && raw.contains(&format!("href=\"#at-{secret}\"")), "{raw}");
    // From a part without it the list leads to the other part.
    open.page(noy, &place[..place.find('?').unwrap()]).is(200).says(&format!("#at-{at}\""));
    // Looking again and again asks for the item, and not for the selectors.
    assert_eq!(office.sound_log(), before + 4, "three looks, and the log");
    // An end of the marks: the events say what was asked.
    let told = office.done(NOY, &["log", "verify"]);
    assert!(told.is_object(), "{told}");
}

#[test]
fn law_01_a_part_of_an_archive_is_opened_under_its_own_exhibit_with_its_own_places_and_charset() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    office.admit("site.warc", archive());
    office.admit("other.txt", "SYNTHETIC");
    office.does(NOY, "examine", &["E-0001"]);
    office.does(NOY, "examine", &["E-0002"]);
    let pages = office.in_case(NOY, "exhibit parts", &["E-0001", "--pages"]).ended(0).lines();
    assert_eq!(pages.iter().map(|page| string(&page["place"])).collect::<Vec<_>>(), ["http://market.example/0", "http://market.example/1"]);
    let list = open.page(noy, &format!("/case/{}/exhibits/E-0001/parts?pages=yes", office.case)).is(200).text();
    let second = string(&pages[1]["part"]);
    assert!(list.contains("http://market.example/1") && list.contains(&format!("exhibit=E-0001&amp;part={second}")), "{list}");
    let place = open.viewed(&office, NOY, 1, &[("exhibit", "E-0001"), ("part", &second)]);
    let shown = open.page(noy, &place).is(200).text();
    let at = "<p>SYNTHETIC ".len() + 7;
    assert!(shown.contains(&format!("id=\"at-{at}\"")) && shown.contains("1 more stand in other bytes"), "{shown}");
    open.page(noy, &format!("{place}?as=page")).is(200).says("decoded from windows-1251 (as the sender declares)");
    let page = open.page(noy, &format!("{place}/page")).is(200).text();
    assert!(page.contains("Привет buyer@example.org"), "{page}");
    // Its digest is that of the bytes which were opened, and the exhibit's is there too.
    let out = office.place("part").to_string_lossy().into_owned();
    let opened = office.does(NOY, "exhibit view", &["E-0001", "--part", &string(&pages[0]["part"]), "--purpose", "to look at it", "--out", &out]);
    let told = &opened["opened_part"];
    assert_eq!(told["sha256"], serde_json::json!(model::Sha256Digest::of(&std::fs::read(&out).unwrap())));
    assert_eq!((&told["part"], &told["sha256"]), (&pages[0]["part"], &pages[0]["sha256"]));
    assert_ne!(told["sha256"], opened["sha256"]);
    // The archive itself: what stands in its parts is counted there and marked in them.
    let place = open.viewed(&office, NOY, 2, &[("exhibit", "E-0001")]);
    let shown = open.page(noy, &place).is(200).text();
    assert!(!shown.contains("<mark") && shown.contains("2 more stand in other bytes") && shown.contains("/exhibits/E-0001/parts"), "{shown}");
    // A part belongs to its own exhibit.
    for verb in ["exhibit view", "exhibit page"] {
        let out = office.place("out").to_string_lossy().into_owned();
        office.in_case(NOY, verb, &["E-0002", "--part", &second, "--purpose", "p", "--out", &out]).ended(2).tells("has no part");
        office.in_case(NOY, verb, &["E-0001", "--part", "blob-../../x", "--purpose", "p", "--out", &out]).ended(2);
    }
    let page = office.place("page.html").to_string_lossy().into_owned();
    office.does(NOY, "exhibit page", &["E-0001", "--part", &string(&pages[0]["part"]), "--purpose", "to look at it", "--out", &page]);
    let html = std::fs::read_to_string(&page).unwrap();
    extract::page::check(&html).unwrap();
    assert!(html.contains("seller@example.com") && !html.contains("pwned"), "{html}");
    office.sound_log();
}

#[test]
fn law_07_a_page_and_a_part_of_what_became_restricted_are_shown_to_nobody() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    office.admit("site.warc", archive());
    office.admit("page.html", "<title>t</title><p>KINGFISHER-BYTES");
    office.does(NOY, "examine", &["E-0001"]);
    let part = string(&office.in_case(NOY, "exhibit parts", &["E-0001", "--pages"]).ended(0).lines()[0]["part"]);
    let places = [open.viewed(&office, NOY, 1, &[("exhibit", "E-0001"), ("part", &part)]), open.viewed(&office, NOY, 2, &[("exhibit", "E-0002")])];
    for place in &places {
        let seen = open.page(noy, &format!("{place}/page")).is(200).text();
        assert!(seen.contains("seller@example.com") || seen.contains("KINGFISHER-BYTES"), "{seen}");
    }
    for exhibit in ["E-0001", "E-0002"] {
        office.does(NOY, "exhibit reclassify", &[exhibit, "--class", "privileged", "--reason", "a letter to a lawyer"]);
    }
    for place in &places {
        for way in ["", "/page", "/file", "?as=page", "?as=raw"] {
            let page = open.page(noy, &format!("{place}{way}"));
            assert!(page.status >= 400 && !page.text().contains("KINGFISHER") && !page.text().contains("seller@"), "{way}: {}", page.text());
        }
    }
    office.in_case(NOY, "exhibit parts", &["E-0001"]).by_law(7);
    open.page(noy, &format!("/case/{}/exhibits/E-0001/parts", office.case)).is(403);
    let out = office.place("out").to_string_lossy().into_owned();
    office.in_case(NOY, "exhibit page", &["E-0002", "--purpose", "p", "--out", &out]).by_law(7);
    office.in_case(NOY, "exhibit view", &["E-0001", "--part", &part, "--purpose", "p", "--out", &out]).by_law(7);
    assert!(!Path::new(&out).exists());
    office.sound_log();
}

#[test]
fn law_07_a_personal_sensitive_page_is_shown_whole_for_a_reason_only_and_its_minimised_view_bears_no_mark() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    let page = "<title>t</title><p>SYNTHETIC diary of night-heron@example.org";
    office.admit("diary.html", page);
    office.does(NOY, "examine", &["E-0001"]);
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "personal-sensitive", "--reason", "a diary"]);
    let place = open.viewed(&office, NOY, 1, &[("exhibit", "E-0001")]);
    let shown = open.page(noy, &place).is(200).text();
    assert!(shown.contains("the minimised view") && shown.contains("[email]") && !shown.contains("night-heron") && !shown.contains("<mark"), "{shown}");
    let refused = open.page(noy, &format!("{place}?as=page")).text();
    assert!(refused.contains("personal and sensitive") && !refused.contains("night-heron"), "{refused}");
    let framed = open.page(noy, &format!("{place}/page"));
    assert!(framed.status == 403 && !framed.text().contains("night-heron"), "{}", framed.text());
    let place = open.viewed(&office, NOY, 2, &[("exhibit", "E-0001"), ("full", "yes"), ("reason", "the whole is disputed")]);
    open.page(noy, &format!("{place}?as=page")).is(200);
    open.page(noy, &format!("{place}/page")).is(200).says("night-heron@example.org");
    // A list of its selectors hides values and places: a mark would tell them again, and is not made.
    let shown = open.page(noy, &place).is(200).text();
    assert!(!shown.contains("<mark") && shown.contains("night-heron"), "{shown}");
    office.sound_log();
}

#[test]
fn law_13_a_page_in_its_frame_is_for_its_own_session_only() {
    let office = Office::working();
    let open = Open::of(&office);
    office.admit("page.html", "<title>t</title><p>KINGFISHER-BYTES");
    let place = open.viewed(&office, NOY, 1, &[("exhibit", "E-0001")]);
    open.page(office.token(NOY), &format!("{place}/page")).is(200).says("KINGFISHER-BYTES");
    for (token, status) in [(office.token(KHAM), 410), (office.token(AUDITOR), 410), ("lfs-wrong", 401), ("", 401)] {
        let page = open.page(token, &format!("{place}/page")).is(status);
        assert!(!page.text().contains("KINGFISHER"), "{}", page.text());
        assert!(page.header("content-security-policy").unwrap().contains("sandbox"));
    }
    // Who left the case sees it no more.
    let kham = open.viewed(&office, KHAM, 2, &[("exhibit", "E-0001")]);
    open.page(office.token(KHAM), &format!("{kham}/page")).is(200).says("KINGFISHER-BYTES");
    office.in_case(NOY, "case member remove", &[KHAM]).ended(0);
    for way in ["", "/page", "?as=page"] {
        let page = open.page(office.token(KHAM), &format!("{kham}{way}"));
        assert!(page.status >= 400 && !page.text().contains("KINGFISHER"), "{way}: {}", page.text());
    }
    for path in ["exhibits/E-0001/parts", "exhibits/E-0001"] {
        let (here, nowhere) = (open.page(office.token(KHAM), &format!("/case/{}/{path}", office.case)), open.page(office.token(KHAM), &format!("/case/2026-9999/{path}")));
        assert_eq!((here.status, here.text().replace(&office.case, "CASE")), (nowhere.status, nowhere.text().replace("2026-9999", "CASE")), "{path}");
    }
    office.sound_log();
}
