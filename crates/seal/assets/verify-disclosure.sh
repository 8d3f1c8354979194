#!/usr/bin/env bash
# Checks one disclosure: bash verify-disclosure.sh ANCHORS PACKAGE [REVEALED]. Exit 0 sound, 1 broken, 2 cannot be fully checked.
# PACKAGE holds the seal of another package (the original), some of its items, and a salted commitment to each of the others.
# REVEALED is a folder with revealed.txt and items that were opened to you later. ANCHORS as for verify.sh, which must lie beside
# this file or in PACKAGE. A forger ships his own scripts: prefer your own copies of both. Same tools as verify.sh. It opens nothing
# that is withheld, and does not say whether it was right to withhold it.
set -euo pipefail; export LC_ALL=C; T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
die() { echo "BROKEN: $*"; exit 1; }
stop() { echo "CANNOT BE FULLY CHECKED: $*"; exit 2; }
[ $# -ge 2 ] || stop "usage: bash verify-disclosure.sh ANCHORS PACKAGE [REVEALED]"
here=$(cd -- "$(dirname -- "$0")" && pwd) && A=$(cd -- "$1" && pwd) && P=$(cd -- "$2" && pwd) && R=${3:+$(cd -- "$3" && pwd)} || stop "one of these folders is not there"
V=$here/verify.sh; [ -f "$V" ] || V=$P/verify.sh
[ -f "$P/data/original/tagmanifest-sha256.txt" ] || stop "this package is no disclosure: use verify.sh"
# Laws 2, 3, 4, 5, 8: the disclosure is a sealed package, and the seal of the original holds over the original's own list.
unsure=''
part() { echo "$1:"; local code=0; bash "$V" "$A" "${@:2}" || code=$?; [ "$code" = 0 ] || [ "$code" = 2 ] || die "$1"; [ "$code" = 0 ] || unsure=1; }
part 'The disclosure' "$P"
part 'The original' "$P/data/original" original
cd -- "$P/data"
{ printf '%s\n' commitments.txt seal-plan.txt tagmanifest-sha256.txt; sed '1d;s/ .*//' original/seal-plan.txt; } | sort | cmp -s - <(cd original && find . -type f | cut -c3- | sort) || die "law 5: something was added to data/original, or is missing there"
# Law 7: each commitment of the original is opened with salt and bytes, or named as withheld with a reason. None is silently missing.
lines() { ! grep -aEvq "$2" "$1" || die "law 7: $1 has another form"; }
item='^[0-9a-f]{64}  [0-9a-f]{64}  data/[a-z0-9-][a-z0-9./-]*$'
commit() { # a list of opened items: prints SHA-256(salt, then digest, two spaces and path) for each
  local i salt line; [ -s "$1" ] || return 0; mkdir "$T/items"
  mapfile -t salt < <(cut -c-64 "$1" | sed 's/../\\x&/g'); mapfile -t line < <(cut -c67- "$1")
  for i in "${!line[@]}"; do printf '%b%s' "${salt[i]}" "${line[i]}" >"$T/items/$((1000000000 + i))"; done
  (cd "$T/items" && find . -type f | sort | xargs sha256sum) | cut -c-64; rm -r "$T/items"
}
bytes() { # list, folder: exactly the listed files are there, with the listed bytes
  [ ! -s "$1" ] || (cd -- "$2" && cut -c67- "$1" | sha256sum -c --strict --quiet - >"$T/err" 2>&1) || die "law 7: the bytes of an item were changed or are missing: $(sed -n '1,3s/: FAILED.*//p' "$T/err" | tr '\n' ' ')"
  [ -z "$(find "$2" ! -type f ! -type d 2>"$T/err")" ] && sort <(cut -c133- "$1") | cmp -s - <(cd -- "$2" 2>"$T/err" && find . -type f ! -path ./revealed.txt | cut -c3- | sort) || die "law 7: something was added in $2"
}
lines original/commitments.txt '^[0-9a-f]{64}$'; lines opened.txt "$item"; lines withheld.txt '^[0-9a-f]{64}  [a-z-]+$'
[ -s original/commitments.txt ] && sort -uc original/commitments.txt 2>"$T/err" || die "law 7: commitments.txt has another form"
commit opened.txt >"$T/opened"; cut -c-64 withheld.txt >"$T/withheld"
sort "$T/opened" "$T/withheld" | cmp -s - original/commitments.txt || die "law 7: the items that are disclosed and withheld are not those of the original"
[ "$(grep -c '  blind$' withheld.txt)" = 1 ] || die "law 7: the original has exactly one blind line, and nothing else may hide under its name"
bytes "$P/data/opened.txt" opened
echo "  $(wc -l <"$T/opened") items disclosed; withheld: $(cut -c67- withheld.txt | sort | uniq -c | tr -s ' \n' ' ')"
if [ "$R" ]; then # opened later: each must be one of the commitments that the disclosure names as withheld
  lines "$R/revealed.txt" "$item"; [ -s "$R/revealed.txt" ] || die "law 7: revealed.txt is empty"; commit "$R/revealed.txt" >"$T/revealed"
  ! grep -Fxvqf "$T/withheld" "$T/revealed" && [ -z "$(sort "$T/revealed" | uniq -d)" ] || die "law 7: what was revealed is not what the original committed to"
  bytes "$R/revealed.txt" "$R"
  echo "  $(wc -l <"$T/revealed") items revealed and held against their commitments; $(($(wc -l <"$T/withheld") - $(wc -l <"$T/revealed"))) stay withheld"
fi
[ -z "$unsure" ] || stop "sound in itself, origin not checked"
echo "SOUND: the disclosure, the original's seal, and every item that was disclosed"
