#!/usr/bin/env bash
# Checks one lanternfish package: bash verify.sh [ANCHORS [PACKAGE]]. Exit 0 sound, 1 broken, 2 cannot be fully checked; VERIFY.md explains.
# ANCHORS: a folder from OUTSIDE the package (root.pem tsa.pem log.pem checkpoint hashes witnesses, perhaps crl.pem). A forger ships his own verify.sh: prefer your own copy.
set -eEuo pipefail; export LC_ALL=C TZ=UTC; unset OPENSSL_CONF CDPATH; T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; NL=$'\n' unsure='' limits='' # one line per check; the law or seal part is named where it breaks
stop() { echo "CANNOT BE FULLY CHECKED: $*"; exit 2; }; die() { echo "BROKEN: $*"; exit 1; }; sha() { sha256sum | cut -c-64; }; hex() { od -An -v -tx1 | tr -d ' \n'; }
openssl version | grep -q '^OpenSSL [3-9]' && sha </dev/null >"$T/who" || stop "this computer lacks OpenSSL 3 or sha256sum"
A=$(cd -- "${1:-$T}" && pwd) && cd -- "${2:-$(dirname -- "$0")}" || stop "the folder ANCHORS or PACKAGE is not there"
for f in root.pem tsa.pem log.pem checkpoint; do [ -f "$A/$f" ] || unsure+="  not there: $f from outside the package$NL"; done; trap 'die "a part cannot be read (line $LINENO of verify.sh)"' ERR
for m in tagmanifest:'(VERIFY\.(html|md)|bag-info\.txt|bagit\.txt|manifest-sha256\.txt|seal-plan\.txt|verify\.sh)' manifest:'data/[A-Za-z0-9._/-]+'; do f=${m%%:*}-sha256.txt; : >"$T/x"
  ! grep -aEvq "^[0-9a-f]{64}  ${m#*:}\$" "$f" && sha256sum -c --strict --quiet "$f" >"$T/x" 2>"$T/err" || die "law 5: changed or missing: $(sed -n '1,3s/: FAILED.*//p' "$T/x" | tr '\n' ' ')(listed in $f, or $f itself has another form)"; done # law 5: every byte as listed,
x=$(find . ! -type f ! -type d -o -type d -empty | sed -n 1,3p | tr -c '[:print:]' ' '); [ -z "$x" ] || die "law 5: a link, device or empty folder was added: $x" # and nothing added
diff <({ cut -c67- manifest-sha256.txt; cut -c67- tagmanifest-sha256.txt; echo tagmanifest-sha256.txt; sed '1d;s/ .*//' seal-plan.txt; } | sort) <(find . -type f | cut -c3- | sort) >"$T/x" || die "law 5: added (>) or missing (<): $(sed -n '/^[<>]/p' "$T/x" | sed -n 1,3p | tr -c '[:print:]' ' ')"
mapfile -t P < <(sed -nE 's/^seal\/officer-[0-9]+\.p7s officer ([0-9a-f]{64})$/\1/p' seal-plan.txt); mapfile -t K < <(sed -nE 's/^seal\/token-[0-9]+\.tsr token ([0-9a-f]{64} (independent|NOT-INDEPENDENT))$/\1/p' seal-plan.txt)
{ echo 'lanternfish-seal-plan 1'; for i in "${!P[@]}"; do echo "seal/officer-$((i + 1)).p7s officer ${P[i]}"; done; for i in "${!K[@]}"; do echo "seal/token-$((i + 1)).tsr token ${K[i]}"; done
  printf 'seal/seal.%s\n' 'leaf leaf' 'salt salt' 'detail detail' 'tlog proof'; } | cmp -s - seal-plan.txt && ((${#P[@]} && ${#K[@]})) && [ -z "$(printf '%s\n' "${P[@]}" | sort | uniq -d)" ] || die "law 4: seal-plan.txt is not in its exact form"
S='"[^"\\]*"' H='"[0-9a-f]{64}"' Q=$(printf ',"%s"' "${P[@]}"); get() { sed -E "s/.*\"$1\":\"?([^\",}]*).*/\1/" seal/seal.leaf; }
tr -d '\n' <seal/seal.leaf | cmp -s - seal/seal.leaf && grep -Exq "\{(\"actor\":$S,)?(\"case\":$S,)?\"commitment\":$H,(\"object\":$S,)?(\"rows\":$H,)?\"seq\":(0|[1-9][0-9]*),\"time\":\"[0-9TZ:.-]+\",\"type\":\"package-sealed\",\"v\":1\}" \
  seal/seal.leaf && AT=$(date -d "$(get time)" +%s) || die "law 2: seal/seal.leaf is not a logged seal event"
[ "$(wc -c <seal/seal.salt)" = 32 ] && [ "$(cat seal/seal.salt seal/seal.detail | sha)" = "$(get commitment)" ] || die "law 2: seal/seal.detail or seal/seal.salt is not what was logged"
grep -Exq "\{.*\"officers\":\[${Q:1}\],\"package\":$S,\"tagmanifest\":\"$(sha <tagmanifest-sha256.txt)\"\}" seal/seal.detail && pkg=$(sed -E 's/.*"package":"([^"]*)".*/\1/' seal/seal.detail) && grep -Fxq "External-Identifier: $pkg" bag-info.txt || die "law 2: the logged event seals another package"
# Law 4: one CAdES signature per officer. Law 8: time-stamps. Each check is bound to the certificate that the plan names, and judged at the logged time.
crl() { openssl crl -in "$A/crl.pem" -noout "$@"; }; C=''; [ ! -f "$A/crl.pem" ] || [ ! -f "$A/root.pem" ] || { crl -CAfile "$A/root.pem" 2>&1 | grep -q 'verify OK' && C=1; } || unsure+="  crl.pem is not signed by root.pem$NL"
signer() { # seal file, certificate digest, anchor, time: sets V, what to trust (the certificate itself where the anchor is missing), and refuses who was revoked by then
  [ "$(grep -c 'BEGIN CERT' "$T/who")" = 1 ] && [ "$(openssl x509 -in "$T/who" -outform DER | sha)" = "$2" ] || die "$1 is not signed by the certificate that seal-plan.txt names"
  V=(-attime "$4" -CAfile "$A/$3.pem"); [ -f "$A/$3.pem" ] || V=(-attime "$4" -partial_chain -CAfile "$T/who"); [ "$C" ] && [ "$(crl -issuer)" = "$(openssl x509 -in "$T/who" -noout -issuer)" ] || return 0
  crl -text | sed -n '/Serial Number: /{s///;s/ //g;N;s/\n *Revocation Date://p;}' | sed -n "s/^$(openssl x509 -in "$T/who" -noout -serial | cut -c8-) //p" >"$T/x"
  [ ! -s "$T/x" ] || [ "$(date -f "$T/x" +%s)" -gt "$4" ] || die "$1: its certificate was revoked on $(cat "$T/x"), before it counted"; }
n=0; for c in "${P[@]}"; do n=$((n + 1)) f=seal/officer-$n.p7s; cms() { openssl cms -inform DER -in "$f" "$@" 2>"$T/err"; }
  officer() { cms -verify -binary -content tagmanifest-sha256.txt -purpose any -signer "$T/who" -out /dev/null "$@"; }; officer -noverify || die "law 4: $f does not sign this package"; signer "$f" "$c" root "$AT"
  cms -cmsout -outform DER | cmp -s - "$f" && cms -cmsout -print -noout | tr -d ' \n' | grep -q 'eContent:<ABSENT>.*unsignedAttrs:<ABSENT>' || die "law 4: $f has another form, or something was added to it"
  officer -cades -no-CApath -no-CAstore "${V[@]}" || die "law 4: $f: no officer under root.pem at the logged time: $(grep -ioE 'verify error:.*' "$T/err" || true)"
  openssl x509 -in "$T/who" -noout -text | tr -d '\n' | grep -Eq 'prime256v1.*(Digital Signature|Non Repudiation)' || die "law 4: $f: its certificate is not a P-256 signing certificate"; echo "  officer $n: $(openssl x509 -in "$T/who" -noout -subject | cut -d= -f2-)"; done
n=0; for c in "${K[@]}"; do n=$((n + 1)) f=seal/token-$n.tsr; ts() { openssl ts "$@" 2>"$T/err"; }; ts -reply -in "$f" -token_out -out "$T/x" || die "law 8: $f cannot be read"
  openssl cms -verify -noverify -inform DER -in "$T/x" -signer "$T/who" -out /dev/null 2>"$T/err" || die "law 8: $f is not properly signed"; w=$(ts -reply -in "$f" -text | sed -n 's/^Time stamp: //p'); signer "$f" "${c% *}" tsa "$(date -d "$w" +%s)"
  ts -verify -data tagmanifest-sha256.txt -in "$f" "${V[@]}" >"$T/x" && ts -reply -in "$f" -out "$T/x" && cmp -s "$T/x" "$f" || die "law 8: $f is no time-stamp of this package under tsa.pem"
  echo "  time-stamp $n: $w"; [ "${c#* }" = independent ] || limits+="  time-stamp $n is NOT INDEPENDENT of the agency$NL"; done
# Law 8: signed checkpoints. Law 2: the event is in the log (RFC 9162). Law 3: the log was not rolled back.
bytes() { base64 -d <<<"$1" 2>"$T/err" >"$2" && [ "$(base64 -w0 "$2")" = "$1" ] && [ "$(wc -c <"$2")" = "$3" ]; }; node() { { printf '\1'; cat "$@"; } | openssl dgst -sha256 -binary; }
signed() { # base64, signed text, name, kind, key, length: one line of a C2SP signed note
  bytes "$1" "$T/x" "$6" && [ "$(head -c 4 "$T/x" | hex)" = "$({ printf "%s\n\\$4" "$3"; tail -c 32 "$5"; } | sha | cut -c-8)" ] && tail -c 64 "$T/x" >"$T/s" || return 1
  { printf '\60\52\60\5\6\3\53\145\160\3\41\0'; tail -c 32 "$5"; } >"$T/k"; openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$T/k" -in "$2" -sigfile "$T/s" >"$T/err" 2>&1; }
note() { # file, "spare" if lines of strangers may stand there: sets O origin, N size, R root, W how many witnesses of the reader's list have cosigned
  sed '/^$/,$d' "$1" >"$T/b"; sed '1,/^$/d' "$1" >"$T/l"; { read -r O && read -r N && read -r R; } <"$T/b"; W=0 l=0; [ "$(wc -l <"$T/b")" = 3 ] && tr -d '\0\r\t' <"$1" | cmp -s - "$1" && [ "$(tail -c 1 "$1" | hex)" = 0a ] && grep -qEx '[1-9][0-9]{0,14}' <<<"$N" && bytes "$R" "$T/x" 32 || return 1
  [ -f "$A/log.pem" ] || return 0; openssl pkey -pubin -in "$A/log.pem" -outform DER -out "$T/log"; [[ $(head -n 1 "$T/l") = "— $O "* ]] && ! grep -Evq '^— [^ +]+ [A-Za-z0-9+/=]+$' "$T/l" && sed 1d "$T/l" | cut -d' ' -f2 | sort -uc 2>"$T/err" || return 1
  while read -r _ m s; do if [ "$m" = "$O" ]; then signed "$s" "$T/b" "$m" 1 "$T/log" 68 && l=$((l + 1)) || return 1; continue; fi; v=$(grep -F "$m+" "$A/witnesses" 2>"$T/err") || { [ -f "$A/witnesses" ] || unsure+="  no witnesses file: the line of $m was not checked$NL"; [ "$2" ] || [ ! -f "$A/witnesses" ] || return 1; continue; }; v=${v#"$m"+}
    { printf 'cosignature/v1\ntime %d\n' "0x$(base64 -d <<<"$s" | tail -c 72 | head -c 8 | hex)"; cat "$T/b"; } >"$T/m"; bytes "${v#*+}" "$T/w" 33 && signed "$s" "$T/m" "$m" 4 "$T/w" 76 && W=$((W + 1)) || return 1; done <"$T/l"; [ "$l" = 1 ]; }
sed '1,/^$/d' seal/seal.tlog >"$T/n"; ! sed '/^$/,$d' seal/seal.tlog | tr '\0' '\1' | grep -aEvqx '[A-Za-z0-9.@/+=-]+|index [0-9]+' && note "$T/n" "" || die "law 8: the checkpoint in seal/seal.tlog is not signed as log.pem and witnesses require"; o=$O n=$N r=$R I=$(sed -n 's/^index //p;3q' seal/seal.tlog) F=$(get seq) S=$((N - 1))
[ "$W" -gt 0 ] || limits+="  unwitnessed: no cosignature of a witness that you know$NL"; [ "$(sed 2q seal/seal.tlog)" = "c2sp.org/tlog-proof@v1${NL}index $F" ] && [ "$F" -lt "$N" ] || die "law 2: seal/seal.tlog proves another event"
{ printf '\0'; cat seal/seal.leaf; } | openssl dgst -sha256 -binary >"$T/r"; cp "$T/r" "$T/leaf"; while IFS= read -r p; do [ "$S" -gt 0 ] && bytes "$p" "$T/p" 32 || die "law 2: seal/seal.tlog: the proof has another form"
  if ((F & 1)) || ((F == S)); then node "$T/p" "$T/r" >"$T/h"; while ! ((F & 1)) && ((F)); do F=$((F >> 1)) S=$((S >> 1)); done; else node "$T/r" "$T/p" >"$T/h"; fi
  mv "$T/h" "$T/r"; F=$((F >> 1)) S=$((S >> 1)); done < <(sed '1,2d;/^$/,$d' seal/seal.tlog); [ "$S" = 0 ] && [ "$(base64 -w0 "$T/r")" = "$r" ] || die "law 2: the seal event is not in the log"
root() { local h i; head -c $((32 * $1)) "$A/hashes" | od -An -v -tx1 -w32 | sed 's/ /\\x/g' >"$T/h"; while mapfile -t h <"$T/h"; ((${#h[@]} > 1)); do mkdir "$T/t"; for ((i = 0; i + 1 < ${#h[@]}; i += 2)); do printf "\\1${h[i]}${h[i + 1]}" >"$T/t/$((1000000000 + i))"; done
  { (cd "$T/t"; find . -type f | sort | xargs sha256sum) | cut -c-64 | sed 's/../\\x&/g'; ((${#h[@]} % 2 == 0)) || echo "${h[-1]}"; } >"$T/h"; rm -r "$T/t"; done; printf "${h[0]}" | base64 -w0; }
if [ -f "$A/checkpoint" ] && [ -f "$A/hashes" ]; then note "$A/checkpoint" spare && [ "$(wc -c <"$A/hashes")" = $((32 * N)) ] && [ "$(root "$N")" = "$R" ] || stop "your own log.pem, checkpoint and hashes do not fit together"
  [ "$o" = "$O" ] && { [ "$I" -ge "$N" ] || tail -c +$((32 * I + 1)) "$A/hashes" | head -c 32 | cmp -s - "$T/leaf"; } && { [ "$n" -gt "$N" ] || [ "$(root "$n")" = "$r" ]; } || die "law 3: rolled back or back-dated: your checkpoint shows another log"
  [ "$I" -lt "$N" ] || unsure+="  the package is newer than your checkpoint: get a later one$NL"
elif ! { [ -f "$A/checkpoint" ] && note "$A/checkpoint" spare && [ "$O $N $R" = "$o $n $r" ]; }; then unsure+="  not there: hashes from outside the package$NL"; fi
[ "$C" ] && [ "$(date -d "$(crl -lastupdate | cut -d= -f2)" +%s)" -ge "$AT" ] || limits+="  revocation not checked: no crl.pem, or one from before the seal$NL"
echo "  logged $(get time) as event $I of $o, package $pkg$NL  limits stated in the seal: $(sed -E 's/.*"limits":\[(.*)\],"officers".*/\1/' seal/seal.detail)"
w=$(sed -nE 's/^\{"clock":\{[^}]*"state":"([a-z-]+)".*/\1/p' seal/seal.detail); [ "$w" = synchronised ] || limits+="  clock of the log: ${w:-unknown}$NL"; printf '%s' "$limits"; [ -z "$unsure" ] || { printf '%s' "$unsure"; stop "sound in itself, origin not checked"; }; echo "SOUND under the anchors in $A; what this proves and does not prove stands in VERIFY.md"
