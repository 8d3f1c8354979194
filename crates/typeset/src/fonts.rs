//! The fonts of the house, inside the binary: an officer's air-gapped PC has no Lao, Khmer or Burmese
//! font. Licence and source of each: `fonts/FONTS.md`, `fonts/OFL.txt`. Nothing is read from the system.

use std::sync::OnceLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

const FILES: [&[u8]; 12] = [
    include_bytes!("../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../fonts/NotoSans-Bold.ttf"),
    include_bytes!("../fonts/NotoSansLao-Regular.ttf"),
    include_bytes!("../fonts/NotoSansLao-Bold.ttf"),
    include_bytes!("../fonts/NotoSansThai-Regular.ttf"),
    include_bytes!("../fonts/NotoSansThai-Bold.ttf"),
    include_bytes!("../fonts/NotoSansKhmer-Regular.ttf"),
    include_bytes!("../fonts/NotoSansKhmer-Bold.ttf"),
    include_bytes!("../fonts/NotoSansMyanmar-Regular.ttf"),
    include_bytes!("../fonts/NotoSansMyanmar-Bold.ttf"),
    include_bytes!("../fonts/NotoSansSC-Regular.ttf"),
    include_bytes!("../fonts/NotoSansMono-Regular.ttf"),
];

/// The fonts with their book, read once for each process.
pub(crate) struct Fonts {
    pub book: LazyHash<FontBook>,
    pub fonts: Vec<Font>,
}

pub(crate) fn shipped() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| {
        let fonts: Vec<Font> = FILES.iter().flat_map(|file| Font::iter(Bytes::new(*file))).collect();
        Fonts { book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts }
    })
}

/// Names of the font families a template may ask for.
pub fn family_names() -> Vec<String> {
    shipped().book.families().map(|(name, _)| name.to_string()).collect()
}

/// Whether some shipped font has a glyph for `letter`, or none is needed.
pub(crate) fn can_show(letter: char) -> bool {
    letter.is_control() || is_invisible(letter) || shipped().fonts.iter().any(|font| font.info().coverage.contains(letter as u32))
}

/// Joiners and word breaks, which shape the text and need no glyph.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
}
