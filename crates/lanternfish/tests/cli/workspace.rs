//! The workspace, asked as a browser and as a program ask it: over HTTP, against the real program.
//!
//! What a person may see is written down here once more, by hand, and compared with what the pages show.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::office::{ADMIN, AUDITOR, BOUNMY, KHAM, NOY, Office, passphrase, string};

/// The workspace of an office; ended with the drill.
pub struct Open {
    child: Child,
    pub address: String,
    pub told: Value,
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    head: String,
    body: Vec<u8>,
}

impl Page {
    /// The same without the question to a passkey, which is another on each page.
    pub fn without_question(&self) -> String {
        let text = self.text();
        let question = text.split("data-challenge=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        if question.is_empty() { text } else { text.replace(question, "QUESTION") }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line.split_once(':')?.1.trim().to_string())
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Page {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.text());
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Page {
        assert!(self.text().contains(words), "\"{words}\" is not in\n{}", self.text());
        self
    }
}

/// How long an answer is waited for.
const LONG: Duration = Duration::from_secs(60);

impl Open {
    pub fn of(office: &Office) -> Open {
        Open::with(office, &["--listen", "127.0.0.1:0"])
    }

    /// The same with these words of `serve`.
    pub fn with(office: &Office, words: &[&str]) -> Open {
        let mut command = crate::office::program();
        command.args(["--json", "--home"]).arg(&office.home).arg("serve").args(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let address = string(&told["workspace"]).split_once("://").unwrap().1.trim_end_matches('/').to_string();
        Open { child, address, told }
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Page {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: {}\r\n", self.address);
        }
        head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        let mut line = TcpStream::connect(&self.address).unwrap();
        line.set_read_timeout(Some(LONG)).unwrap();
        line.write_all(head.as_bytes()).unwrap();
        line.write_all(b"\r\n").unwrap();
        line.write_all(body).unwrap();
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        Page { status: head[9..12].parse().unwrap(), body: answer[end + 4..].to_vec(), head }
    }

    /// What the interface says of itself.
    pub fn described(&self) -> Value {
        self.send("GET", "/api/v1/openapi.json", &[], b"").is(200).json()
    }

    /// A page, as a person's browser asks for it.
    pub fn page(&self, token: &str, path: &str) -> Page {
        self.send("GET", path, &[("Cookie", &format!("lanternfish-session={token}"))], b"")
    }

    /// A form, as a person's browser sends it from a page of this server.
    pub fn form(&self, token: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        let origin = format!("http://{}", self.address);
        let headers = [("Cookie", &*format!("lanternfish-session={token}")), ("Origin", &origin), ("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &headers, body.as_bytes())
    }

    /// A form with a file.
    fn form_with_file(&self, token: &str, path: &str, fields: &[(&str, &str)], file: (&str, &str, &[u8])) -> Page {
        let (head, body) = self.multipart(token, fields, file);
        let headers: Vec<(&str, &str)> = head.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.send("POST", path, &headers, &body)
    }

    fn multipart(&self, token: &str, fields: &[(&str, &str)], (name, file_name, bytes): (&str, &str, &[u8])) -> (Vec<(&'static str, String)>, Vec<u8>) {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: application/octet-stream\r\n\r\n").into_bytes());
        body.extend(bytes);
        body.extend(b"\r\n--edge--\r\n");
        let head = vec![("Cookie", format!("lanternfish-session={token}")), ("Origin", format!("http://{}", self.address)), ("Content-Type", "multipart/form-data; boundary=edge".into())];
        (head, body)
    }

    /// The answer of a step that a form asked for, once it has ended.
    #[track_caller]
    pub fn answer(&self, token: &str, asked: &Page) -> Page {
        assert_eq!(asked.status, 303, "{}", asked.text());
        // What stands behind # is for the browser.
        let place = asked.header("location").unwrap().split('#').next().unwrap_or_default().to_string();
        let since = Instant::now();
        loop {
            let page = self.page(token, &place);
            if page.status != 202 {
                return page;
            }
            assert!(since.elapsed() < LONG, "it did not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A step, as a program takes it.
    pub fn step(&self, token: &str, name: &str, fields: &Value) -> Page {
        let headers = [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "application/json")];
        self.send("POST", &format!("/api/v1/steps/{name}"), &headers, fields.to_string().as_bytes())
    }
}

pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A number as a page gives one to its form.
pub fn number(n: u32) -> String {
    format!("{n:032x}")
}

#[test]
fn a_case_is_worked_by_two_people_in_pages() {
    let office = Office::working();
    let open = Open::of(&office);
    // Noy logs in as a person does.
    let words = passphrase(NOY);
    let entered = open.form("", "/login", &[("name", NOY), ("passphrase", &words), ("code", "")]).is(303);
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let noy = cookie.strip_prefix("lanternfish-session=").unwrap().split(';').next().unwrap().to_string();
    let kham = office.token(KHAM);
    open.page(&noy, "/").is(200).says(&office.case);
    // A file comes in, under the name that it had.
    let fields = [("_number", &*number(1)), ("case", &office.case), ("description", "ສຳເນົາ SYNTHETIC"), ("source", "handed over at the counter"), ("original-name", "")];
    let asked = open.form_with_file(&noy, "/step/exhibit/admit", &fields, ("file", "ໃບສະເໜີ.txt", "ຄຳວ່າ ລັບ SYNTHETIC paper".as_bytes()));
    open.answer(&noy, &asked).is(200).says("E-0001");
    open.page(&noy, &format!("/case/{}/exhibits/E-0001", office.case)).is(200).says("ໃບສະເໜີ.txt").says("ສຳເນົາ SYNTHETIC");
    // Its bytes are opened for a purpose, which is an event.
    let before = office.sound_log();
    let fields = [("_number", &*number(2)), ("case", &office.case), ("exhibit", "E-0001"), ("purpose", "to read it")];
    let asked = open.form(&noy, "/step/exhibit/view", &fields);
    open.answer(&noy, &asked).is(200).says("ຄຳວ່າ ລັບ SYNTHETIC paper");
    let file = open.page(&noy, &format!("/done/{}/file", number(2))).is(200);
    assert_eq!(file.body, "ຄຳວ່າ ລັບ SYNTHETIC paper".as_bytes());
    assert!(file.header("content-disposition").unwrap().starts_with("attachment"));
    // One event opens the bytes, one asks for the selectors in them; each look at what is kept asks the house again; to
    // look at the log is an event too.
    assert_eq!(office.sound_log(), before + 5);
    // Nobody else gets the answer that was made for Noy.
    open.page(kham, &format!("/done/{}/file", number(2))).is(410);
    // Custody passes between two browsers.
    let fields = [("_number", &*number(3)), ("case", &office.case), ("exhibit", "E-0001"), ("to", KHAM), ("purpose", "safe keeping")];
    let asked = open.form(&noy, "/step/transfer/offer", &fields);
    open.answer(&noy, &asked).is(200);
    let home = open.page(kham, "/").is(200).says("Waits for you").text();
    let transfer = home.split("transfer=").nth(1).unwrap().split('"').next().unwrap().to_string();
    let fields = [("_number", &*number(4)), ("case", &office.case), ("transfer", &transfer)];
    let asked = open.form(kham, "/step/transfer/accept", &fields);
    open.answer(kham, &asked).is(200);
    // An exhibit officer, who may not view what is in it, finds his case all the same.
    open.page(office.token(BOUNMY), &format!("/case/{}", office.case)).is(200).says("SYNTHETIC drill");
    let custodian = open.page(kham, &format!("/case/{}/exhibits/E-0001", office.case)).is(200).text();
    assert!(custodian.contains(&format!("<strong>{KHAM}</strong>")));
    office.sound_log();
}

#[test]
fn law_02_a_form_that_is_sent_twice_is_taken_once() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    let fields = [("_number", &*number(1)), ("case", &office.case), ("description", "one thing"), ("source", "found"), ("physical", "yes"), ("seal-number", "S-1"), ("condition", "whole")];
    let send = || open.form_with_file(noy, "/step/exhibit/admit", &fields, ("file", "", b""));
    let (first, second) = std::thread::scope(|threads| {
        let second = threads.spawn(send);
        (send(), second.join().unwrap())
    });
    assert_eq!(first.header("location"), second.header("location"));
    open.answer(noy, &first).is(200).says("E-0001");
    open.answer(noy, &second).is(200).says("E-0001");
    assert_eq!(office.exhibits().len(), 1);
    // A form without a number of its own is none of ours.
    open.form(noy, "/step/transfer/list", &[("case", &office.case)]).is(422).says("number");
    // What was typed into a form that lacks something is still there.
    open.form(noy, "/step/finding/add", &[("_number", &number(2)), ("case", &office.case), ("text", "ຄຳເວົ້າ SYNTHETIC typed once")]).is(422).says("is missing").says("ຄຳເວົ້າ SYNTHETIC typed once");
    let refused = open.form(noy, "/step/finding/add", &[("_number", &number(3)), ("case", &office.case), ("kind", "fact"), ("text", "ຄຳເວົ້າ typed once"), ("method", "m"), ("error-rate", "none"), ("grading", "B2"), ("exhibit", "E-0099")]);
    open.answer(noy, &refused).is(422).says("_again=");
    open.page(noy, &format!("/step/finding/add?_again={}", number(3))).is(200).says("ຄຳເວົ້າ typed once").says("E-0099");
    office.sound_log();
}

#[test]
fn law_01_what_no_authority_covers_is_refused_on_a_page_in_the_same_words() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM, BOUNMY]);
    let open = Open::of(&office);
    let asked = open.form(office.token(NOY), "/step/selectors", &[("_number", &number(1)), ("case", &office.case), ("purpose", "to look")]);
    let refused = open.answer(office.token(NOY), &asked).is(403).says("Refused by law 1").text();
    let told = office.in_case(NOY, "selectors", &["--purpose", "to look"]).by_law(1).line();
    assert!(refused.contains(&string(&told["error"]).replace('"', "&quot;").replace('\'', "&#39;")) || refused.contains(&string(&told["error"])), "{refused}");
    let program = open.step(office.token(NOY), "selectors", &json!({"case": office.case, "purpose": "to look"})).is(403).json();
    assert_eq!((&program["error"], &program["law"]), (&told["error"], &json!(1)));
}

#[test]
fn law_04_an_upload_that_breaks_off_is_no_exhibit() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    let fields = [("_number", &*number(1)), ("case", &office.case), ("description", "half a file")];
    let (head, body) = open.multipart(noy, &fields, ("file", "half.bin", &vec![7; 3 << 20]));
    {
        let mut line = TcpStream::connect(&open.address).unwrap();
        let mut sent = format!("POST /step/exhibit/admit HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", open.address, body.len());
        sent.extend(head.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        line.write_all(format!("{sent}\r\n").as_bytes()).unwrap();
        line.write_all(&body[..2 << 20]).unwrap();
    }
    let since = Instant::now();
    let page = loop {
        let page = open.page(noy, &format!("/done/{}", number(1)));
        if !matches!(page.status, 202 | 410) {
            break page;
        }
        assert!(since.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(20));
    };
    page.says("broke off");
    assert!(office.exhibits().is_empty(), "half a file is no exhibit");
    office.sound_log();
}

/// Pages that stand for every kind of address; `{case}` is the case that is tried.
pub const PAGES: [&str; 33] = [
    "/", "/account", "/intake", "/people", "/log", "/running", "/steps", "/step/exhibit/admit", "/done/00000000000000000000000000000001", "/done/00000000000000000000000000000001/file", "/nowhere",
    "/case/{case}", "/case/{case}/authority", "/case/{case}/exhibits", "/case/{case}/exhibits/E-0001", "/case/{case}/exhibits/E-0001/parts", "/case/{case}/capture", "/case/{case}/findings", "/case/{case}/charges",
    "/case/{case}/transfers", "/case/{case}/reports", "/case/{case}/packages", "/case/{case}/watches", "/case/{case}/search", "/case/{case}/more",
    "/case/{case}/timeline?purpose=drill", "/case/{case}/timeline?purpose=drill&as=json", "/case/{case}/timeline.svg?purpose=drill", "/case/{case}/graph?purpose=drill",
    "/case/{case}/graph?purpose=drill&as=json", "/case/{case}/graph.svg?purpose=drill", "/case/{case}/graph?purpose=drill&around=E-0001", "/case/{case}/graph?purpose=drill&why=line-0",
];

/// Words that stand in a case only, and in its exhibit.
const PLANTED: [&str; 4] = ["KINGFISHER-TITLE", "KINGFISHER-OFFENCE", "KINGFISHER-DESCRIPTION", "KINGFISHER-BYTES"];

/// Each person of the drill: his name, and whether he may read the planted case. Written by hand.
const WHO_READS: [(&str, bool); 5] = [(NOY, true), (KHAM, true), (BOUNMY, false), (AUDITOR, false), (ADMIN, false)];

#[test]
fn law_13_no_page_and_no_step_shows_a_case_to_whom_it_is_not_for() {
    let mut office = Office::staffed();
    let words = ["case", "open", "--title", PLANTED[0], "--offence", PLANTED[1], "--jurisdiction", "la", "--purpose", "a drill", "--member", KHAM];
    office.case = string(&office.done(NOY, &words)["case"]);
    office.unit_authority(&crate::office::EVERYTHING);
    let file = office.file("planted.txt", PLANTED[3]);
    office.does(NOY, "exhibit admit", &[&file, "--description", PLANTED[2]]);
    office.does(NOY, "examine", &["E-0001"]);
    let open = Open::of(&office);
    let description = open.described();
    let steps: Vec<String> = description["paths"].as_object().unwrap().keys().filter_map(|path| path.strip_prefix("/api/v1/steps/")).map(str::to_string).collect();
    assert!(steps.len() > 100, "{}", steps.len());
    // What is asked for by one who takes no step that changes something: those are tried by people who must be refused.
    let reads = |step: &str| step.ends_with("/list") || step.ends_with("/show") || ["search", "selectors", "rows", "pictures", "timeline", "graph", "exhibit/view", "exhibit/label", "log/show", "subject/export"].contains(&step);
    let fields_of = |step: &str, case: &str| {
        let known: BTreeMap<&str, Value> = BTreeMap::from([("case", json!(case)), ("exhibit", json!("E-0001")), ("purpose", json!("a drill")), ("question", json!("KINGFISHER")), ("reason", json!("a drill"))]);
        let schema = &description["paths"][format!("/api/v1/steps/{step}")]["post"]["requestBody"]["content"]["application/json"]["schema"];
        let required: BTreeSet<&str> = schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let fields = schema["properties"].as_object().unwrap().iter().filter(|(name, _)| required.contains(name.as_str()) || known.contains_key(name.as_str()));
        let value = |name: &str, schema: &Value| known.get(name).cloned().unwrap_or_else(|| match schema["type"].as_str() {
            Some("array") => json!(["KINGFISH"]),
            Some("integer") => json!(1),
            Some("boolean") => json!(false),
            _ => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("KINGFISH")),
        });
        Value::Object(fields.map(|(name, schema)| (name.clone(), value(name, schema))).collect())
    };
    let leaks = |told: &str| PLANTED.iter().filter(|word| told.contains(*word)).count();
    let mut tried = 0;
    for (who, may_read) in WHO_READS {
        let token = office.token(who);
        let mut seen = 0;
        for path in PAGES {
            let page = open.page(token, &path.replace("{case}", &office.case));
            seen += leaks(&page.text());
            tried += 1;
            if may_read {
                continue;
            }
            assert_eq!(leaks(&page.text()), 0, "{who} reads {path}: {}", page.text());
            // What is not for him and what is not there are told in the same words.
            let absent = open.page(token, &path.replace("{case}", "2026-9999"));
            let without_names = |page: &Page, case: &str| page.text().replace(case, "CASE").lines().filter(|line| !line.contains("_number")).collect::<String>();
            if !path.contains("/search") && !path.contains("/step") && path != "/log" {
                assert_eq!((page.status, without_names(&page, &office.case)), (absent.status, without_names(&absent, "2026-9999")), "{who}: {path}");
            }
        }
        for step in steps.iter().filter(|step| !may_read || reads(step)) {
            let told = open.step(token, step, &fields_of(step, &office.case));
            assert!(told.status < 500, "{who}: {step}: {}", told.text());
            seen += leaks(&told.text());
            tried += 1;
            if !may_read {
                assert_eq!(leaks(&told.text()), 0, "{who} takes {step}: {}", told.text());
            }
        }
        assert_eq!(seen > 0, may_read, "{who}");
    }
    println!("{tried} pages and steps were tried by {} people, {} steps are known", WHO_READS.len(), steps.len());
    office.sound_log();
}

#[test]
fn law_13_a_form_from_elsewhere_a_strange_name_and_an_ended_session_get_nothing() {
    let office = Office::working();
    let open = Open::of(&office);
    let cookie = format!("lanternfish-session={}", office.token(NOY));
    let before = office.sound_log();
    let body = format!("_number={}&case={}&text=x&source=y", number(1), office.case);
    for origin in [("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"), ("X-Nothing", "said")] {
        for path in ["/step/tip/add", "/logout", "/login", "/language"] {
            open.send("POST", path, &[("Cookie", &cookie), origin], body.as_bytes()).is(403);
        }
    }
    // A login of a program neither, where a browser says that a page from elsewhere sends it.
    let login = json!({"name": NOY, "passphrase": passphrase(NOY)}).to_string();
    for origin in ["http://evil.example", "null"] {
        open.send("POST", "/api/v1/session", &[("Origin", origin), ("Content-Type", "text/plain")], login.as_bytes()).is(403);
    }
    open.send("GET", "/", &[("Cookie", &cookie), ("Host", "evil.example")], b"").is(421);
    for path in PAGES {
        let path = path.replace("{case}", &office.case);
        let page = open.send("GET", &path, &[], b"").is(303);
        // The way back brings no purpose, and with it no question: it leads to the form.
        let way = path.replace("purpose=drill", "").replace("&as=json", "").replace(".svg", "").replace("?&", "?");
        let way = way.trim_end_matches('?');
        let back = if way == "/" { String::new() } else { format!("?back={}", way.bytes().map(|byte| if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect::<String>()) };
        assert_eq!(page.header("location").unwrap(), format!("/login{back}"), "{path}");
    }
    assert_eq!(office.sound_log(), before + 1, "nothing was done but to look at the log");
    // Each answer forbids scripts and frames, and is kept by no cache.
    for path in ["/", "/login", "/nowhere", "/api/v1/openapi.json"] {
        let page = open.page(office.token(NOY), path);
        let policy = page.header("content-security-policy").unwrap();
        // Where a passkey may be shown, one script of ours runs.
        let scripted = path == "/login";
        assert!(policy.starts_with("default-src 'none'") && policy.contains("script-src 'self';") == scripted && policy.contains("script-src") == scripted && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control").unwrap(), "no-store");
        let html = page.text();
        assert!(path.starts_with("/api") || html.matches("<script").count() == usize::from(scripted) && !html.contains(" style=") && !html.contains("http-equiv"), "{html}");
    }
    // Who logs out has left, in every browser.
    open.form(office.token(NOY), "/logout", &[]).is(303);
    open.page(office.token(NOY), "/").is(303);
    open.step(office.token(NOY), "case/list", &json!({})).is(401);
}

#[test]
fn law_14_what_strangers_wrote_is_text_on_every_page() {
    const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)><meta http-equiv=refresh content='0;url=http://evil.example'><form action=http://evil.example>\
        <svg onload=alert(1)><style>@import 'http://evil.example'</style><a href=javascript:alert(1)>x</a></pre></main>\u{202e}txt.exe";
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    let page = format!("{HOSTILE} {}", "\u{0301}".repeat(200_000));
    let fields = [("_number", &*number(1)), ("case", &office.case), ("description", HOSTILE), ("source", HOSTILE)];
    let asked = open.form_with_file(noy, "/step/exhibit/admit", &fields, ("file", "<script>.html", page.as_bytes()));
    let mut shown = vec![open.answer(noy, &asked).is(200)];
    let asked = open.form(noy, "/step/exhibit/view", &[("_number", &number(2)), ("case", &office.case), ("exhibit", "E-0001"), ("purpose", HOSTILE)]);
    shown.push(open.answer(noy, &asked).is(200).says("&lt;script&gt;"));
    shown.push(open.page(noy, &format!("/done/{}?as=raw", number(2))).is(200));
    shown.push(open.page(noy, &format!("/done/{}?from=999999999999999999999", number(2))).is(200));
    shown.push(open.page(noy, &format!("/case/{}/exhibits", office.case)).is(200));
    shown.push(open.page(noy, &format!("/case/{}/exhibits/E-0001", office.case)).is(200).says("[U+202E]"));
    shown.push(open.page(noy, &format!("/step/exhibit/admit?case={}&description={}", office.case, encoded(HOSTILE))).is(200));
    for page in shown {
        let html = page.text();
        for tag in ["<script", "<img", "<svg on", "<style", "<a href=j", "<meta http-equiv=r", "<form action=http"] {
            assert!(!html.contains(tag), "{tag} stands in {html}");
        }
        assert!(!html.contains(&"\u{0301}".repeat(8)), "a tower of marks");
        assert!(html.len() < 400_000, "{}", html.len());
    }
}

#[test]
fn law_14_only_the_pages_that_draw_may_run_a_script_and_only_ours() {
    const HOSTILE: &str = "</script><script>alert(1)</script><svg onload=alert(1)>\u{202e}\" data-values=\"//evil.example";
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    let exhibit = string(&office.does(NOY, "exhibit admit", &[&office.file("_chat.txt", "[13/01/2026, 10:00:00] Anna: SYNTHETIC good morning\n[14/01/2026, 10:00:00] Bee: good morning\n"), "--description", HOSTILE])["exhibit"]);
    office.does(NOY, "examine", &[&exhibit]);
    for path in PAGES.iter().map(|path| path.replace("{case}", &office.case)) {
        let page = open.page(noy, &path);
        let policy = page.header("content-security-policy").unwrap();
        let draws = page.status == 200 && (path.contains("/timeline?") || path.contains("/graph?")) && !path.contains("as=json");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(policy.contains("script-src 'self';"), draws, "{path}: {policy}");
        if path.contains("as=json") && page.status == 200 {
            assert_eq!((page.header("content-type").unwrap(), page.header("x-content-type-options").unwrap()), ("application/json".into(), "nosniff".into()));
            continue;
        }
        let html = page.text();
        assert_eq!(html.matches("<script").count(), usize::from(draws), "{path}: {html}");
        assert!(!html.contains("<svg onload") && !html.contains('\u{202e}'), "{path}: {html}");
    }
    // The question is asked with what the address says, and a wrong field is said with its form.
    let place = |kind: &str, asked: &str| format!("/case/{}/{kind}?purpose=drill{asked}", office.case);
    open.page(noy, &place("timeline", "&from=never")).is(422).says("2026-03-01").says("name=\"purpose\"");
    open.page(noy, &place("timeline", "&kind=message&moment=claimed")).is(200).says("13/01/2026, 10:00:00");
    let graph = open.page(noy, &place("graph", "")).is(200).says("E-0001").text();
    let why = graph.split("why=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    open.page(noy, &place("graph", &format!("&why={why}"))).is(200).says("Rule").says("Back to the graph");
    let values = open.page(noy, &place("graph", "&as=json")).is(200);
    assert_eq!(values.header("content-type").unwrap(), "application/json");
    assert!(values.json()["things"].as_array().unwrap().len() > 1);
    let drawing = open.page(noy, &place("graph", "").replace("/graph", "/graph.svg")).is(200);
    assert_eq!((drawing.header("content-type").unwrap(), drawing.header("x-content-type-options").unwrap()), ("image/svg+xml".into(), "nosniff".into()));
    for name in ["graph", "timeline", "island"] {
        assert!(open.page(noy, &format!("/assets/islands/{name}.js")).is(200).header("content-type").unwrap().starts_with("text/javascript"));
    }
    open.page(noy, "/assets/islands/other.js").is(404);
}

#[test]
fn a_program_takes_the_steps_that_are_described() {
    let office = Office::working();
    let open = Open::of(&office);
    let described = open.described();
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let written = format!("{}\n", serde_json::to_string_pretty(&described).unwrap());
    if std::env::var_os("LANTERNFISH_BLESS").is_some() {
        std::fs::write(&place, &written).unwrap();
    }
    assert!(std::fs::read_to_string(&place).unwrap_or_default() == written, "docs/openapi.json is old: LANTERNFISH_BLESS=1 writes it anew");
    let post = |body: &str| open.send("POST", "/api/v1/session", &[("Content-Type", "application/json")], body.as_bytes());
    let token = string(&post(&json!({"name": NOY, "passphrase": passphrase(NOY)}).to_string()).is(200).json()["token"]);
    post("[]").is(400);
    post(&json!({"name": NOY, "passphrase": "not this one"}).to_string()).is(401);
    let told = open.step(&token, "case/list", &json!({})).is(200).json();
    assert_eq!(told["answers"][0]["case"], office.case.as_str());
    let admitted = open.step(&token, "exhibit/admit", &json!({"case": office.case, "file": "U1lOVEhFVElD", "original-name": "note.txt", "description": "SYNTHETIC"})).is(200).json();
    assert_eq!((&admitted["answers"][0]["original_name"], &admitted["answers"][0]["length"]), (&json!("note.txt"), &json!(9)));
    let viewed = open.step(&token, "exhibit/view", &json!({"case": office.case, "exhibit": "E-0001", "purpose": "to read"})).is(200).json();
    assert_eq!(viewed["file"], "U1lOVEhFVElD");
    let without_name = open.step(&token, "exhibit/admit", &json!({"case": office.case, "file": "U1lOVEhFVElD", "description": "SYNTHETIC"})).is(200).json();
    assert_eq!(without_name["answers"][0]["original_name"], Value::Null, "a name that nobody gave is not made up");
    open.step(&token, "log/witness/splits", &json!({})).is(404);
    open.step(&token, "nothing/such", &json!({})).is(404);
    open.step("lfs-wrong", "case/list", &json!({})).is(401);
    for strange in [json!({"strange": "x"}), json!({"case": 5}), json!({"case": ["a"]}), json!({}), json!({"case": "a\0b", "exhibit": "E-0001", "purpose": "p"}), json!({"case": office.case, "exhibit": "E-0001", "purpose": "p", "out": "/tmp/x"})] {
        open.step(&token, "exhibit/view", &strange).is(422);
    }
    open.send("DELETE", "/api/v1/session", &[("Authorization", &format!("Bearer {token}"))], b"").is(204);
    open.step(&token, "case/list", &json!({})).is(401);
}

#[test]
fn a_program_hears_a_step_while_it_is_taken() {
    let office = Office::working();
    let exhibit = office.admit("page.html", "SYNTHETIC write to night@moon.example");
    let open = Open::of(&office);
    let events = |who: &str, step: &str, fields: Value| {
        let headers = [("Authorization", &*format!("Bearer {}", office.token(who))), ("Content-Type", "application/json"), ("Accept", "text/event-stream")];
        let told = open.send("POST", &format!("/api/v1/steps/{step}"), &headers, fields.to_string().as_bytes()).is(200);
        assert!(told.header("content-type").unwrap().starts_with("text/event-stream"));
        let text = told.text();
        let pairs = text.split("event: ").skip(1).map(|one| { let (name, data) = one.split_once("\ndata: ").unwrap(); (name.to_string(), data.lines().next().unwrap().to_string()) });
        pairs.collect::<Vec<_>>()
    };
    let told = events(NOY, "examine", json!({"case": office.case, "exhibit": exhibit}));
    let (name, last) = told.last().unwrap();
    assert_eq!(name, "answer", "{told:?}");
    assert_eq!(serde_json::from_str::<Value>(last).unwrap()["answers"][0]["exhibit"], exhibit.as_str());
    assert!(told.iter().rev().skip(1).all(|(name, data)| name == "note" && serde_json::from_str::<String>(data).is_ok()), "{told:?}");
    // A refusal is told in the words that it has without a stream.
    let told = events(BOUNMY, "search", json!({"case": office.case, "question": "night", "purpose": "a drill"}));
    let refused = open.step(office.token(BOUNMY), "search", &json!({"case": office.case, "question": "night", "purpose": "a drill"})).is(403).json();
    let last: Value = serde_json::from_str(&told.last().unwrap().1).unwrap();
    assert_eq!((&*told.last().unwrap().0, &last["error"], &last["law"]), ("refused", &refused["error"], &refused["law"]));
    office.sound_log();
}

#[test]
fn law_13_whose_session_ended_meanwhile_hears_no_answer_of_his_step() {
    let office = Office::working();
    let open = Open::of(&office);
    let login = json!({"name": NOY, "passphrase": passphrase(NOY)}).to_string();
    let token = string(&open.send("POST", "/api/v1/session", &[("Content-Type", "application/json")], login.as_bytes()).is(200).json()["token"]);
    let last = |step: &str, fields: Value| {
        let headers = [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "application/json"), ("Accept", "text/event-stream")];
        let told = open.send("POST", &format!("/api/v1/steps/{step}"), &headers, fields.to_string().as_bytes()).is(200).text();
        let (name, data) = told.split("event: ").last().unwrap().split_once("\ndata: ").unwrap();
        (name.to_string(), serde_json::from_str::<Value>(data.lines().next().unwrap()).unwrap())
    };
    let (name, mine) = last("user/session/list", json!({}));
    assert_eq!(name, "answer", "{mine}");
    // A step that ends its own session stands for one that took so long that the session ended.
    let this = mine["answers"].as_array().unwrap().iter().find(|session| session["this"] == true).unwrap()["session"].clone();
    let (name, told) = last("user/session/end", json!({"one": this}));
    assert_eq!((&*name, &told["status"]), ("refused", &json!(401)), "{told}");
    assert!(told.get("answers").is_none(), "{told}");
    open.step(&token, "user/session/list", &json!({})).is(401);
}

#[test]
fn a_long_list_is_shown_page_by_page() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    for n in 1..=103 {
        let thing = json!({"case": office.case, "physical": true, "description": format!("SYNTHETIC thing {n}"), "source": "found", "seal-number": format!("S-{n}"), "condition": "whole"});
        open.step(noy, "exhibit/admit", &thing).is(200);
    }
    let place = format!("/case/{}/exhibits", office.case);
    let (first, second) = (open.page(noy, &place).is(200).text(), open.page(noy, &format!("{place}?from=101")).is(200).text());
    assert!(first.contains(">E-0001<") && first.contains(">E-0100<") && !first.contains(">E-0101<") && first.contains("?from=101"));
    assert!(!second.contains(">E-0100<") && second.contains(">E-0103<") && second.contains("?from=1\"") && !second.contains("?from=201"));
    open.page(noy, &format!("{place}?from=18446744073709551615")).is(200);
    open.page(noy, &format!("{place}/E-0102")).is(200).says("SYNTHETIC thing 102");
    open.page(noy, &format!("{place}/E-0104")).is(422).says("there is no exhibit");
    // What a terminal shows of the same part, and that each look is one event.
    let before = office.sound_log();
    let part = office.in_case(NOY, "exhibit list", &["--from", "E-0050", "--most", "3"]).ended(0).lines();
    assert_eq!(part.iter().map(|line| string(&line["exhibit"])).collect::<Vec<_>>(), ["E-0050", "E-0051", "E-0052"]);
    assert_eq!(office.does(NOY, "exhibit show", &["E-0103"])["description"], "SYNTHETIC thing 103");
    assert_eq!(office.sound_log(), before + 3);
}

/// Most bytes of the first page with all that it needs, and of any other, packed.
const FIRST_PAGE: usize = 60 << 10;
const A_PAGE: usize = 100 << 10;

#[test]
fn pages_come_over_a_slow_line() {
    let office = Office::working();
    let page = office.admit("page.html", "SYNTHETIC <p>ຂາຍເອກະສານ night@moon.example");
    office.does(NOY, "examine", &[&page]);
    for n in 1..=100 {
        office.does(NOY, "exhibit admit", &["--physical", "--seal-number", &format!("S-{n}"), "--condition", "whole", "--description", &format!("ໂທລະສັບ {n}, a telephone")]);
    }
    let open = Open::of(&office);
    let packed = |path: &str| {
        let cookie = format!("lanternfish-session={}; lanternfish-language=lo", office.token(NOY));
        let page = open.send("GET", path, &[("Cookie", &cookie), ("Accept-Encoding", "gzip, br")], b"").is(200);
        assert_eq!(page.header("content-encoding").as_deref(), Some("gzip"), "{path}");
        assert_eq!(&page.body[..2], b"\x1f\x8b");
        page.body.len()
    };
    let looks = packed("/assets/style.css");
    // What a machine without Lao letters fetches once more, and then keeps for a day.
    let letters = packed("/assets/fonts/NotoSansLao-Regular.ttf");
    let first = packed("/") + looks;
    assert!(first <= FIRST_PAGE, "{first}");
    let mut largest = 0;
    for path in PAGES.iter().filter(|path| !["/done", "nowhere", "why=", "around="].iter().any(|part| path.contains(part))) {
        largest = largest.max(packed(&path.replace("{case}", &office.case)));
    }
    assert!(largest + looks <= A_PAGE, "{largest}");
    println!("the first page with its looks {first} bytes, the largest other page {} bytes, letters for Lao {letters} bytes", largest + looks);
    // Who takes no gzip gets none.
    assert_eq!(open.page(office.token(NOY), "/").header("content-encoding"), None);
}

#[test]
fn law_14_a_form_that_does_not_come_to_its_end_is_let_go() {
    let office = Office::working();
    let open = Open::of(&office);
    let begun = |session: &str, path: &str| {
        let mut line = TcpStream::connect(&open.address).unwrap();
        line.set_read_timeout(Some(LONG)).unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: lanternfish-session={session}\r\nContent-Length: 100\r\n\r\nname=", open.address);
        line.write_all(head.as_bytes()).unwrap();
        line
    };
    let lines = [begun("", "/login"), begun(office.token(NOY), "/step/user/factor/add")];
    for mut line in lines {
        let mut answer = [0; 13];
        line.read_exact(&mut answer).expect("an answer, long before the line breaks off");
        assert_eq!(&answer[..10], b"HTTP/1.1 4", "{}", String::from_utf8_lossy(&answer));
    }
}

#[test]
fn guessing_a_passphrase_is_slowed_down_and_a_stranger_learns_no_name() {
    let office = Office::working();
    let open = Open::of(&office);
    let tried = |name: &str| open.form("", "/login", &[("name", name), ("passphrase", "wrong words here"), ("code", "")]);
    let (known, unknown) = (tried(NOY).without_question().replace(NOY, "NAME"), tried("Nobody Here").without_question().replace("Nobody Here", "NAME"));
    assert_eq!(known, unknown, "who is here is nobody's business");
    for _ in 0..4 {
        tried(NOY);
    }
    tried(&format!(" {}  ", NOY.to_lowercase())).is(403).says("too many wrong logins");
    // A name that is too long for any person is told what every wrong one is.
    let long = "n".repeat(121);
    assert_eq!(tried(&long).is(403).without_question().replace(&long, "NAME"), unknown);
    // Another person is not kept out by it, and not by names that nobody has.
    for n in 0..8 {
        tried(&format!("Nobody {n}")).is(403);
    }
    let words = passphrase(KHAM);
    open.form("", "/login", &[("name", KHAM), ("passphrase", &words), ("code", "")]).is(303);
}

#[test]
fn a_first_login_needs_its_passphrase_twice_and_tells_the_fingerprint() {
    let office = Office::working();
    let open = Open::of(&office);
    office.done(ADMIN, &["user", "add", "New Person", "--role", "analyst"]);
    let try_with = |again: &str| open.form("", "/login", &[("name", "New Person"), ("passphrase", "four words for her"), ("again", again), ("code", "")]);
    // Who waits for a first login is nobody's business: a slip is told in the words of a name that is not known.
    let unknown = open.form("", "/login", &[("name", "Nobody Here"), ("passphrase", "four words for her"), ("code", "")]).is(403).says("twice");
    for again in ["", "four words for hre"] {
        assert_eq!(try_with(again).is(403).without_question().replace("New Person", "Nobody Here"), unknown.without_question());
    }
    try_with("four words for her").is(200).says("the fingerprint of your keys");
}

#[test]
fn law_07_kept_bytes_of_an_item_that_became_restricted_are_given_to_nobody() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    office.admit("letter.txt", "KINGFISHER-BYTES");
    let view = |n: u32| {
        let asked = open.form(noy, "/step/exhibit/view", &[("_number", &number(n)), ("case", &office.case), ("exhibit", "E-0001"), ("purpose", "to read it")]);
        open.answer(noy, &asked)
    };
    view(1).is(200).says("KINGFISHER-BYTES");
    open.page(noy, &format!("/done/{}/file", number(1))).is(200).says("KINGFISHER-BYTES");
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "privileged", "--reason", "a letter to a lawyer"]);
    for path in [format!("/done/{}/file", number(1)), format!("/done/{}", number(1)), format!("/done/{}?as=raw", number(1))] {
        let page = open.page(noy, &path);
        assert!(page.status >= 400 && !page.text().contains("KINGFISHER"), "{path}: {}", page.text());
    }
    // And a new look is refused as everywhere.
    view(2).is(403);
    office.sound_log();
}

#[test]
fn law_07_what_became_restricted_while_the_workspace_is_open_is_in_no_answer() {
    let office = Office::working();
    let open = Open::of(&office);
    let asked = json!({"case": office.case, "purpose": "a drill"});
    let found = |step: &str, more: &[(&str, &str)]| {
        let mut fields = asked.clone();
        more.iter().for_each(|(name, value)| fields[*name] = json!(value));
        let told = open.step(office.token(NOY), step, &fields).is(200).json();
        told["answers"].to_string().matches("night@moon.example").count()
    };
    assert_eq!(found("selectors", &[]), 0, "nothing is there yet, and the workspace knows it");
    let page = office.admit("page.html", "SYNTHETIC write to night@moon.example or other@moon.example.org");
    let untouched = office.admit("other.html", "SYNTHETIC nothing of his");
    office.does(NOY, "examine", &[&page]);
    office.does(NOY, "examine", &[&untouched]);
    // What came in since is found, and named as searched.
    assert!(found("search", &[("question", "night")]) > 0);
    // Another process restricts it: this one hears of it before its next answer.
    office.does(NOY, "exhibit reclassify", &[&page, "--class", "privileged", "--reason", "a letter to his lawyer"]);
    for (step, more) in [("selectors", vec![]), ("search", vec![("question", "night")]), ("rows", vec![])] {
        assert_eq!(found(step, &more), 0, "{step}");
    }
    let told = open.step(office.token(NOY), "selectors", &asked).is(200).json();
    assert!(told["notes"].to_string().contains(&page), "what is not said is named: {told}");
    office.sound_log();
}

#[test]
fn law_13_who_left_the_case_finds_none_of_his_answers() {
    let office = Office::working();
    let open = Open::of(&office);
    let kham = office.token(KHAM);
    let asked = open.form(kham, "/step/case/show", &[("_number", &number(1)), ("case", &office.case)]);
    open.answer(kham, &asked).is(200).says("SYNTHETIC drill");
    office.in_case(NOY, "case member remove", &[KHAM]).ended(0);
    let page = open.page(kham, &format!("/done/{}", number(1)));
    assert!(page.status >= 400 && !page.text().contains("SYNTHETIC drill"), "{}", page.text());
    // An ended session has none either, however it ended.
    let asked = open.form(office.token(NOY), "/step/case/show", &[("_number", &number(2)), ("case", &office.case)]);
    open.answer(office.token(NOY), &asked).is(200);
    open.send("DELETE", "/api/v1/session", &[("Authorization", &format!("Bearer {}", office.token(NOY)))], b"").is(204);
    open.page(office.token(NOY), &format!("/done/{}", number(2))).is(303);
}

#[path = "viewer.rs"]
mod viewer;
#[path = "workspace_hand.rs"]
mod hand;
