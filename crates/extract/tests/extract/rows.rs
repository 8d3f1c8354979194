//! Rows of pages that we wrote: layouts that no profile knows, profiles, forums in several scripts, drafts, and the
//! way back from each cell to its bytes. All pages are synthetic.

use extract::listing::{Hints, Profiles, draft_profile, look, read};
use model::listing::{Field, Listing, ReadBy, RowKind};

fn by_structure(page: &str) -> Vec<Listing> {
    read(page.as_bytes(), &Profiles::none(), &Hints::default())
}

fn wrap(rows: &str) -> String {
    format!(
        "<!doctype html><html><head><meta charset=utf-8><title>SYNTHETIC bazaar</title></head><body><div class=nav><a href=/>Home</a> \
         <a href=/help>Help</a> <a href=/cart>Cart 0</a></div><ul class=menu><li><a href=/c/1>Teas (12)</a><li><a href=/c/2>Rice (8)</a>\
         <li><a href=/c/3>Silk (4)</a></ul>{rows}<p class=foot>SYNTHETIC page, nothing is sold here. 2024</p></body></html>"
    )
}

/// `title|vendor|price currency` of each row.
fn lines(rows: &[Listing]) -> Vec<String> {
    let get = |row: &Listing, field| row.get(field).unwrap_or("-").to_owned();
    rows.iter().map(|r| format!("{}|{}|{} {}", get(r, Field::Title), get(r, Field::Vendor), get(r, Field::Price), get(r, Field::Currency))).collect()
}

const GOODS: [(&str, &str, &str); 5] = [
    ("Green tea from the hills, 100 g", "bee_house", "5.50"), ("Black rice, 1 kg", "rice-lady", "12"), ("Silk scarf, blue", "bee_house", "39.99"),
    ("Honey in a jar, 250 g", "hillman", "7"), ("Wooden spoon, hand made", "rice-lady", "3.25"),
];

fn expected(currency: &str) -> Vec<String> {
    GOODS.iter().map(|(title, vendor, price)| format!("{title}|{vendor}|{price} {currency}")).collect()
}

fn rows_of(write: impl Fn(usize, &str, &str, &str) -> String) -> String {
    GOODS.iter().enumerate().map(|(i, (title, vendor, price))| write(i, title, vendor, price)).collect()
}

#[track_caller]
fn check_layout(page: &str, currency: &str) {
    let rows = by_structure(page);
    assert_eq!(lines(&rows), expected(currency), "in {page}");
    assert!(rows.iter().all(|row| matches!(row.read_by(), ReadBy::Structure { confidence } if *confidence >= 50)), "{rows:?}");
    lead_back(page.as_bytes(), &rows);
}

/// Every cell lies in its row, and its bytes hold what it says.
fn lead_back(page: &[u8], rows: &[Listing]) {
    for row in rows {
        assert!(row.start() < row.end() && row.end() <= page.len() as u64);
        for cell in row.cells() {
            let raw = String::from_utf8_lossy(&page[cell.start as usize..cell.end as usize]).into_owned();
            let value = cell.written.as_ref().or(cell.value.as_ref()).unwrap();
            let first: String = value.chars().take_while(|c| c.is_alphanumeric()).collect();
            assert!(raw.contains(&first), "{raw:?} for {cell:?}");
        }
    }
}

#[test]
fn a_table_without_classes() {
    let rows = rows_of(|i, title, vendor, price| {
        format!("<tr><td>{i}<td><a href='/offer/{i}'>{title}</a><td><a href='/u/{vendor}'>{vendor}</a><td>{price} EUR<td>{}", 5 + i)
    });
    check_layout(&wrap(&format!("<table border=1><tr><th>No<th>Title<th>Vendor<th>Price<th>Stock</tr>{rows}</table>")), "EUR");
}

#[test]
fn cards_in_rows_of_three() {
    let card = |i: usize, title: &str, vendor: &str, price: &str| {
        format!("<div class='col'><div class=card><h3><a href='/p/{i}'>{title}</a></h3><p>by <a class=seller href='/s/{vendor}'>{vendor}</a></p>\
            <p><b>${price}</b> <small>0.000{i}1 BTC</small></p><a class=btn href='/buy/{i}'>Buy now</a></div></div>")
    };
    let cards: Vec<String> = GOODS.iter().enumerate().map(|(i, (t, v, p))| card(i, t, v, p)).collect();
    let rows: String = cards.chunks(3).map(|chunk| format!("<div class=line>{}</div>", chunk.concat())).collect();
    check_layout(&wrap(&rows), "USD");
}

#[test]
fn a_list_with_labels_and_an_old_price() {
    let rows = rows_of(|i, title, vendor, price| {
        format!("<li class=offer><h4>{title}</h4><div>Vendor: <i>{vendor}</i></div><del class=old>99 USD</del> <span class=now>{price} USD</span>\
            <div>Ships from: Laos</div><div>Ships to: Worldwide</div><span>In stock: {i}4</span><a href='/offer/{i}'>Details</a></li>")
    });
    let page = wrap(&format!("<ul>{rows}</ul>"));
    check_layout(&page, "USD");
    let first = &by_structure(&page)[0];
    assert_eq!((first.get(Field::ShipsFrom), first.get(Field::ShipsTo), first.get(Field::Stock)), (Some("Laos"), Some("Worldwide"), Some("04")));
}

#[test]
fn rows_that_are_no_boxes() {
    let rows = rows_of(|i, title, vendor, price| format!("<h3><a href='/x/{i}'>{title}</a></h3><p>Seller: <b>{vendor}</b></p><p>Price: {price} XMR</p><hr>"));
    check_layout(&wrap(&rows), "XMR");
    let rows = rows_of(|i, title, vendor, price| {
        format!("<tr><td colspan=2><a href='/x/{i}'>{title}</a></td></tr><tr><td>{price} XMR</td><td><a href='/seller/{vendor}'>{vendor}</a></td></tr>")
    });
    check_layout(&wrap(&format!("<table>{rows}</table>")), "XMR");
}

#[test]
fn a_badly_written_page_and_one_cut_in_the_middle() {
    let rows = rows_of(|i, title, vendor, price| {
        format!("<DIV CLASS=Offer><A HREF=/p/{i}>{title}</A><BR>Vendor: <FONT color=red>{vendor}</B><BR>Price: <B>{price} EUR</FONT></DIV></DIV>")
    });
    check_layout(&wrap(&rows), "EUR");
    let page = wrap(&rows);
    let cut = &page[..page.find("Wooden").unwrap() + 3];
    assert_eq!(lines(&by_structure(cut))[..4], expected("EUR")[..4]);
}

#[test]
fn rows_without_a_price_are_rows_of_the_same_list() {
    let rows = rows_of(|i, title, vendor, price| {
        let price = if i == 2 { "sold out".to_owned() } else { format!("{price} EUR") };
        format!("<div class=item><a class=name href='/p/{i}'>{title}</a><a href='/vendor/{vendor}'>{vendor}</a><span class=price>{price}</span></div>")
    });
    let found = by_structure(&wrap(&rows));
    assert_eq!(found.len(), 5);
    assert_eq!((found[2].get(Field::Title), found[2].get(Field::Currency)), (Some("Silk scarf, blue"), None));
}

#[test]
fn pages_that_are_no_lists_give_no_rows() {
    for page in [
        wrap("<h1>About</h1><p>We ask 5 USD for entry, and gave 10 USD back in 2019-01-02.</p>"),
        wrap("<table><tr><td>a<td>1<tr><td>b<td>2<tr><td>c<td>3</table>"),
        wrap("<ul><li><a href=/1>one long name of a page</a><li><a href=/2>another long name of a page</a><li><a href=/3>a third one</a></ul>"),
        wrap("<p>2020-01-01 opened</p><p>2020-01-02 closed</p><p>2020-01-03 opened</p>"),
        "5 USD\n6 USD\n7 USD\n".to_owned(),
    ] {
        assert_eq!(lines(&by_structure(&page)), Vec::<String>::new(), "in {page}");
    }
}

#[test]
fn offers_in_lao_thai_and_russian() {
    for (label, price, unit, goods) in [
        ("ຜູ້ຂາຍ:", "ລາຄາ:", "ກີບ", ["ຊາຂຽວຈາກພູ", "ເຂົ້າໜຽວ ໑ ກິໂລ", "ຜ້າໄໝສີຟ້າ"]),
        ("ผู้ขาย:", "ราคา:", "บาท", ["ชาเขียวจากภูเขา", "ข้าวเหนียว ๑ กิโล", "ผ้าไหมสีฟ้า"]),
        ("Продавец:", "Цена:", "₽", ["Зелёный чай с гор", "Рис, один килограмм", "Шёлковый платок"]),
    ] {
        let rows: String = goods.iter().enumerate().map(|(i, good)| {
            format!("<div class=box><a href='/{i}'>{good}</a><br>{label} <b>shop_{i}</b><br>{price} {i}50 {unit}</div>")
        }).collect();
        let page = wrap(&rows);
        let code = match unit { "ກີບ" => "LAK", "บาท" => "THB", _ => "RUB" };
        let wanted: Vec<String> = goods.iter().enumerate().map(|(i, g)| format!("{g}|shop_{i}|{} {code}", [50, 150, 250][i])).collect();
        let rows = by_structure(&page);
        assert_eq!(lines(&rows), wanted, "in {page}");
        lead_back(page.as_bytes(), &rows);
    }
}

/// `author|date|text|quoted` of each post.
fn posts(rows: &[Listing]) -> Vec<String> {
    let get = |row: &Listing, field| row.get(field).unwrap_or("-").to_owned();
    rows.iter().map(|r| format!("{}|{}|{}|{}", get(r, Field::Author), get(r, Field::Date), get(r, Field::Text), get(r, Field::Quoted))).collect()
}

const TALK: [(&str, &str, &str, &str); 4] = [
    ("anna_k", "12 Mar 2024, 10:15", "Where do I find the green tea that was here last year?", ""),
    ("ບຸນມີ", "12 Mar 2024, 11:02", "ຊາຂຽວມີຢູ່ຮ້ານໃໝ່ ຢູ່ຂ້າງຕະຫຼາດເຊົ້າ ລາຄາຄືເກົ່າ", "Where do I find the green tea?"),
    ("สมชาย", "13 Mar 2024, 08:40", "ผมก็ซื้อที่ร้านนั้นเหมือนกัน ชาดีมาก แนะนำครับ", ""),
    ("Иван", "14 Mar 2024, 19:20", "Спасибо, завтра зайду в этот магазин и напишу, что нашёл.", "แนะนำครับ"),
];

fn quote(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<blockquote><div>{text}</div></blockquote>") }
}

fn talk() -> Vec<String> {
    TALK.iter().map(|(author, date, text, quoted)| format!("{author}|{date}|{text}|{}", if quoted.is_empty() { "-" } else { quoted })).collect()
}

fn phpbb(author: &str, date: &str, text: &str, quoted: &str, id: usize) -> String {
    format!("<div id=p{id} class='post has-profile bg{}'><div class=inner><dl class=postprofile id=profile{id}><dt><a href='./memberlist.php?mode=viewprofile&amp;u={id}' \
        class=username>{author}</a></dt><dd>Posts: {id}2</dd></dl><div class=postbody><h3><a href='#p{id}'>Re: tea</a></h3><p class=author><time datetime=x>{date}</time></p>\
        <div class=content>{}{text}</div></div></div></div><hr class=divider>", 1 + id % 2, quote(quoted))
}

fn smf(author: &str, date: &str, text: &str, quoted: &str, id: usize) -> String {
    format!("<div class=windowbg id=msg{id}><div class=post_wrapper><div class=poster><h4><a href='index.php?action=profile;u={id}'>{author}</a></h4><ul><li>Posts: {id}</li></ul></div>\
        <div class=postarea><div class=keyinfo><div class=smalltext>{date}</div></div><div class=post><div class=inner>{}{text}</div></div></div></div></div>", quote(quoted))
}

fn mybb(author: &str, date: &str, text: &str, quoted: &str, id: usize) -> String {
    format!("<div class='post classic' id=post_{id}><div class=post_author><div class=author_information><strong><span class=largetext><a href='user-{id}.html'>{author}</a></span></strong></div></div>\
        <div class=post_content><div class=post_head><span class=post_date>{date}</span></div><div class='post_body scaleimages'>{}{text}</div></div></div>", quote(quoted))
}

fn own_forum(author: &str, date: &str, text: &str, quoted: &str, id: usize) -> String {
    format!("<tr><td class=left><a href='/member/{id}'>{author}</a><br>level {id}<td><div class=when>{date}</div><div class=says>{}{text}</div>", quote(quoted))
}

#[test]
fn posts_of_the_usual_forums_and_of_an_unknown_one() {
    type Write = fn(&str, &str, &str, &str, usize) -> String;
    let forums: [(Write, Option<&str>); 4] = [(phpbb, Some("phpbb")), (smf, Some("smf")), (mybb, Some("mybb")), (own_forum, None)];
    for (write, profile) in forums {
        let body: String = TALK.iter().enumerate().map(|(i, (a, d, t, q))| write(a, d, t, q, i + 1)).collect();
        let body = if profile.is_some() { body } else { format!("<table>{body}</table>") };
        let page = format!("<html><head><title>SYNTHETIC forum - tea</title></head><body><h2 class=topic-title><a href='/t/1'>Where is the tea</a></h2><div>{body}</div></body></html>");
        for profiles in [Profiles::built_in(), Profiles::none()] {
            let rows = read(page.as_bytes(), &profiles, &Hints::default());
            assert_eq!(posts(&rows), talk(), "{profile:?} {} in {page}", profiles.names().len());
            assert!(rows.iter().all(|r| r.kind() == RowKind::Post && r.get(Field::Thread).is_some_and(|t| t.contains("tea"))), "{rows:?}");
            lead_back(page.as_bytes(), &rows);
            let named = matches!(rows[0].read_by(), ReadBy::Profile { name, .. } if Some(name.as_str()) == profile);
            assert_eq!(named, profile.is_some() && !profiles.names().is_empty());
        }
    }
}

const PROFILE: &str = r#"
format = 1
name = "bazaar"
version = "3"
item = "div.item"
[matches]
title = "SYNTHETIC bazaar"
select = ["div.item"]
hosts = ["bazaar.invalid"]
[fields.title]
select = "> a"
"#;

fn profile(fields: &str) -> Profiles {
    let mut profiles = Profiles::none();
    let text = PROFILE.replace("> a", ":scope > a:first-child") + fields;
    profiles.add("bazaar.toml", &text).unwrap();
    profiles
}

#[test]
fn a_profile_reads_cells_with_its_cleaners() {
    let page = wrap("<div class=item><a href=/1>Green &amp; white\n tea</a><p class=m>Cost: 1.500 for <b>you</b>, from Laos.</p><p>x</p><p data-n='7 left'>y</p></div>\
        <div class=item><a href=/2>Rice</a></div>");
    let profiles = profile("[fields.price]\nselect = \"p.m\"\nafter = \"Cost:\"\ncurrency = \"LAK\"\ndecimal = \"comma\"\n[fields.ships_from]\nselect = \"p:contains('from')\"\n\
        after = \"from \"\nbefore = \".\"\n[fields.stock]\nselect = \"p:nth-of-type(3)\"\nattribute = \"data-n\"\n[fields.rating]\nselect = \"p.m\"\nown = true\nbefore = \":\"\n\
        [fields.category]\nselect = \"p + p\"\n");
    let rows = read(page.as_bytes(), &profiles, &Hints::default());
    assert_eq!(lines(&rows), ["Green & white tea|-|1500 LAK", "Rice|-|- -"]);
    let get = |field| rows[0].get(field);
    assert_eq!([get(Field::ShipsFrom), get(Field::Stock), get(Field::Rating), get(Field::Category)], [Some("Laos"), Some("7 left"), Some("Cost"), Some("x")]);
    let price = rows[0].cells().iter().find(|c| c.field == Field::Price).unwrap();
    assert_eq!(&page[price.start as usize..price.end as usize], "1.500");
    let currency = rows[0].cells().iter().find(|c| c.field == Field::Currency).unwrap();
    assert!(currency.reason.contains("no currency is written; the profile says"), "{currency:?}");
    let title = rows[0].cells().iter().find(|c| c.field == Field::Title).unwrap();
    assert_eq!(&page[title.start as usize..title.end as usize], "Green &amp; white\n tea");
    assert!(title.reason.contains("bazaar 3"), "{title:?}");
}

#[test]
fn a_profile_is_used_on_its_own_site_only() {
    let page = wrap("<div class=item><a href=/1>Tea</a></div>");
    let rows = |page: &str, address| read(page.as_bytes(), &profile(""), &Hints { address, profiles_only: true, ..Hints::default() }).len();
    assert_eq!(rows(&page, None), 1);
    assert_eq!(rows(&page, Some("http://www.bazaar.invalid:80/x")), 1);
    assert_eq!(rows(&page, Some("http://otherbazaar.invalid/")), 0);
    assert_eq!(rows(&page.replace("SYNTHETIC bazaar", "another"), None), 0);
    assert_eq!(rows(&page.replace("class=item", "class=thing"), None), 0);
}

#[test]
fn what_is_no_profile_is_refused_with_the_reason() {
    let refused = |text: &str| Profiles::none().add("x.toml", text).unwrap_err().to_string();
    for (change, to, says) in [
        ("format = 1", "format = 2", "reads format 1"), ("item = ", "items = ", "items"), ("\"bazaar\"", "\"two words\"", "words of at most"),
        ("select = [\"div.item\"]", "select = [\"div..item\"]", "a class"), ("> a", "a:hover", "pseudo-class"), ("title = \"SYNTHETIC bazaar\"\nselect = [\"div.item\"]", "", "every page"),
        ("> a", "a\"\nnth = 0\nafter = \"", "counts from 1"), ("> a", "a\"\ncurrency = \"ABC", "USD or BTC"), ("[fields.title]", "[fields.colour]", "colour"),
    ] {
        let text = PROFILE.replace("> a", "a").replace(if change == "> a" { "select = \"a\"" } else { change }, &if change == "> a" { format!("select = \"{to}\"") } else { to.to_owned() });
        let error = refused(&text);
        assert!(error.contains(says) && error.starts_with("profile x.toml: "), "{change} -> {to}: {error}");
    }
}

#[test]
fn a_profile_of_the_same_name_takes_the_place_of_the_built_in_one() {
    let mut profiles = Profiles::built_in();
    let before = profiles.names().len();
    profiles.add("own.toml", &PROFILE.replace("> a", "a").replace("\"bazaar\"", "\"phpbb\"").replace("\"3\"", "\"mine\"")).unwrap();
    assert_eq!(profiles.names().len(), before);
    assert!(profiles.names().contains(&("phpbb", "mine")));
}

#[test]
fn a_draft_reads_what_the_structure_gave() {
    let rows = rows_of(|i, title, vendor, price| {
        format!("<div class='offer big'><a class=name href='/offer/{i}'>{title}</a><p>Ships from: Laos</p><a href='/vendor/{vendor}'>{vendor}</a><span class=price>{price} EUR</span></div>")
    });
    let page = wrap(&rows);
    let draft = draft_profile(page.as_bytes(), "saved/page\n1.html").unwrap();
    assert!(draft.starts_with("# DRAFT") && draft.contains("confidence: ") && draft.contains("# page: saved/page 1.html"), "{draft}");
    let mut profiles = Profiles::none();
    profiles.add("draft.toml", &draft).unwrap();
    let rows = read(page.as_bytes(), &profiles, &Hints { profiles_only: true, ..Hints::default() });
    assert_eq!(lines(&rows), expected("EUR"), "{draft}");
    assert_eq!(rows[4].get(Field::ShipsFrom), Some("Laos"), "{draft}");
    assert_eq!(rows[4].get(Field::Url), Some("/offer/4"), "{draft}");
    assert!(draft_profile(wrap("<p>nothing</p>").as_bytes(), "x").is_none());
}

#[test]
fn rows_are_never_mixed_from_a_profile_and_from_structure() {
    let rows = rows_of(|i, title, vendor, price| format!("<div class=item><b><a href='/{i}'>{title}</a></b> {vendor} <i>{price} EUR</i></div>"));
    let page = wrap(&rows);
    // The profile knows the page and finds no title in it: the structure is read instead, and says so.
    let found = read(page.as_bytes(), &profile(""), &Hints::default());
    assert!(found.len() == 5 && found.iter().all(|r| matches!(r.read_by(), ReadBy::Structure { .. })));
    assert_eq!(look(page.as_bytes(), &profile(""), &Hints { profiles_only: true, ..Hints::default() }).rows, []);
}

/// Goods in the languages of old charsets.
const OLD: [(&str, &str, [&str; 3]); 3] = [
    ("windows-1251", "windows-1251", ["Корзина из бамбука", "Чай с гор", "Бумажный фонарь"]),
    ("koi8-r", "KOI8-R", ["Корзина из бамбука", "Чай с гор", "Бумажный фонарь"]),
    ("tis-620", "windows-874", ["ตะกร้าไม้ไผ่", "ชาเขียวจากดอย", "โคมกระดาษสีแดง"]),
];

#[test]
fn pages_in_old_charsets_have_their_letters_and_their_places() {
    for (label, name, goods) in OLD {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        let rows: String = goods.iter().enumerate().map(|(i, title)| format!("<div class=offer><a href='/offer/{i}'>{title}</a><span>{}.50 USD</span></div>", i + 3)).collect();
        for declares in [true, false] {
            let page = wrap(&rows).replace("charset=utf-8", if declares { label } else { "" }).replace("<meta ", if declares { "<meta charset=" } else { "<meta " });
            let (raw, _, lost) = encoding.encode(&page);
            assert!(!lost);
            let charset = extract::decode::Charset::of(label).filter(|_| !declares);
            let found = read(&raw, &Profiles::none(), &Hints { charset, ..Hints::default() });
            let titles: Vec<_> = found.iter().map(|row| row.get(Field::Title).unwrap_or_default()).collect();
            assert_eq!(titles, goods, "{label}");
            for row in &found {
                for cell in row.cells().iter().filter(|cell| cell.field == Field::Title) {
                    let there = &raw[cell.start as usize..cell.end as usize];
                    assert_eq!(encoding.decode_without_bom_handling(there).0, cell.value.as_deref().unwrap());
                    assert!(cell.reason.contains(&format!("decoded from {name}")), "{}", cell.reason);
                }
                assert!(raw[row.start() as usize..row.end() as usize].starts_with(b"<div class=offer>"));
            }
            let draft = draft_profile(&raw, "old.html");
            assert!(draft.is_some() || !declares, "{label}");
        }
    }
}

#[test]
fn law_06_cells_of_an_old_charset_lead_back_to_their_bytes() {
    let title = |i: usize| format!("Чай номер {i}, зелёный");
    let rows: String = (0..600).map(|i| format!("<div class=offer><a href='/offer/{i}'>{}</a><b>{}.25 EUR</b></div>", title(i), i + 1)).collect();
    let page = wrap(&rows).replace("charset=utf-8", "charset=koi8-r");
    let (raw, ..) = encoding_rs::KOI8_R.encode(&page);
    let found = read(&raw, &Profiles::none(), &Hints::default());
    assert_eq!(found.len(), 600);
    for (i, row) in found.iter().enumerate() {
        let cell = |field| row.cells().iter().find(|cell| cell.field == field).unwrap();
        let there = |field| &raw[cell(field).start as usize..cell(field).end as usize];
        assert_eq!(encoding_rs::KOI8_R.decode_without_bom_handling(there(Field::Title)).0, title(i));
        assert_eq!(there(Field::Price), format!("{}.25 EUR", i + 1).as_bytes());
    }
}

#[test]
fn a_long_page_in_an_old_charset_is_told() {
    let raw = [b"<html><meta charset=koi8-r>".as_slice(), &b"\xc1 ".repeat(3 << 20)].concat();
    let look = look(&raw, &Profiles::none(), &Hints::default());
    assert!(look.notes.iter().any(|note| note.contains("another charset")), "{:?}", look.notes);
}

#[test]
fn pages_inside_a_mail_give_rows() {
    let rows = rows_of(|i, title, vendor, price| format!("<div class=offer><a href=3D'/offer/{i}'>{}</a> <a href=3D'/vendor/{vendor}'>{vendor}</a><span>=\r\n{price} EUR</span></div>\r\n", title.replace("tea", "=74ea")));
    let mail = format!("From: a@example.org\r\nTo: b@example.org\r\nDate: Mon, 02 Mar 2026 10:00:00 +0700\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html>{rows}</html>");
    let found = by_structure(&mail);
    assert_eq!(lines(&found), expected("EUR"));
    let title = found[0].cells().iter().find(|cell| cell.field == Field::Title).unwrap();
    assert_eq!(&mail[title.start as usize..title.end as usize], "Green =74ea from the hills, 100 g");
    assert!(title.reason.ends_with("quoted-printable undone"));
}
