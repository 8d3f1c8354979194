//! Canonical JSON against the facts of RFC 8785, and the narrower numbers of this house.

use model::canonical::{CanonicalError, is_canonical, to_bytes};
use proptest::prelude::*;
use serde_json::{Value, json};

fn check(value: &Value, expected: &str) {
    let bytes = to_bytes(value).unwrap();
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
    assert!(is_canonical(&bytes));
}

#[test]
fn names_are_sorted_by_utf_16_units() {
    // RFC 8785 §3.2.3: U+1F600 is D83D DE00 in UTF-16 and comes before U+FB33; by bytes or by code
    // points it would come after.
    check(
        &json!({"\u{20ac}": "Euro", "\r": "CR", "\u{fb33}": "Dalet", "1": "One", "\u{1f600}": "Smile", "\u{80}": "Ctrl", "\u{f6}": "o"}),
        "{\"\\r\":\"CR\",\"1\":\"One\",\"\u{80}\":\"Ctrl\",\"\u{f6}\":\"o\",\"\u{20ac}\":\"Euro\",\"\u{1f600}\":\"Smile\",\"\u{fb33}\":\"Dalet\"}",
    );
    check(&json!({"b": 1, "aa": 2, "a": 3, "": 4, "B": 5}), r#"{"":4,"B":5,"a":3,"aa":2,"b":1}"#);
    check(&json!({"b": {"d": 1, "c": [{"z": 1, "y": 2}]}, "a": []}), r#"{"a":[],"b":{"c":[{"y":2,"z":1}],"d":1}}"#);
}

#[test]
fn strings_escape_only_what_must_be() {
    check(&json!("\u{8}\t\n\u{c}\r\"\\"), r#""\b\t\n\f\r\"\\""#);
    check(&json!("\u{0}\u{1f}"), r#""\u0000\u001f""#);
    check(&json!("</script>/\u{7f}\u{2028}ກຂ🙂"), "\"</script>/\u{7f}\u{2028}ກຂ🙂\"");
    // No normalisation: é composed and é decomposed stay two strings.
    check(&json!(["\u{e9}", "e\u{301}"]), "[\"\u{e9}\",\"e\u{301}\"]");
}

#[test]
fn integers_stop_where_a_double_does() {
    const MOST: i64 = (1 << 53) - 1;
    check(&json!([0, -1, MOST, -MOST]), "[0,-1,9007199254740991,-9007199254740991]");
    for value in [json!(MOST + 1), json!(-MOST - 1), json!(u64::MAX), json!(i64::MIN)] {
        assert!(matches!(to_bytes(&value), Err(CanonicalError::TooBig(_))), "{value}");
    }
    assert!(to_bytes(&json!({"deep": [{"n": 1_u64 << 53}]})).is_err());
    assert!(matches!(to_bytes(&u128::MAX), Err(CanonicalError::NotJson(_))));
}

#[test]
fn floats_are_refused_even_when_they_look_whole() {
    for value in [json!(0.5), json!(1.0), json!(-0.0), json!(1e300)] {
        assert!(matches!(to_bytes(&value), Err(CanonicalError::Float(_))), "{value}");
    }
    // JSON knows no NaN; what serde makes of it must not pass as a number.
    assert_eq!(to_bytes(&f64::NAN).unwrap(), b"null");
}

fn check_is(text: &str, expected: bool) {
    assert_eq!(is_canonical(text.as_bytes()), expected, "{text}");
}

#[test]
fn only_one_spelling_is_canonical() {
    for text in ["null", "true", "[]", "{}", "\"\"", "0", r#"{"a":1,"b":2}"#, r#"["é"]"#] {
        check_is(text, true);
    }
    for text in [
        "", " null", "null ", "null\n", "[1, 2]", r#"{"b":2,"a":1}"#, r#"{"a":1,"a":1}"#, r#"["\u00e9"]"#, r#"["\/"]"#, "1.0",
        "1e2", "-0", "01", "9007199254740992", "[1,]", "{\"a\":1}x", "\u{feff}null", "nan",
    ] {
        check_is(text, false);
    }
    assert!(!is_canonical(b"\"\xff\""));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..(1 << 53)).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_canonical_form_keeps_the_value_and_is_its_own(value in values()) {
        let bytes = to_bytes(&value).unwrap();
        prop_assert!(is_canonical(&bytes));
        prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
    }

    #[test]
    fn strange_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = is_canonical(&bytes);
    }
}
