#!/usr/bin/env bash
# Asks the three ways of checking about a disclosure: checks/disclosure.sh SAMPLE PROGRAM [PYTHON]
#
# SAMPLE is what `make_bag SAMPLE --disclosed` made, PROGRAM is lanternfish-verify, PYTHON one with websocket-client for the
# browser. Prints "PASS name", "FAIL name: reason" or "SKIPPED name: reason" per question, and exits 1 on any FAIL, 2 on wrong
# usage. It changes nothing in SAMPLE: what must be found false is changed in a copy (issue 3, shows 4; law 7).
set -euo pipefail
export LC_ALL=C TZ=UTC

[ $# -ge 2 ] && [ -d "$1/disclosure" ] && [ -x "$2" ] || { echo "usage: disclosure.sh SAMPLE PROGRAM [PYTHON]" >&2; exit 2; }
here=$(cd -- "$(dirname -- "$0")" && pwd)
sample=$(cd -- "$1" && pwd)
program=$2
python=${3:-python3}
anchors=$sample/anchors
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# says NAME CODE COMMAND…: whether the command ends with exactly this code; 3 is a tool that is not there.
says() {
  local name=$1 wanted=$2 code=0
  shift 2
  "$@" >"$work/out" 2>&1 || code=$?
  if [ "$code" = "$wanted" ]; then
    echo "PASS $name"
  elif [ "$code" = 3 ]; then
    echo "SKIPPED $name: $(tail -n 1 "$work/out" | sed 's/^SKIPPED [^:]*: //')"
  else
    echo "FAIL $name: exit $code, expected $wanted: $(tail -n 2 "$work/out" | tr '\n' ' ')"
    failed=1
  fi
}

# page CODE PACKAGE ANCHORS [REVEALED]: the browser's verdict, told as an exit code
page() {
  local code=0
  "$python" "$here/verify_html.py" "$2" "$3" --expect "$1" ${4:+--revealed "$4"} || code=$?
  [ "$code" != 0 ] || return "$1"
  [ "$code" = 3 ] && return 3 || return 9
}

# all NAME CODE PACKAGE [REVEALED]
all() {
  says "lanternfish-verify: $1" "$2" "$program" "$3" --anchors "$anchors" ${4:+--revealed "$4"}
  says "verify-disclosure.sh: $1" "$2" bash "$sample/disclosure/data/verify-disclosure.sh" "$anchors" "$3" ${4:+"$4"}
  says "VERIFY.html: $1" "$2" page "$2" "$3" "$anchors" ${4:+"$4"}
}

all "a disclosure" 0 "$sample/disclosure"
all "a disclosure and an item that was opened later" 0 "$sample/disclosure" "$sample/revealed"
all "a sender who hides that something is withheld" 1 "$sample/dishonest"
cp -R "$sample/revealed" "$work/bytes"
printf x >>"$work/bytes/data/wacz/capture-1.wacz"
all "an opened item with other bytes" 1 "$sample/disclosure" "$work/bytes"
cp -R "$sample/revealed" "$work/salt"
sed -i '1s/^/x/;1s/^x0/1/;1s/^x./0/' "$work/salt/revealed.txt"
all "an opened item with another salt" 1 "$sample/disclosure" "$work/salt"
says "verify.sh alone says that there is more to check" 0 bash -c 'bash "$1/verify.sh" "$2" "$1" | grep -q verify-disclosure.sh' - "$sample/disclosure" "$anchors"
says "verify-disclosure.sh has at most 60 lines" 0 test "$(wc -l <"$sample/disclosure/data/verify-disclosure.sh")" -le 60
exit "$failed"
