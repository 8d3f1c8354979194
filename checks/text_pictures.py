"""Draws the pictures of text in crates/parse/tests/pictures, with Pillow and the fonts of crates/typeset:
python3 checks/text_pictures.py crates/typeset/fonts crates/parse/tests/pictures"""
import sys
from PIL import Image, ImageDraw, ImageFont
fonts, out = sys.argv[1], sys.argv[2]
def draw(name, lines):
    picture = Image.new("L", (900, 60 + 90 * len(lines)), 255)
    for number, (font, text) in enumerate(lines):
        ImageDraw.Draw(picture).text((30, 30 + 90 * number), text, fill=0, font=ImageFont.truetype(f"{fonts}/{font}-Regular.ttf", 44))
    picture.quantize(4).save(f"{out}/{name}.png", optimize=True)
draw("lao", [("NotoSansLao", "ວຽງຈັນ ປະເທດລາວ ຂາຍກາເຟ"), ("NotoSans", "mail seller@example.org")])
draw("thai", [("NotoSansThai", "ขายของใหม่ ส่งภายในสองวัน"), ("NotoSans", "CVE-2024-3094")])
draw("russian", [("NotoSans", "Продам новый товар, доставка два дня")])
