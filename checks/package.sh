#!/usr/bin/env bash
# Asks programs that others wrote whether they accept a package: checks/package.sh PACKAGE ANCHORS [VENV [REPLAY_VENV]]
#
# VENV is a Python environment with checks/requirements.txt, REPLAY_VENV one with checks/replay-requirements.txt. Prints "PASS name", "FAIL name: reason" or
# "SKIPPED name: reason" per check, and exits 1 on any FAIL, 2 on wrong usage. It changes nothing in the package, and
# says nothing about the product's own verifier: this is the second opinion (issue 2, shows 2; law 8).
set -euo pipefail
export LC_ALL=C TZ=UTC

[ $# -ge 2 ] && [ -d "$1" ] && [ -d "$2" ] || { echo "usage: package.sh PACKAGE ANCHORS [VENV [REPLAY_VENV]]" >&2; exit 2; }
here=$(cd -- "$(dirname -- "$0")" && pwd)
package=$(cd -- "$1" && pwd)
anchors=$(cd -- "$2" && pwd)
venv=${3:+$(cd -- "$3" && pwd)}
replay_venv=${4:+$(cd -- "$4" && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

pass() { echo "PASS $1"; }
skip() { echo "SKIPPED $1: $2"; }
fail() {
  echo "FAIL $1: ${2:-}"
  failed=1
}

# check NAME COMMAND…: the command's last lines are shown when it fails.
check() {
  local name=$1
  shift
  if "$@" >"$work/out" 2>&1; then pass "$name"; else fail "$name" "$(tail -n 5 "$work/out" | tr '\n' ' ')"; fi
}

# tool NAME PROGRAM: whether the program is there; prints SKIPPED when it is not.
tool() {
  [ -n "$venv" ] && [ -x "$venv/bin/$2" ] || command -v "$2" >/dev/null && return 0
  skip "$1" "$2 is not installed"
  return 1
}

in_venv() { PATH="${venv:+$venv/bin:}$PATH" "$@"; }

# ---- verify.sh with nothing on PATH but bash, coreutils, findutils, diffutils, sed, grep, openssl
restricted_path() {
  local tool
  mkdir "$work/bin"
  for tool in bash openssl grep sed find xargs cmp diff \
    base64 cat cp cut date dirname head mkdir mktemp mv od rm sha256sum sort tail tr uniq wc; do
    ln -s "$(command -v "$tool")" "$work/bin/$tool"
  done
}

verify_sh() {
  local expected=$1 code=0
  shift
  (cd "$work" && env -i PATH="$work/bin" bash "$package/verify.sh" "$@") || code=$?
  [ "$code" = "$expected" ] || { echo "exit $code, expected $expected"; return 1; }
}

check_verify_sh() {
  restricted_path
  check "verify.sh on a bare PATH" verify_sh 0 "$anchors"
  ln -s "$anchors" "$work/anchors"
  check "verify.sh with a relative ANCHORS" verify_sh 0 anchors
  check "verify.sh without anchors says 2" verify_sh 2
  check "verify.sh has at most 60 lines" test "$(wc -l <"$package/verify.sh")" -le 60
}

# ---- openssl, directly
logged_time() { date -d "$(sed -E 's/.*"time":"([^"]*)".*/\1/' "$package/seal/seal.leaf")" +%s; }

check_openssl() {
  local file at
  at=$(logged_time)
  for file in "$package"/seal/officer-*.p7s; do
    check "openssl cms -verify -cades ${file##*/}" openssl cms -verify -cades -binary -inform DER -in "$file" -content "$package/tagmanifest-sha256.txt" \
      -CAfile "$anchors/root.pem" -no-CApath -no-CAstore -purpose any -attime "$at" -out /dev/null
  done
  for file in "$package"/seal/token-*.tsr; do
    check "openssl ts -verify ${file##*/}" openssl ts -verify -data "$package/tagmanifest-sha256.txt" -in "$file" -CAfile "$anchors/tsa.pem" -attime "$at"
  done
}

# ---- BagIt. bdbag writes beside the bag, and so works on a copy.
check_bagit() {
  if tool "bagit --validate" bagit.py; then check "bagit --validate" in_venv python -m bagit --validate "$package"; fi
  tool "bdbag --validate full" bdbag || return 0
  cp -R "$package" "$work/bag"
  HOME="$work" check "bdbag --validate full" in_venv bdbag --validate full "$work/bag"
}

# ---- CASE
check_case() {
  local files=()
  mapfile -t files < <(find "$package/data" -type f -name '*.jsonld' | sort)
  [ ${#files[@]} -gt 0 ] || { skip "case_validate" "no .jsonld in data/"; return 0; }
  tool "case_validate" case_validate || return 0
  check "case_validate (${#files[@]} files)" in_venv case_validate "${files[@]}"
}

# ---- captures, and the copies for replay beside them
check_warc() {
  local warc count=0
  tool "warcio check" warcio || return 0
  for warc in $(find "$package/data" -type f -name '*.warc' | sort); do
    count=$((count + 1))
    check "warcio check ${warc##*/}" in_venv warcio check "$warc"
  done
  [ "$count" -gt 0 ] || skip "warcio check" "no .warc in data/"
}

# Unpacked by Python, which every venv has.
check_wacz() {
  local wacz name
  for wacz in $(find "$package/data" -type f -name '*.wacz' | sort); do
    name=${wacz##*/}
    mkdir -p "$work/wacz/$name"
    check "zip of $name" in_venv python3 -m zipfile -e "$wacz" "$work/wacz/$name"
    if tool "warcio check in $name" warcio; then check "warcio check in $name" in_venv warcio check "$work/wacz/$name"/archive/*; fi
    if [ -n "$replay_venv" ] && [ -x "$replay_venv/bin/wacz" ]; then
      check "wacz validate $name" "$replay_venv/bin/wacz" validate -f "$wacz"
    else
      skip "wacz validate $name" "wacz is not installed"
    fi
  done
}

check_replay() {
  local python=${replay_venv:+$replay_venv/bin/python} code=0
  "${python:-python3}" "$here/replay.py" "$package" >"$work/out" 2>"$work/err" || code=$?
  grep -E '^(PASS|FAIL|SKIPPED) ' "$work/out" || fail "checks/replay.py" "exit $code: $(tail -n 3 "$work/err" | tr '\n' ' ')"
  [ "$code" = 0 ] || failed=1
}

# ---- PDF/A, by structure. This is not veraPDF: it finds what is plainly missing, and proves nothing more.
# Objects as JSON without their streams, in which any bytes may stand; and the streams for the XMP packet alone.
pdf_read() {
  qpdf --json=latest "$1" >"$work/objects" || [ $? = 3 ]
  qpdf --qdf --object-streams=disable "$1" "$work/plain.pdf" || [ $? = 3 ]
}
pdf_has() { grep -Eq "$1" "$work/objects"; }
pdf_has_not() { ! pdf_has "$1"; }
pdfa_identified() { grep -aEq '<pdfaid:part>[1-4]</pdfaid:part>|pdfaid:part="[1-4]"' "$work/plain.pdf"; }
pdf_fonts_embedded() {
  pdffonts "$1" >"$work/fonts"
  [ "$(wc -l <"$work/fonts")" -gt 2 ] || { echo "no fonts at all"; return 1; }
  # columns from the right: object number and generation, uni, sub, emb
  ! sed 1,2d "$work/fonts" | grep -Ev ' yes +(yes|no) +(yes|no) +[0-9]+ +[0-9]+ *$'
}

check_pdf() {
  local pdf name found=0
  for pdf in $(find "$package/data" -type f -path '*/report*' -name '*.pdf' | sort); do
    found=1 name=${pdf##*/}
    tool "PDF/A structure of $name" qpdf && tool "PDF/A structure of $name" pdffonts || return 0
    check "$name: qpdf reads it" pdf_read "$pdf"
    [ -s "$work/plain.pdf" ] || continue
    check "$name: XMP names a PDF/A part" pdfa_identified
    check "$name: output intent" pdf_has '"/OutputIntents"'
    check "$name: its colour profile" pdf_has '"/DestOutputProfile"'
    check "$name: every font is embedded" pdf_fonts_embedded "$pdf"
    check "$name: not encrypted" pdf_has '"encrypted": false'
    check "$name: no JavaScript, no launching" pdf_has_not '"/(JavaScript|JS|Launch)"'
    check "$name: names its language" pdf_has '"/Lang"'
    rm -f "$work/plain.pdf" "$work/objects"
  done
  if [ "$found" = 1 ]; then echo "  (structural checks only: this is not veraPDF)"; else skip "PDF/A structure" "no PDF of a report in data/"; fi
}

# ---- the page, in a real browser
check_page() {
  local expected folder code
  for expected in 0 2; do
    folder=$anchors code=0
    [ "$expected" = 0 ] || { mkdir -p "$work/none"; folder=$work/none; }
    in_venv python3 "$here/verify_html.py" "$package" "$folder" --expect "$expected" >"$work/out" 2>&1 || code=$?
    case $code in
      0) pass "VERIFY.html in a browser says $expected" ;;
      3) skip "VERIFY.html in a browser says $expected" "$(sed -n 's/^SKIPPED VERIFY.html: //p' "$work/out")" ;;
      *) fail "VERIFY.html in a browser says $expected" "$(tail -n 3 "$work/out" | tr '\n' ' ')" ;;
    esac
  done
}

check_verify_sh
check_openssl
check_bagit
check_case
check_warc
check_wacz
check_replay
check_pdf
check_page
exit "$failed"
