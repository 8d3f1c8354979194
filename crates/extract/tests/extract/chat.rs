//! Chat exports: each field of each message, exact places, broken exports, and what is no export.

use extract::chat::{fuzz_chat, may_be_chat, read};
use model::chat::{ChatFormat, Message, NOT_TOLD};
use proptest::prelude::*;

fn corpus(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/chat").join(name)).unwrap()
}

fn written(message: &Message) -> &str {
    &message.time.as_ref().unwrap().written
}

#[test]
fn telegram_json_gives_every_field_and_the_bytes_of_each_message() {
    let bytes = corpus("telegram.json");
    let messages = read(&bytes);
    assert_eq!(messages.len(), 3);
    assert_eq!((messages[0].service.as_deref(), messages[0].author.as_deref()), (Some("create_group"), Some("Anna")));
    let second = &messages[1];
    assert_eq!(second.conversation.as_deref(), Some("ຕະຫຼາດ One"));
    assert_eq!((second.author.as_deref(), second.author_id.as_deref()), (Some("Anna \"A\""), Some("user1")));
    assert_eq!(second.text, "write to vendor@example.org now {not a brace}");
    let time = second.time.as_ref().unwrap();
    assert_eq!((time.written.as_str(), time.zone.as_str(), time.unix_ms), ("2024-01-02T03:04:05", NOT_TOLD, Some(1_704_139_445_000)));
    assert_eq!((second.reply_to.as_deref(), second.edited.as_deref(), second.forwarded_from.as_deref()), (Some("1"), Some("2024-01-02T03:10:00"), Some("Channel")));
    assert_eq!(second.attachments[0].name, "photos/photo_1.jpg");
    let raw = &bytes[second.start as usize..second.end as usize];
    assert!(raw.starts_with(b"{\n   \"id\": 2") && raw.ends_with(b"}"));
    assert_eq!((messages[2].text.as_str(), messages[2].attachments[0].kind.as_deref()), ("список", Some("document")));
    // A window of a large export begins in the middle.
    let middle = memchr::memmem::find(&bytes, b"\"id\": 1,").unwrap();
    let rest = read(&bytes[middle..]);
    assert_eq!((rest.len(), rest[0].id.as_deref()), (2, Some("2")));
    // A cut export gives what is whole.
    let cut = memchr::memmem::find(&bytes, b"\"id\": 3").unwrap();
    assert_eq!(read(&bytes[..cut + 40]).len(), 2);
}

#[test]
fn signal_json_is_read_with_quotes_edits_and_attachments() {
    let messages = read(&corpus("signal.json"));
    assert_eq!(messages.len(), 2);
    let first = &messages[0];
    assert_eq!((first.format, first.conversation.as_deref(), first.author.as_deref()), (ChatFormat::SignalJson, Some("c-1"), Some("+66812345678")));
    assert_eq!((first.text.as_str(), first.reply_to.as_deref(), first.attachments[0].kind.as_deref()), ("hello", Some("1704139000000"), Some("image/jpeg")));
    assert_eq!(first.time.as_ref().unwrap().unix_ms, Some(1_704_139_445_123));
    assert_eq!((messages[1].edited.as_deref(), messages[1].author.as_deref()), (Some("yes"), Some("the device's owner (outgoing)")));
}

#[test]
fn telegram_html_is_read_as_the_page_shows_it() {
    let bytes = corpus("telegram.html");
    let messages = read(&bytes);
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[0].service.as_deref(), Some("2 January 2024"));
    let second = &messages[1];
    assert_eq!((second.conversation.as_deref(), second.author.as_deref(), second.id.as_deref()), (Some("Market & Co"), Some("Anna"), Some("7")));
    assert_eq!(second.text, "write to vendor@example.org\nsecond line");
    let time = second.time.as_ref().unwrap();
    assert_eq!((time.written.as_str(), time.zone.as_str()), ("02.01.2024 03:04:05 UTC+07:00", "UTC+07:00"));
    assert_eq!((second.reply_to.as_deref(), second.attachments[0].name.as_str()), (Some("5"), "photos/photo_1.jpg"));
    assert!(bytes[second.start as usize..].starts_with(b"<div class=\"message default"));
    let third = &messages[2];
    assert_eq!((third.author.as_deref(), third.forwarded_from.as_deref().map(|f| f.starts_with("Boris")), third.text.as_str()), (Some("Anna"), Some(true), "passed on"));
}

#[test]
fn whatsapp_text_of_both_phones() {
    let messages = read(&corpus("whatsapp-ios.txt"));
    assert_eq!(messages.len(), 4);
    assert_eq!((messages[1].author.as_deref(), messages[1].text.as_str()), (Some("Anna"), "hello: there\nsecond line"));
    assert_eq!((messages[2].author.as_deref(), messages[2].attachments[0].name.as_str()), (Some("Boris Б"), "00000002-PHOTO-2024.jpg"));
    assert_eq!((messages[3].text.as_str(), messages[3].edited.as_deref()), ("changed", Some("yes")));
    let time = messages[3].time.as_ref().unwrap();
    assert_eq!((time.written.as_str(), time.zone.as_str(), time.order.as_deref()), ("13.01.24, 03:06:00", NOT_TOLD, Some("day first")));
    let messages = read(&corpus("whatsapp-android.txt"));
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[0].service.as_deref(), Some("Messages are encrypted."));
    assert_eq!((messages[1].attachments[0].name.as_str(), messages[1].text.as_str()), ("IMG-20240102-WA0001.jpg", "\ncaption"));
    assert_eq!(messages[2].attachments[0].kind.as_deref(), Some("Media omitted"));
    assert_eq!((messages[3].text.as_str(), messages[3].time.as_ref().unwrap().order.as_deref()), ("see <b> & so on", Some("month first")));
}

#[test]
fn dates_of_many_places_are_read() {
    for stamp in [
        "[02.01.24, 03:04:05] ", "02/01/2024, 03:04 - ", "2/1/24, 3:04 PM - ", "02.01.24, 03:04 - ", "2024-01-02, 03:04 - ", "2024/1/2 15:04 - ", "[2024/1/2 下午3:04:05] ",
        "2/1/2567 03:04 - ", "2/1/2024, 3:04 น. - ", "2/1/24, 3:04 p. m. - ", "2/1/24 03.04 - ", "[2-1-2024 03:04:05] ", "๒/๑/๒๕๖๗ ๐๓:๐๔ - ", "2024年1月2日 15:04 - ", "[2/1/24, 3:04:05\u{202f}AM] ",
    ] {
        let export = format!("{stamp}Anna: one\n{stamp}Boris: two\n");
        let messages = read(export.as_bytes());
        let authors: Vec<_> = messages.iter().map(|m| m.author.as_deref().unwrap_or("")).collect();
        assert_eq!(authors, ["Anna", "Boris"], "{stamp:?}");
        assert!(stamp.contains(written(&messages[0])) && written(&messages[0]).len() > 8, "{stamp:?}: {:?}", written(&messages[0]));
        assert_eq!(messages[1].start as usize, export.find('\n').unwrap() + 1);
    }
}

#[test]
fn a_chat_in_another_charset_keeps_its_places() {
    let export = "02.01.24, 03:04 - Анна: привет всем, кто читает это\n02.01.24, 03:05 - Борис: и тебе привет, как дела сегодня\n";
    let (raw, _, _) = encoding_rs::WINDOWS_1251.encode(export);
    let messages = read(&raw);
    assert_eq!((messages[1].author.as_deref(), messages[1].text.as_str()), (Some("Борис"), "и тебе привет, как дела сегодня"));
    assert!(raw[messages[1].start as usize..].starts_with(b"02.01.24, 03:05"));
    let wide: Vec<u8> = export.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&[&[0xff, 0xfe], &wide[..]].concat()).len(), 2);
}

#[test]
fn what_is_no_export_gives_nothing() {
    for other in ["", "{}", "<html><div class='message'>x</div>", "12.01.24 a note", "{\"messages\": [], \"ok\": true}", "From: a\nDate: b\n\nbody", "1.2.3.4:80 - open"] {
        assert!(read(other.as_bytes()).is_empty(), "{other}");
    }
    assert!(!may_be_chat(b"<html>") && may_be_chat(&corpus("telegram.json")));
}

fn piece() -> impl Strategy<Value = String> {
    let parts = ["{\"id\":1,", "\"date\":\"x\",", "\"text\":\"y\"}", "\"sent_at\":1,\"body\":", "[", "]", "{", "}", "\"", "\\", "\"messages\":", "\n", "[02.01.24, 03:04:05] ", "A: ", "1/2/24, 3:04 - ", "<div class=\"message ", "<div class=\"text\">", "</div>", "from_name\">", "\u{200e}", "<", ">", "\"date_unixtime\": \"9\"", "\"type\": \"message\"", "\"text_entities\":", "name"];
    prop_oneof![proptest::sample::select(parts.map(str::to_owned).to_vec()), "[ -~]{0,6}", "\\PC{0,4}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_bytes_are_messages_in_order(parts in proptest::collection::vec(piece(), 0..60)) {
        fuzz_chat(parts.concat().as_bytes());
    }

    #[test]
    fn flipped_exports_are_messages_in_order(name in proptest::sample::select(vec!["telegram.json", "signal.json", "telegram.html", "whatsapp-ios.txt", "whatsapp-android.txt"]), flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut bytes = corpus(name);
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        fuzz_chat(&bytes);
        fuzz_chat(&bytes[..cut.index(bytes.len())]);
    }
}

#[test]
fn the_corpus_of_chats_is_replayed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/chat");
    let mut count = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        (0..bytes.len()).step_by(97).for_each(|length| fuzz_chat(&bytes[..length]));
        fuzz_chat(&bytes);
        count += 1;
    }
    assert!(count >= 5, "{count} files");
}
