//! The workspace for the hand that uses it: what a form offers, what waits on the home page, an ended session.

use sha2::Digest as _;

use super::*;

/// The page's form alone: what stands in fields and lists.
fn form_of(page: &Page) -> String {
    let html = page.text();
    html.split("<form class=\"step\"").nth(1).and_then(|rest| rest.split("</form>").next()).unwrap_or_default().to_string()
}

#[test]
fn a_form_offers_what_its_reader_may_see() {
    let office = Office::working();
    office.admit("letter.txt", "SYNTHETIC a letter");
    office.does(NOY, "exhibit admit", &["--physical", "--seal-number", "S-1", "--condition", "whole", "--description", "SYNTHETIC telephone"]);
    let open = Open::of(&office);
    let noy = office.token(NOY);
    let form = |path: &str| form_of(&open.page(noy, &path.replace("{case}", &office.case)).is(200));
    let offer = form("/step/transfer/offer?case={case}");
    assert!(offer.contains("<input type=\"text\" id=\"f-exhibit\" name=\"exhibit\" value=\"\" list=\"k-exhibit\"") && offer.contains("value=\"E-0001\"") && offer.contains("SYNTHETIC telephone"), "{offer}");
    assert!(offer.contains(&format!("value=\"{KHAM}\"")) && !offer.contains(&format!("value=\"{AUDITOR}\"")) && offer.contains("name=\"to\" value=\"\""), "members alone, and nobody is chosen beforehand: {offer}");
    // A thing has no bytes to open.
    let view = form("/step/exhibit/view?case={case}");
    assert!(view.contains("value=\"E-0001\"") && !view.contains("E-0002"), "{view}");
    // Who comes from an exhibit's page keeps it.
    let view = form("/step/exhibit/view?case={case}&exhibit=E-0001");
    assert!(view.contains("<input type=\"text\" id=\"f-exhibit\" name=\"exhibit\" value=\"E-0001\""), "{view}");
    // Several are ticked, and arrive as several.
    let finding = form("/step/finding/add?case={case}");
    assert!(finding.contains("type=\"checkbox\" id=\"f-exhibit-0\" name=\"exhibit\" value=\"E-0001\""), "{finding}");
    let fields = [("_number", &*number(1)), ("case", &office.case), ("kind", "fact"), ("text", "both"), ("method", "m"), ("error-rate", "none"), ("grading", "B2"), ("exhibit", "E-0001"), ("exhibit", "E-0002"), ("exhibit", "")];
    let asked = open.form(noy, "/step/finding/add", &fields);
    open.answer(noy, &asked).is(200).says("E-0001").says("E-0002");
    // The case is chosen where it is not known, and then the rest is offered too.
    let without = open.page(noy, "/step/transfer/offer").is(200).text();
    assert!(without.contains("<form class=\"choose\" method=\"get\" action=\"/step/transfer/offer\"") && without.contains(&format!("<option value=\"{}\"", office.case)) && !without.contains("E-0001"), "{without}");
    // What was refused is chosen anew, with what was typed.
    let refused = open.form(noy, "/step/transfer/offer", &[("_number", &number(2)), ("case", &office.case), ("exhibit", "E-0099"), ("to", KHAM), ("purpose", "keeping")]);
    open.answer(noy, &refused).is(422);
    let again = form(&format!("/step/transfer/offer?_again={}&case={{case}}", number(2)));
    assert!(again.contains("name=\"exhibit\" value=\"E-0099\"") && again.contains("value=\"E-0001\""), "{again}");
    let missing = form_of(&open.form(noy, "/step/transfer/offer", &[("_number", &number(3)), ("case", &office.case), ("to", KHAM)]).is(422));
    assert!(missing.contains("value=\"E-0002\"") && missing.contains(&format!("name=\"to\" value=\"{KHAM}\"")), "{missing}");
    office.sound_log();
}

#[test]
fn law_13_a_form_offers_nothing_of_a_case_to_whom_it_is_not_for() {
    let mut office = Office::staffed();
    let words = ["case", "open", "--title", PLANTED[0], "--offence", PLANTED[1], "--jurisdiction", "la", "--purpose", "a drill", "--member", KHAM];
    office.case = string(&office.done(NOY, &words)["case"]);
    office.unit_authority(&crate::office::EVERYTHING);
    office.does(NOY, "exhibit admit", &[&office.file("planted.txt", PLANTED[3]), "--description", PLANTED[2]]);
    office.does(NOY, "finding add", &["--kind", "fact", "--text", PLANTED[2], "--exhibit", "E-0001", "--method", "m", "--error-rate", "none", "--grading", "B2"]);
    let open = Open::of(&office);
    let steps: Vec<String> = open.described()["paths"].as_object().unwrap().keys().filter_map(|path| path.strip_prefix("/api/v1/steps/")).map(str::to_string).collect();
    let planted = |page: &Page| PLANTED.iter().filter(|word| page.text().contains(*word)).count();
    let seen = steps.iter().map(|step| planted(&open.page(office.token(NOY), &format!("/step/{step}?case={}", office.case)).is(200))).sum::<usize>();
    assert!(seen > 20, "who is a member is offered what is there: {seen}");
    let plain = |page: &Page, case: &str| page.text().replace(case, "CASE").lines().map(|line| line.split("name=\"_number\"").next().unwrap_or_default().to_string()).collect::<String>();
    for who in [BOUNMY, AUDITOR, ADMIN] {
        let token = office.token(who);
        for step in &steps {
            let page = open.page(token, &format!("/step/{step}?case={}", office.case)).is(200);
            assert_eq!(planted(&page), 0, "{who}: {step}: {}", page.text());
            assert!(!form_of(&page).contains("value=\"E-0001\"") && !form_of(&page).contains("value=\"F-0001\""), "{who}: {step}");
        }
        for step in ["transfer/offer", "exhibit/view", "finding/add", "erratum/add", "case/member/remove"] {
            let (there, absent) = (open.page(token, &format!("/step/{step}?case={}", office.case)), open.page(token, &format!("/step/{step}?case=2026-9999")));
            assert_eq!(plain(&there, &office.case), plain(&absent, "2026-9999"), "{who}: {step}");
        }
        // Nothing was asked of the case: his own cases are, which is one event, and no refusal stands in the log for him.
        let before = office.sound_log();
        open.page(token, &format!("/step/finding/add?case={}", office.case)).is(200);
        assert_eq!(office.sound_log(), before + 2, "{who}: {:?}", office.last_events(4));
        assert!(!office.last_events(4).iter().any(|event| event.contains("step-refused")), "{who}");
    }
    office.sound_log();
}

#[test]
fn the_home_page_tells_what_waits_with_the_way_to_it() {
    let office = Office::working();
    let open = Open::of(&office);
    let (noy, kham) = (office.token(NOY), office.token(KHAM));
    open.page(noy, "/").is(200).says("Nothing waits for you");
    let letter = office.admit("letter.txt", "SYNTHETIC write to night@moon.example");
    let page = office.admit("page.txt", "SYNTHETIC a page");
    office.does(NOY, "examine", &[&page]);
    office.does(NOY, "watch words", &["night", "--purpose", "a drill"]);
    office.does(NOY, "transfer offer", &[&page, "--to", KHAM, "--purpose", "safe keeping"]);
    let way = |part: &str| format!("href=\"/case/{}/{part}\"", office.case);
    let home = open.page(noy, "/").is(200).says("Exhibits that were never examined").says("nobody took yet").says(&way("exhibits?unexamined=yes")).says(&way("transfers")).text();
    assert!(!home.contains("Alerts that nobody") && !home.contains("without your signature"), "{home}");
    open.page(kham, "/").is(200).says("offers you").says("/step/transfer/accept?case=");
    // The list behind the number is the same.
    let listed = open.page(noy, &format!("/case/{}/exhibits?unexamined=yes", office.case)).is(200).says(&format!(">{letter}<")).text();
    assert!(!listed.contains(&format!(">{page}<")), "{listed}");
    let told = office.in_case(NOY, "exhibit list", &["--unexamined"]).ended(0).lines();
    assert_eq!(told.iter().map(|line| string(&line["exhibit"])).collect::<Vec<_>>(), std::slice::from_ref(&letter));
    // Of what lies before the first that was asked for nothing is said.
    office.in_case(NOY, "exhibit list", &["--unexamined", "--from", &page]).ended(0).tells("from there on every exhibit with bytes was examined");
    // What is examined raises the alert; the home page leads to it.
    office.does(NOY, "examine", &[&letter]);
    office.in_case(NOY, "exhibit list", &["--unexamined"]).ended(0).tells("was examined");
    let home = open.page(noy, "/").is(200).says("Alerts that nobody looked at").says(&way("alerts")).text();
    assert!(!home.contains("never examined</span>"), "{home}");
    open.page(noy, &format!("/case/{}/alerts", office.case)).is(200).says("/step/watch/seen?case=");
    // A package waits for those who have not signed it.
    let package = string(&office.does(NOY, "package seal", &["--officer", NOY, "--officer", KHAM, "--out", &office.place("package").to_string_lossy()])["package"]);
    let sign = format!("href=\"/step/package/sign?case={}&amp;package={package}\"", office.case);
    open.page(noy, "/").is(200).says("without your signature").says(&sign);
    office.does(NOY, "package sign", &[&package]);
    assert!(!open.page(noy, "/").is(200).text().contains("without your signature"));
    open.page(kham, "/").is(200).says(&sign);
    // What a page asks of itself is asked only where it is permitted: nobody tried anything, and nobody was refused. The
    // supervisor approved the order, so that it covers no question of hers; the exhibit officer reads no findings.
    let correction = format!("/step/erratum/add?case={}", office.case);
    for who in [office.token(BOUNMY), kham] {
        open.page(who, "/").is(200);
        open.page(who, &correction).is(200);
    }
    let events = office.last_events(80);
    assert!(events.len() > 40 && !events.iter().any(|event| event == "step-refused"), "{events:?}");
    office.sound_log();
}

impl Open {
    /// Logs a person in as a browser does; gives the token and where it leads.
    fn enters(&self, name: &str, back: &str) -> (String, String) {
        let entered = self.form("", "/login", &[("name", name), ("passphrase", &passphrase(name)), ("back", back)]).is(303);
        let cookie = entered.header("set-cookie").unwrap();
        (cookie.strip_prefix("lanternfish-session=").unwrap().split(';').next().unwrap().to_string(), entered.header("location").unwrap())
    }

    fn ends(&self, token: &str) {
        self.send("DELETE", "/api/v1/session", &[("Authorization", &format!("Bearer {token}"))], b"").is(204);
    }
}

/// The way back that stands in an address of the login.
fn back_of(place: &str) -> String {
    let back = place.split("back=").nth(1).unwrap_or_else(|| panic!("no way back in {place}"));
    let mut bytes = Vec::new();
    let mut rest = back.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { u8::from_str_radix(&String::from_utf8(vec![rest.next().unwrap(), rest.next().unwrap()]).unwrap(), 16).unwrap() } else { byte });
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn whose_session_ended_comes_back_to_where_he_was() {
    let office = Office::working();
    let open = Open::of(&office);
    let (token, place) = open.enters(NOY, "");
    assert_eq!(place, "/");
    let at = format!("/case/{}/exhibits?from=1", office.case);
    open.page(&token, &at).is(200);
    open.ends(&token);
    let place = open.page(&token, &at).is(303).header("location").unwrap();
    assert!(place.starts_with("/login?ended&back="), "{place}");
    let login = open.page("", &place).is(200).says("Your session has ended").says(&format!("name=\"back\" value=\"{at}\""));
    // Who changes the language there, or mistypes, keeps the way.
    assert!(login.text().contains("name=\"back\" value=\"/login?ended&amp;back="), "{}", login.text());
    open.form("", "/login", &[("name", NOY), ("passphrase", "wrong words"), ("back", &at)]).is(403).says(&format!("name=\"back\" value=\"{at}\""));
    assert_eq!(open.enters(NOY, &back_of(&place)).1, at);
    // It leads to no other server, whoever made the address.
    for elsewhere in ["//evil.example/", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/login?back=//evil.example", "/\u{9}/evil.example", "evil.example"] {
        assert_eq!(open.enters(NOY, elsewhere).1, "/", "{elsewhere}");
        let page = open.page("", &format!("/login?back={}", encoded(elsewhere))).is(200).text();
        assert!(!page.contains("type=\"hidden\" name=\"back\" value=\"//") && page.matches("name=\"back\"").count() == 1, "{elsewhere}: {page}");
    }
}

#[test]
fn law_02_a_way_back_asks_no_question_in_the_name_of_whoever_logs_in() {
    let office = Office::working();
    let open = Open::of(&office);
    // The form waits for his own purpose, with the rest filled in.
    for part in ["graph", "timeline"] {
        let asks = format!("/case/{}/{part}?purpose=KINGFISHER%27s&kind=exhibit", office.case);
        let (noy, led) = open.enters(NOY, &asks);
        assert_eq!(led, format!("/case/{}/{part}?kind=exhibit", office.case));
        let before = office.sound_log();
        let form = open.page(&noy, &led).is(200).text();
        assert!(form.contains("name=\"purpose\" value=\"\"") && !form.contains("KINGFISHER"), "{form}");
        assert_eq!(office.sound_log(), before + 1, "nothing was done but to look at the log");
        assert_eq!(back_of(&open.page("", &asks).is(303).header("location").unwrap()), led);
    }
}

#[test]
fn law_13_a_form_that_came_too_late_does_nothing_and_is_found_again_by_its_writer_alone() {
    const WORDS: &str = "KINGFISHER-WORDS <b>typed once</b>";
    let office = Office::working();
    office.admit("letter.txt", "SYNTHETIC a letter");
    let open = Open::of(&office);
    let (token, _) = open.enters(NOY, "");
    open.page(&token, "/").is(200);
    open.ends(&token);
    let before = office.sound_log();
    let fields = [("_number", &*number(1)), ("case", &office.case), ("kind", "fact"), ("text", WORDS), ("method", "m"), ("error-rate", "none"), ("grading", "B2")];
    let place = open.form(&token, "/step/finding/add", &fields).is(303).header("location").unwrap();
    assert!(place.starts_with("/login?ended=sent&back=") && !place.contains("KINGFISHER"), "{place}");
    open.page("", &place).is(200).says("Nothing was done").says("kept for half an hour");
    assert_eq!(office.sound_log(), before + 1, "nothing was done but to look at the log");
    let back = back_of(&place);
    // Another person at the same browser finds none of it, and is told so.
    let (kham, led) = open.enters(KHAM, &back);
    assert_eq!(led, back);
    let other = open.page(&kham, &led).is(200).says("is not here");
    assert!(!other.text().contains("KINGFISHER"), "{}", other.text());
    // He himself finds it in the form, sends it, and it is done once.
    let (noy, led) = open.enters(NOY, &back);
    let form = open.page(&noy, &led).is(200).says("KINGFISHER-WORDS &lt;b&gt;typed once").says("nothing of it was done").text();
    let fresh = form.split("name=\"_number\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
    let fields = [("_number", &*fresh), ("case", &office.case), ("kind", "fact"), ("text", WORDS), ("exhibit", "E-0001"), ("method", "m"), ("error-rate", "none"), ("grading", "B2")];
    let asked = open.form(&noy, "/step/finding/add", &fields);
    open.answer(&noy, &asked).is(200).says("F-0001");
    // Of a form with a file the words are kept, the file is not; a passphrase never is.
    open.ends(&noy);
    let file = vec![b'x'; 3 << 20];
    let fields = [("_number", &*number(2)), ("case", &office.case), ("description", WORDS)];
    let place = open.form_with_file(&noy, "/step/exhibit/admit", &fields, ("file", "late.bin", &file)).is(303).header("location").unwrap();
    assert_eq!(office.exhibits().len(), 1, "nothing came in");
    let (noy, led) = open.enters(NOY, &back_of(&place));
    open.page(&noy, &led).is(200).says("KINGFISHER-WORDS").says("Choose the file again");
    open.ends(&noy);
    let place = open.form(&noy, "/step/user/factor/confirm", &[("_number", &number(3)), ("code", "123456")]).is(303).header("location").unwrap();
    open.page("", &place).is(200).says("Nothing was done").says("is not kept");
    // Of a session that nobody had nothing is kept, and a form of another page is none of ours.
    let place = open.form("lfs-nobody", "/step/finding/add", &[("_number", &number(4)), ("case", &office.case), ("text", "KINGFISHER")]).is(303).header("location").unwrap();
    assert!(!place.contains("_kept"), "{place}");
    let place = open.send("POST", "/step/finding/add", &[("Cookie", &format!("lanternfish-session={noy}")), ("Origin", "http://evil.example")], b"text=KINGFISHER").is(303).header("location").unwrap();
    assert_eq!(place, "/login?ended");
    office.sound_log();
}

#[test]
fn several_files_of_one_form_come_in_one_after_the_other_each_with_its_outcome() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    open.page(noy, &format!("/step/exhibit/admit?case={}", office.case)).is(200).says("<input type=\"file\" class=\"drop\" id=\"f-file\"").says(" multiple");
    let sent = |n: u32, more: &[(&str, &str)], files: &[(&str, &str)], edge: &str| {
        let mut body = Vec::new();
        let number = number(n);
        for (name, value) in [[("_number", &*number), ("case", &*office.case)].as_slice(), more].concat() {
            body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        for (name, bytes) in files {
            body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n{bytes}\r\n").into_bytes());
        }
        body.extend(edge.as_bytes());
        let cookie = format!("lanternfish-session={noy}");
        let origin = format!("http://{}", open.address);
        open.send("POST", "/step/exhibit/admit", &[("Cookie", &cookie), ("Origin", &origin), ("Content-Type", "multipart/form-data; boundary=edge")], &body)
    };
    let end = "--edge--\r\n";
    let files = [("ໜຶ່ງ.txt", "SYNTHETIC one"), ("two.txt", "SYNTHETIC two"), ("<b>three.txt", "SYNTHETIC three")];
    let asked = sent(0xf0, &[("source", "handed over")], &files, end).is(303);
    let page = open.answer(noy, &asked).is(200).says("ໜຶ່ງ.txt").says("&lt;b&gt;three.txt").text();
    assert!(["E-0001", "E-0002", "E-0003"].iter().all(|label| page.contains(&format!("/exhibits/{label}\""))), "{page}");
    let names = |office: &Office| office.exhibits().iter().map(|one| string(&one["original_name"])).collect::<Vec<_>>();
    assert_eq!(names(&office), ["ໜຶ່ງ.txt", "two.txt", "<b>three.txt"]);
    // The same form once more takes none twice.
    let again = sent(0xf0, &[("source", "handed over")], &files, end).is(303);
    assert_eq!(again.header("location"), asked.header("location"));
    assert_eq!(office.exhibits().len(), 3);
    // The number of a form may end as it will: each file has one of its own.
    let asked = sent(0x0200_0001, &[("source", "handed over")], &[("a", "SYNTHETIC a"), ("b", "SYNTHETIC b")], end).is(303);
    open.answer(noy, &asked).is(200).says("E-0004").says("E-0005");
    // What was typed for one file is not said of two, and it is told which came in.
    sent(0x1f0, &[("original-name", "mine.txt")], &files[..2], end).is(422).says("original-name").says("two.txt");
    assert_eq!(office.exhibits().len(), 6);
    // A text behind the files, and a form without its end: what was whole stays, half a file is none.
    sent(0x2f0, &[], &files[..1], "--edge\r\nContent-Disposition: form-data; name=\"source\"\r\n\r\nlate\r\n--edge--\r\n").is(422).says("last field");
    sent(0x3f0, &[], &[("whole.txt", "SYNTHETIC whole"), ("half.txt", "SYNTHETIC ha")], "").is(422).says("Sent before it broke: whole.txt").says("Not taken in: half.txt");
    let since = Instant::now();
    while open.page(noy, &format!("/done/{}", several_number(0x3f0, 1))).status == 202 {
        assert!(since.elapsed() < LONG);
    }
    assert_eq!(names(&office).split_off(6), ["whole.txt"]);
    // Who comes back is told what did not come in.
    open.page(noy, "/").is(200).says("half.txt").says("was not taken in").says("broke off");
    open.page(noy, "/running").is(200).says("whole.txt");
    office.sound_log();
}

/// The number of a further file of a form.
fn several_number(form: u32, place: usize) -> String {
    hex::encode(&sha2::Sha256::digest(format!("lanternfish file {place} of form {}", number(form)))[..16])
}

#[test]
fn why_leads_to_the_bytes_in_the_part_where_they_lie() {
    let office = Office::working();
    let exhibit = office.admit("site.warc", viewer::archive());
    office.does(NOY, "examine", &[&exhibit]);
    let open = Open::of(&office);
    let noy = office.token(NOY);
    let graph = open.page(noy, &format!("/case/{}/graph?purpose=to+see+why", office.case)).is(200).text();
    let lines: Vec<String> = graph.split("why=").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect();
    assert!(!lines.is_empty(), "{graph}");
    let mut led = 0;
    for line in lines {
        let page = open.page(noy, &format!("/case/{}/graph?purpose=to+see+why&why={line}", office.case)).is(200).text();
        for way in page.split("href=\"/step/exhibit/view?").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")) {
            let fields: Vec<(String, String)> = way.split('&').map(|pair| pair.split_once('=').map(|(name, value)| (name.to_string(), back_of(&format!("back={value}")))).unwrap()).collect();
            let of = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            let (part, at, end) = (of("part").expect("it lies in a part of the archive"), of("_at").unwrap(), of("_end").unwrap());
            assert_eq!(of("purpose").as_deref(), Some("to see why"));
            let form = open.page(noy, &format!("/step/exhibit/view?{way}")).is(200).says(&format!("name=\"_at\" value=\"{at}\"")).says(&format!("name=\"_end\" value=\"{end}\"")).says(&format!("value=\"{part}\""));
            drop(form);
            let number = number(100 + led);
            let sent: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([("_number", number.as_str())]).collect();
            let asked = open.form(noy, "/step/exhibit/view", &sent);
            let place = asked.header("location").unwrap();
            assert!(place.contains(&format!("at={at}&end={end}#at-{at}")), "{place}");
            let shown = open.answer(noy, &asked).is(200).text();
            let marked = shown.split(&format!("id=\"at-{at}\"")).nth(1).unwrap_or_else(|| panic!("{way} is not marked: {shown}"));
            let first = marked.split('>').nth(1).unwrap_or_default();
            assert!(["seller@example.com", "buyer@example.org"].iter().any(|word| first.starts_with(word)), "{at}: {first}");
            led += 1;
        }
    }
    assert!(led > 0, "no reason led to its bytes");
    office.sound_log();
}
