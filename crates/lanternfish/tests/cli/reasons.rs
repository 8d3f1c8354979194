//! Refusals in the language of who reads them: the reason with its values, the English words of the record under it, and
//! the code by which a program knows it.

use serde_json::json;

use crate::{
    office::{BOUNMY, KHAM, NOY, Office, string},
    workspace::{Open, number},
};

/// The cookies of a person who reads Lao.
fn in_lao(token: &str) -> String {
    format!("{token}; lanternfish-language=lo")
}

#[test]
fn a_refused_step_says_why_in_lao_with_its_values_and_in_the_words_of_the_record() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = in_lao(office.token(NOY));
    let asked = open.form(&noy, "/step/transfer/offer", &[("_number", &*number(1)), ("case", &office.case), ("exhibit", "E-0099"), ("to", KHAM), ("purpose", "ເກັບຮັກສາ")]);
    let page = open.answer(&noy, &asked).is(422).says("ໃນຄະດີນີ້").says("<bdi>E-0099</bdi>");
    page.says("<q lang=\"en\">there is no exhibit E-0099 in this case: see `lanternfish exhibit list`</q>");
    // What a form lacks is named as the form names it.
    let missing = open.form(&noy, "/step/transfer/offer", &[("_number", &*number(2)), ("case", &office.case), ("exhibit", "E-0099"), ("purpose", "p")]);
    missing.is(422).says("ຍັງຂາດຊ່ອງ").says("<q lang=\"en\">&quot;to&quot; is missing: ");
    // Who reads English reads it once.
    let asked = open.form(office.token(NOY), "/step/transfer/offer", &[("_number", &*number(3)), ("case", &office.case), ("exhibit", "E-0099"), ("to", KHAM), ("purpose", "p")]);
    let page = open.answer(office.token(NOY), &asked).is(422).text();
    assert_eq!(page.matches("there is no exhibit E-0099 in this case").count(), 1, "{page}");
    // A program hears the same words, and a code that stays when they are mended.
    let program = open.step(office.token(NOY), "transfer/offer", &json!({"case": office.case, "exhibit": "E-0099", "to": KHAM, "purpose": "p"})).is(422).json();
    assert_eq!((&program["code"], &program["error"]), (&json!("no-exhibit"), &json!("there is no exhibit E-0099 in this case: see `lanternfish exhibit list`")));
    office.sound_log();
}

#[test]
fn what_no_authority_covers_is_refused_in_lao_down_to_what_the_nearest_one_lacks() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM, BOUNMY]);
    let open = Open::of(&office);
    let noy = in_lao(office.token(NOY));
    let look = |n: u32| {
        let asked = open.form(&noy, "/step/selectors", &[("_number", &*number(n)), ("case", &office.case), ("purpose", "to look")]);
        open.answer(&noy, &asked).is(403).text()
    };
    let none = look(1);
    assert!(none.contains("ບໍ່ມີຄຳສັ່ງອະນຸຍາດທີ່ມີຜົນຢູ່ ກວມເອົາ \"ຄົ້ນຫາ\"") || none.contains("ບໍ່ມີຄຳສັ່ງອະນຸຍາດທີ່ມີຜົນຢູ່ ກວມເອົາ &quot;ຄົ້ນຫາ&quot;"), "{none}");
    assert!(none.contains("<q lang=\"en\">refused by law 1: no live authority covers `query` here"), "{none}");
    let told = office.in_case(NOY, "selectors", &["--purpose", "to look"]).by_law(1).line();
    assert_eq!(string(&told["code"]), "no-authority-recorded");
    // One that reaches other actions alone is named, with what it lacks.
    office.unit_authority(&["admit"]);
    let nearest = look(2);
    assert!(nearest.contains("ໃກ້ຄຽງທີ່ສຸດແມ່ນຄຳສັ່ງອະນຸຍາດຂອງໜ່ວຍງານ") && nearest.contains("ຢູ່ນອກຂອບເຂດຂອງມັນ"), "{nearest}");
    office.sound_log();
}

#[test]
fn a_wrong_login_is_told_in_lao_and_names_nobody() {
    let office = Office::staffed();
    let open = Open::of(&office);
    let wrong = |name: &str| open.form(&in_lao(""), "/login", &[("name", name), ("passphrase", "not the right words"), ("code", "")]).is(403).text();
    let page = wrong(NOY);
    assert!(page.contains("ວະລີລະຫັດຜ່ານ, ລະຫັດລົງທະບຽນ") && page.contains("<q lang=\"en\">refused by law 13: name, passphrase, enrolment code"), "{page}");
}

#[test]
fn law_14_a_refusal_of_any_length_is_not_compared_with_every_sentence() {
    assert_eq!(web::reason_code("E-0001: this release was decided already"), Some("release-decided"));
    let typed = "E-0001: this release was decided already\n".repeat(200_000);
    assert_eq!(web::reason_code(&typed), None, "what is longer than any sentence of the house is none of them");
    // It comes from a form or a program, and the answer is there at once: a field that no step has is quoted in the refusal.
    let office = Office::working();
    let open = Open::of(&office);
    let mut fields = json!({"case": office.case});
    fields[": ".repeat(400_000)] = json!("x");
    let begun = std::time::Instant::now();
    let told = open.step(office.token(NOY), "exhibit/list", &fields);
    assert_eq!(told.status, 422);
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}
