//! One synthetic case in every language; shared with the tests of `typeset`. No real person or address.

use std::collections::{BTreeMap, BTreeSet};

use model::actor::Role;
use model::authority::{AuthorityKind, Standing};
use model::event::EventType;
use model::exhibit::{ExhibitClass, ExhibitKind};
use model::finding::FindingKind;
use model::moment::ClockQuality;
use model::statement::{Basis, Statement, StatementKind, Template};
use model::{Moment, Sha256Digest};
use report::*;

/// Facts planted in the paper, in its language: a capture, an admission, a search without result.
pub fn planted(language: Language) -> [&'static str; 4] {
    match language {
        Language::En => [
            "On 20 November the officer captured the page of the market “Lotus Lantern” (SYNTHETIC) at 09:41.",
            "The page offers 12 parcels and asks for payment to one Bitcoin address.",
            "A search for the telephone number found nothing in the captured pages.",
            "I have worked for six years as an examiner of digital evidence.",
        ],
        Language::Lo => [
            "ວັນທີ 20 ພະຈິກ ເຈົ້າໜ້າທີ່ໄດ້ບັນທຶກໜ້າເວັບຂອງຕະຫຼາດ “ໂຄມບົວ” (SYNTHETIC) ເວລາ 09:41 ໂດຍນຳໃຊ້ຄອມພິວເຕີຂອງພະແນກ.",
            "ໜ້າເວັບສະເໜີຂາຍ 12 ຫໍ່ ແລະ ຂໍໃຫ້ຈ່າຍເງິນເຂົ້າທີ່ຢູ່ບິດຄອຍໜຶ່ງແຫ່ງ ຜູ້ຂາຍກຳນົດໃຫ້ຜູ້ຊື້ສົ່ງຂໍ້ຄວາມກ່ອນ.",
            "ການຄົ້ນຫາເບີໂທລະສັບບໍ່ພົບຫຍັງໃນໜ້າທີ່ບັນທຶກໄວ້.",
            "ຂ້າພະເຈົ້າໄດ້ເຮັດວຽກກວດຫຼັກຖານດິຈິຕອນເປັນເວລາຫົກປີ.",
        ],
        Language::Th => [
            "เมื่อวันที่ 20 พฤศจิกายน เจ้าหน้าที่บันทึกหน้าเว็บของตลาด “โคมบัว” (SYNTHETIC) เวลา 09:41 น. โดยใช้คอมพิวเตอร์ของหน่วยงานที่ตรวจสอบแล้ว",
            "หน้าเว็บเสนอขายพัสดุ 12 ชิ้นและขอให้ชำระเงินไปยังที่อยู่บิตคอยน์หนึ่งแห่ง ผู้ขายกำหนดให้ผู้ซื้อส่งข้อความก่อนชำระเงิน",
            "การค้นหาหมายเลขโทรศัพท์ไม่พบสิ่งใดในหน้าที่บันทึกไว้",
            "ข้าพเจ้าทำงานตรวจพยานหลักฐานดิจิทัลมาหกปี",
        ],
        Language::Km => [
            "នៅថ្ងៃទី ២០ ខែវិច្ឆិកា មន្ត្រីបានចាប់យកទំព័រនៃផ្សារ “គោមឈូក” (SYNTHETIC) នៅម៉ោង 09:41 ដោយប្រើកុំព្យូទ័ររបស់ស្ថាប័ន។",
            "ទំព័រនេះដាក់លក់កញ្ចប់ចំនួន ១២ ហើយសុំឱ្យបង់ប្រាក់ទៅអាសយដ្ឋានប៊ីតខញមួយ អ្នកលក់តម្រូវឱ្យអ្នកទិញផ្ញើសារជាមុន។",
            "ការស្វែងរកលេខទូរស័ព្ទរកមិនឃើញអ្វីនៅក្នុងទំព័រដែលបានចាប់យកទេ។",
            "ខ្ញុំបានធ្វើការពិនិត្យភស្តុតាងឌីជីថលអស់រយៈពេលប្រាំមួយឆ្នាំ។",
        ],
        Language::My => [
            "နိုဝင်ဘာလ ၂၀ ရက်နေ့တွင် အရာရှိသည် “ကြာမီးအိမ်” ဈေး (SYNTHETIC) ၏ စာမျက်နှာကို 09:41 နာရီတွင် ဌာန၏ ကွန်ပျူတာဖြင့် ဖမ်းယူခဲ့သည်။",
            "စာမျက်နှာတွင် ပါဆယ် ၁၂ ထုပ် ရောင်းချပြီး ဘစ်ကွိုင်လိပ်စာတစ်ခုသို့ ငွေပေးချေရန် တောင်းဆိုထားသည်။ ရောင်းသူက ဝယ်သူအား စာကြိုပို့ရန် သတ်မှတ်ထားသည်။",
            "တယ်လီဖုန်းနံပါတ် ရှာဖွေမှုတွင် ဖမ်းယူထားသော စာမျက်နှာများ၌ မည်သည့်အရာမျှ မတွေ့ပါ။",
            "ကျွန်ုပ်သည် ဒစ်ဂျစ်တယ်သက်သေခံ စစ်ဆေးသူအဖြစ် ခြောက်နှစ် လုပ်ကိုင်ခဲ့သည်။",
        ],
        Language::Ru => [
            "20 ноября сотрудник записал страницу рынка «Лотосовый фонарь» (SYNTHETIC) в 09:41 на служебном компьютере.",
            "На странице предлагаются 12 посылок и указан один адрес биткойн для оплаты.",
            "Поиск номера телефона ничего не дал на записанных страницах.",
            "Я шесть лет работаю экспертом по цифровым доказательствам.",
        ],
        Language::Vi => [
            "Ngày 20 tháng 11, cán bộ đã thu thập trang của chợ “Đèn Sen” (SYNTHETIC) lúc 09:41 bằng máy tính của cơ quan.",
            "Trang này chào bán 12 kiện hàng và yêu cầu thanh toán đến một địa chỉ bitcoin.",
            "Việc tìm số điện thoại không thấy gì trong các trang đã thu thập.",
            "Tôi đã làm giám định viên chứng cứ số được sáu năm.",
        ],
        Language::Zh => [
            "11月20日，办案人员于09:41使用单位计算机采集了“莲灯”市场（SYNTHETIC）的页面，并当场计算了所收到内容的散列值。",
            "该页面出售12件包裹，并要求向一个比特币地址付款。",
            "在所采集的页面中检索该电话号码，没有结果。",
            "本人从事电子证据检验工作六年。",
        ],
    }
}

pub fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

fn resolved(findings: &[&str], exhibits: &[&str], events: &[u64]) -> Basis {
    let own = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    Basis::Resolved { findings: own(findings), exhibits: own(exhibits), events: events.to_vec() }
}

fn statement(id: &str, kind: StatementKind, text: &str, basis: Basis) -> Statement {
    Statement { id: id.into(), kind, text: text.into(), basis }
}

fn finding(number: &str, kind: FindingKind, text: &str, exculpatory: bool) -> FindingRow {
    FindingRow {
        number: number.into(),
        kind,
        text: text.into(),
        method: "reading of the capture, lanternfish extract 0.1.0".into(),
        error_rate: "not known".into(),
        counter_evidence: vec!["the page may have been copied from elsewhere".into()],
        exculpatory,
        grading: Some("B2".into()),
        queries: vec![],
    }
}

fn exhibit(number: &str, kind: ExhibitKind, digest: Digest) -> ExhibitRow {
    ExhibitRow {
        number: number.into(),
        kind,
        class: ExhibitClass::Ordinary,
        source: "http://lotuslantern.example.invalid/ (SYNTHETIC)".into(),
        digest,
        custodian: "A-7f3c".into(),
        seal_number: (kind == ExhibitKind::Physical).then(|| "SB-004711".into()),
        interim: kind == ExhibitKind::Physical,
    }
}

fn header() -> Header {
    Header {
        case_number: "2026-0001".into(),
        report_id: "R-0001".into(),
        agency: "Training Unit (SYNTHETIC)".into(),
        officer: Officer { pseudonym: "A-7f3c".into(), role: Role::Investigator, name: "S. Example".into() },
        authorities: vec![AuthorityLine {
            number: "AU-0001 court order 12/2026".into(),
            issuer: "Synthetic District Court".into(),
            transcribed: true,
            instrument: Some(Instrument {
                kind: AuthorityKind::CourtOrder,
                standing: Standing::Ended { at: moment("2026-11-21T17:00:00Z") },
                from: moment("2026-11-01T17:00:00Z"),
                until: moment("2026-11-21T17:00:00Z"),
            }),
        }],
        checkpoint: Checkpoint {
            origin: "training.example/log".into(),
            size: 57,
            root: "q0cPqPzUyGAy8ZWsHlRvVtOiM4xg4JbZ6YbQmMOSzCI=".into(),
        },
        witness: WitnessStatus::UnwitnessedSince { since: moment("2026-11-01T02:00:00Z"), paper: None },
        clock: ClockQuality::Synchronised { error_micros: 412 },
        unmet_separations: vec!["The officer who captured also wrote the report.".into()],
    }
}

fn record() -> ActionRecord {
    ActionRecord {
        place: "Room 4, Training Unit".into(),
        started: moment("2026-11-20T02:30:00Z"),
        ended: moment("2026-11-20T04:10:00Z"),
        participants: vec!["S. Example, investigator".into(), "K. Sample, technician".into()],
        witnesses: vec!["M. Witness One".into(), "P. Witness Two".into()],
        interpreter: Some("L. Interpreter (lo–en)".into()),
        remarks: vec![],
    }
}

/// What fills the other headings that an expert report may not leave empty.
const EXPERT: [(&str, Section); 4] = [
    ("The listing was probably written by one hand.", Section::Summary),
    ("The capture E-0001, from the exhibit room.", Section::Instructions),
    ("No writings were relied on.", Section::Literature),
    ("The error rate of a comparison by eye is not known.", Section::Reliability),
];

/// A complete, sound draft.
pub fn draft(template: Template, language: Language) -> Draft {
    let [seen, offered, nothing, experience] = planted(language);
    let mut statements = vec![
        statement("S-001", StatementKind::Fact, seen, resolved(&["F-0001"], &["E-0001"], &[17, 18])),
        statement("S-002", StatementKind::Exculpatory, offered, resolved(&["F-0002"], &["E-0002"], &[])),
        statement("S-003", StatementKind::NullSearch, nothing, resolved(&["F-0003"], &[], &[21])),
        statement("S-004", StatementKind::Fact, experience, Basis::OwnKnowledge),
    ];
    let mut sections = BTreeMap::from([("S-004".to_string(), Section::Qualifications)]);
    let mut findings = vec![
        finding("F-0001", FindingKind::Fact, seen, false),
        finding("F-0002", FindingKind::Fact, offered, true),
        finding("F-0003", FindingKind::NullSearch, nothing, false),
    ];
    if template == Template::ExpertReport {
        let text = format!("{seen} (5)");
        statements.push(statement("S-005", StatementKind::Opinion, &text, resolved(&["F-0004"], &["E-0001"], &[])));
        findings.push(finding("F-0004", FindingKind::Opinion, &text, false));
        for (n, (text, section)) in (6..).zip(EXPERT) {
            let id = format!("S-{n:03}");
            statements.push(statement(&id, StatementKind::Form, text, Basis::OwnKnowledge));
            sections.insert(id, section);
        }
    }
    Draft {
        template,
        language,
        jurisdiction: jurisdiction(language),
        header: header(),
        statements,
        sections,
        record: Some(record()),
        findings,
        exhibits: vec![
            exhibit("E-0001", ExhibitKind::Capture, Digest::Sha256(Sha256Digest::of(b"page"))),
            exhibit("E-0002", ExhibitKind::Physical, Digest::None),
        ],
        custody: custody(),
        null_searches: vec![NullSearchRow {
            number: "Q-0009".into(),
            text: "+856 20 5555 0000 (SYNTHETIC), E-0001".into(),
            method: "index 1".into(),
            at: moment("2026-11-21T03:00:00Z"),
        }],
        tool: Tool { name: "lanternfish 0.1.0".into(), build: Sha256Digest::of(b"build").hex(), config: Sha256Digest::of(b"config").hex() },
        reported_at: moment("2026-11-22T02:00:00Z"),
        synthetic: true,
    }
}

fn jurisdiction(language: Language) -> Jurisdiction {
    let code = match language {
        Language::En => "training",
        Language::Km => "kh",
        Language::Lo => "la",
        Language::My => "mm",
        Language::Ru => "kz",
        Language::Th => "th",
        Language::Vi => "vn",
        Language::Zh => "cn",
    };
    Jurisdiction::named(code).unwrap()
}

fn custody() -> Vec<CustodyRow> {
    let row = |n: i64| CustodyRow {
        at: moment("2026-11-20T02:41:00Z").plus_seconds(n * 3600),
        exhibit: if n % 2 == 0 { "E-0001".into() } else { "E-0002".into() },
        event: [EventType::TransferOffered, EventType::TransferAccepted, EventType::CustodyReassigned, EventType::InterimCustody][(n % 4) as usize],
        seq: (17 + n) as u64,
        from: "A-7f3c".into(),
        to: "A-11d0".into(),
        interim: n % 4 == 3,
        remarks: if n == 3 { vec!["nobody was there at night".into()] } else { vec![] },
    };
    (0..14).map(row).collect()
}

/// What the case of [`draft`] holds.
pub fn known() -> KnownObjects {
    let set = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<BTreeSet<_>>();
    KnownObjects {
        findings: set(&["F-0001", "F-0002", "F-0003", "F-0004"]),
        exhibits: set(&["E-0001", "E-0002"]),
        events: (1..=57).collect(),
        exculpatory: set(&["F-0002"]),
        opinions: set(&["F-0004"]),
        null_searches: set(&["F-0003", "Q-0009"]),
        null_queries: [9, 21].into(),
    }
}
