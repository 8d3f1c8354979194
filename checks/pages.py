#!/usr/bin/env python3
"""Asks programs that others wrote whether planted selectors are what the truth says: checks/pages.py FOLDER

FOLDER was written by `lanternfish range pages`. Every selector that the truth calls verified must be valid to them, and every
one that it calls failed-checksum invalid. Where nobody else's program was found (Tox, Bitmessage, I2P, Lightning's fields,
the jumble of Zcash's unified addresses), the rule is written here once more, over Python's own hashlib and zlib. Needs checks/pages-requirements.txt
and, for OpenPGP, gpg. Prints "PASS name", "FAIL name: reason" or "SKIPPED name: reason", and exits 1 on any FAIL, 2 on wrong
usage. It changes nothing and reaches no network.
"""
import base64
import collections
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zlib

# Where the bytes of the file are the plain form.
AS_WRITTEN = {"plain", "glued", "comment", "data-attribute", "title-attribute"}


def fails_to_false(judge):
    """A program that raises has said no."""

    def asked(text):
        try:
            return judge(text) is not False
        except Exception:
            return False

    return asked


def base58_with(versions, length=20):
    from bip_utils import Base58Decoder

    def judge(text):
        data = Base58Decoder.CheckDecode(text)
        return any(data.startswith(version) and len(data) == len(version) + length for version in versions)

    return judge


def segwit(readables):
    from bip_utils import SegwitBech32Decoder

    return lambda text: SegwitBech32Decoder.Decode(next(r for r in readables if text.startswith(r + "1")), text) and True


def bech32(text):
    from bip_utils import Bech32Decoder

    return Bech32Decoder.Decode(text[: text.rindex("1")], text) and True


def either(*judges):
    return lambda text: any(fails_to_false(judge)(text) for judge in judges)


LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def five_bits(text, constant):
    """The data of bech32 (constant 1) or bech32m of any length (BIP-173, BIP-350), without the checksum."""
    readable, data = text[: text.rindex("1")], [LETTERS.index(letter) for letter in text[text.rindex("1") + 1 :]]
    total = 1
    for value in [ord(c) >> 5 for c in readable] + [0] + [ord(c) & 31 for c in readable] + data:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ value
        for i, step in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            total ^= step if top >> i & 1 else 0
    if total != constant:
        raise ValueError("checksum")
    return data[:-6]


def invoice(text):
    """BOLT 11: 35 bits of time, tagged fields, 520 bits of signature; no whole bytes, so bip_utils reads it not."""
    data = five_bits(text, 1)
    at, end = 7, len(data) - 104
    while at < end:
        at += 3 + 32 * data[at + 1] + data[at + 2]
    return at == end and data[-1] < 4


def unified(text):
    """bech32m and the inverse of F4Jumble (ZIP 316), down to the padding and the lengths of the receivers."""
    readable, data = text[: text.rindex("1")], five_bits(text, 0x2BC830A3)
    number = int("".join(f"{value:05b}" for value in data), 2)
    message = (number >> len(data) * 5 % 8).to_bytes(len(data) * 5 // 8, "big")
    left = min(64, len(message) // 2)

    def h(i, u):
        return hashlib.blake2b(u, digest_size=left, person=b"UA_F4Jumble_H" + bytes([i, 0, 0])).digest()

    def g(i, u):
        size = len(message) - left
        parts = [hashlib.blake2b(u, person=b"UA_F4Jumble_G" + bytes([i]) + j.to_bytes(2, "little")).digest() for j in range(-(-size // 64))]
        return b"".join(parts)[:size]

    def xor(one, other):
        return bytes(a ^ b for a, b in zip(one, other))

    c, d = message[:left], message[left:]
    y = xor(c, h(1, d))
    x = xor(d, g(1, y))
    a = xor(y, h(0, x))
    plain = a + xor(x, g(0, a))
    assert plain[-16:] == readable.encode().ljust(16, b"\0")
    at, end = 0, len(plain) - 16
    while at < end:
        at += 2 + plain[at + 1]
    return at == end


def tox(text):
    data = bytes.fromhex(text)
    total = [0, 0]
    for i, byte in enumerate(data[:36]):
        total[i % 2] ^= byte
    return len(data) == 38 and bytes(total) == data[36:]


def bitmessage(text):
    from bip_utils import Base58Decoder

    data = Base58Decoder.Decode(text.removeprefix("BM-"))
    return hashlib.sha512(hashlib.sha512(data[:-4]).digest()).digest()[:4] == data[-4:] and data[0] in (2, 3, 4)


def i2p(text):
    data = base64.b32decode(text.removesuffix(".b32.i2p").upper())
    total = zlib.crc32(data[3:]).to_bytes(4, "little")
    return bytes(a ^ b for a, b in zip(data[:3], total)) == bytes([0, 7, 11])


def coins():
    import bip_utils as bip

    def decodes(decoder, **options):
        return lambda text: bip.__dict__[decoder].DecodeAddr(text, **options) and True

    def monero(text):
        plain = [decodes("XmrAddrDecoder", net_ver=bytes([version])) for version in (18, 42)]
        data = bip.Base58XmrDecoder.Decode(text)
        return either(*plain)(text) or (len(data) == 77 and decodes("XmrIntegratedAddrDecoder", net_ver=b"\x13", payment_id=data[65:73])(text))

    def extended(public, private):
        versions = bip.Bip32KeyNetVersions(bytes.fromhex(public), bytes.fromhex(private))
        return lambda text: bip.Bip32Slip10Secp256k1.FromExtendedKey(text, versions) and True

    def ton(text):
        from pytoniq_core import Address

        return Address(text) and True

    three = [extended("0488b21e", "0488ade4"), extended("049d7cb2", "049d7878"), extended("04b24746", "04b2430c")]
    return {
        "btc-base58": base58_with([b"\x00", b"\x05", b"\x6f", b"\xc4"]),
        "btc-bech32": segwit(["bc", "tb"]),
        "btc-bech32m": segwit(["bc"]),
        "ltc": either(base58_with([b"\x30", b"\x32", b"\x05"]), segwit(["ltc"])),
        "bch": lambda text: bip.BchBech32Decoder.Decode("bitcoincash", "bitcoincash:" + text.removeprefix("bitcoincash:")) and True,
        "doge": base58_with([b"\x1e", b"\x16"]),
        "dash": base58_with([b"\x4c", b"\x10"]),
        "zec": either(base58_with([b"\x1c\xb8", b"\x1c\xbd"]), lambda text: text.startswith("zs1") and bech32(text), unified),
        "tron": decodes("TrxAddrDecoder"),
        "xrp": decodes("XrpAddrDecoder"),
        "xmr": monero,
        "eth": decodes("EthAddrDecoder"),
        "sol": decodes("SolAddrDecoder"),
        "ton": ton,
        "ada": either(bech32, decodes("AdaByronAddrDecoder")),
        "xlm": decodes("XlmAddrDecoder", addr_type=bip.XlmAddrTypes.PUB_KEY),
        "lightning": invoice,
        "extended-public-key": either(*three),
        "extended-private-key": either(*three),
        "wif": lambda text: bip.WifDecoder.Decode(text, net_ver=b"\x80") and True,
        "seed-phrase": lambda text: bip.Bip39MnemonicValidator().IsValid(text),
        "bitmessage": bitmessage,
    }


def numbers():
    from stdnum import iban, imei, lei, luhn

    return {
        "iban": lambda text: iban.is_valid(text, check_country=False),
        "card": luhn.is_valid,
        "imei": imei.is_valid,
        "iccid": luhn.is_valid,
        "lei": lei.is_valid,
    }


def phones():
    import phonenumbers

    return {"phone": lambda text: phonenumbers.is_valid_number(phonenumbers.parse(text))}


def onions():
    from stem.descriptor.hidden_service import HiddenServiceDescriptorV3

    return {"onion-v3": lambda text: HiddenServiceDescriptorV3.identity_key_from_address(text) and True}


def by_hand():
    return {"tox": tox, "i2p": i2p}


def judge_types(name, make, planted):
    try:
        judges = make()
    except ImportError as error:
        print(f"SKIPPED planted pages, {name}: {error.name} is not installed")
        return True
    sound = True
    for kind, judge in judges.items():
        asked = fails_to_false(judge)
        wrong = [(text, state) for text, state in sorted(planted[kind]) if asked(text) == (state == "failed-checksum")]
        broken = sum(state == "failed-checksum" for _, state in planted[kind])
        if not planted[kind]:
            print(f"FAIL planted {kind}: none was planted")
        elif wrong:
            print(f"FAIL planted {kind}: {len(wrong)} of {len(planted[kind])} are not what the truth says, such as {wrong[0]}")
        else:
            print(f"PASS planted {kind}: {len(planted[kind]) - broken} valid, {broken} broken")
        sound = sound and bool(planted[kind]) and not wrong
    return sound


def judge_keys(blocks):
    """gpg reads each armoured key; its key id must be the end of the fingerprint."""
    if not shutil.which("gpg"):
        print("SKIPPED planted pages, OpenPGP: gpg is not installed")
        return True
    wrong = []
    with tempfile.TemporaryDirectory() as home:
        for armour, fingerprint in blocks:
            command = ["gpg", "--homedir", home, "--batch", "--list-packets"]
            said = subprocess.run(command, input=armour.encode(), capture_output=True).stdout.decode()
            if f"keyid: {fingerprint[-16:]}" not in said:
                wrong.append(fingerprint)
    print(f"FAIL planted pgp-block: {wrong[0]} is not what gpg reads" if wrong else f"PASS planted pgp-block: {len(blocks)} valid")
    return not wrong


def plant(folder):
    """Values with their states by type; and armoured blocks with their fingerprints."""
    planted, blocks = collections.defaultdict(set), []
    for line in (folder / "truth.jsonl").read_text().splitlines():
        line = json.loads(line)
        if line["kind"] != "selector":
            continue
        as_written = line["style"] in AS_WRITTEN and line["container"] in ("html", "text")
        text = line["value"]
        if as_written and line["type"] in ("eth", "pgp-fingerprint"):
            text = (folder / line["page"]).read_bytes()[line["start"] : line["end"]].decode()
        if text.startswith("-----BEGIN PGP"):
            blocks.append((text, line["value"]))
        if line["type"] == "eth" and not as_written:
            continue
        is_one_case = line["state"] == "unverifiable" and line["type"] in ("eth", "i2p")
        if not is_one_case:
            planted[line["type"]].add((text, line["state"]))
    return planted, blocks


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    planted, blocks = plant(pathlib.Path(sys.argv[1]))
    parts = [("coins and keys", coins), ("numbers", numbers), ("telephones", phones), ("onions", onions), ("Tox and I2P", by_hand)]
    sound = [judge_types(name, make, planted) for name, make in parts] + [judge_keys(blocks)]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
