#!/usr/bin/env python3
"""Asks programs that others wrote whether the copies for replay (WACZ) of a package hold: checks/replay.py PACKAGE

For each data/replay/*.wacz: its index beside the one that cdxj-indexer makes of the same WARC; and each page that a server
answered with 200, replayed by pywb from our index and compared by SHA-256 of its body with what warcio reads in the
package's own WARC. Needs checks/replay-requirements.txt. Prints "PASS name", "FAIL name: reason" or "SKIPPED name: reason", and
exits 1 on any FAIL, 2 on wrong usage. It changes nothing in the package, and reaches no network but loopback.
"""
try:
    # pywb asks its own index server over loopback, in this process.
    from gevent import monkey

    monkey.patch_all()
except ImportError:
    monkey = None

import hashlib
import io
import json
import logging
import os
import pathlib
import sys
import tempfile
import wsgiref.util
import zipfile

COMPARED = ["url", "mime", "status", "digest", "length", "offset"]


def archive_of(wacz):
    """Name and bytes of the one WARC inside, and the index."""
    with zipfile.ZipFile(wacz) as file:
        names = [name for name in file.namelist() if name.startswith("archive/")]
        assert len(names) == 1, f"one archive, not {names}"
        return names[0].removeprefix("archive/"), file.read(names[0]), file.read("indexes/index.cdxj")


def parsed(lines):
    """Key, time and the compared fields of each line."""
    for line in lines:
        key, stamp, fields = line.decode("ascii").split(" ", 2)
        fields = json.loads(fields)
        # A media type means the same in either case (RFC 9110); cdxj-indexer keeps that of the server, and is silent without.
        fields["mime"] = (fields.get("mime") or "unk").lower()
        yield key, stamp, {name: fields.get(name) for name in COMPARED}


def check_index(name, warc, index):
    from cdxj_indexer.main import CDXJIndexer

    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / name
        place.write_bytes(warc)
        CDXJIndexer(output=out, inputs=[str(place)], sort=True, records="response,revisit,resource").process_all()
    ours = index.splitlines()
    assert ours == sorted(ours), "the index is not sorted"
    theirs = [line.encode() for line in out.getvalue().splitlines() if not line.startswith("!")]
    mine, other = sorted(parsed(ours), key=str), sorted(parsed(theirs), key=str)
    for one, two in zip(mine, other):
        assert one == two, f"{one} here, {two} there"
    assert len(mine) == len(other), f"{len(mine)} lines here, {len(other)} there"
    return len(mine)


def answers(warc):
    """Address, time and SHA-256 of the body of each 200 response, as warcio reads them."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.timeutils import iso_date_to_timestamp

    for record in ArchiveIterator(io.BytesIO(warc)):
        if record.rec_type == "response" and record.http_headers and record.http_headers.get_statuscode() == "200":
            stamp = iso_date_to_timestamp(record.rec_headers.get_header("WARC-Date"))
            url = record.rec_headers.get_header("WARC-Target-URI")
            yield url, stamp, hashlib.sha256(record.content_stream().read()).hexdigest()


def asked(app, path):
    """Status and body of one request to pywb."""
    environ = {}
    wsgiref.util.setup_testing_defaults(environ)
    path, _, query = path.partition("?")
    environ.update(PATH_INFO=path, QUERY_STRING=query, REQUEST_URI=path + ("?" + query if query else ""), REQUEST_METHOD="GET")
    told = {}

    def start(status, headers, _=None):
        told.update(status=status, headers={name.lower(): value for name, value in headers})

    body = b"".join(app(environ, start))
    return told["status"].split(" ")[0], told["headers"], body


def undone(headers, body):
    """The body without its content coding, as warcio undoes it."""
    from warcio.bufferedreaders import BufferedReader

    coding = headers.get("content-encoding")
    return BufferedReader(io.BytesIO(body), decomp_type=coding).read(1 << 30) if coding else body


def replays(name, warc, index):
    with tempfile.TemporaryDirectory() as folder:
        collection = pathlib.Path(folder) / "collections" / "copy"
        for part, file, content in [("archive", name, warc), ("indexes", "index.cdxj", index)]:
            (collection / part).mkdir(parents=True)
            (collection / part / file).write_bytes(content)
        os.chdir(folder)
        from pywb.apps.frontendapp import FrontEndApp

        app = FrontEndApp(custom_config={})
        count = 0
        for url, stamp, digest in answers(warc):
            status, headers, body = asked(app, f"/copy/{stamp}id_/{url}")
            assert status == "200", f"{url} is answered with {status}"
            found = hashlib.sha256(undone(headers, body)).hexdigest()
            assert found == digest, f"{url} has digest {found} in the replay and {digest} in the WARC"
            count += 1
        # What was never captured must not be found: else this check could not fail.
        status, _, _ = asked(app, "/copy/20260101000000id_/http://never-captured.invalid/")
        assert status == "404", f"a page that was never captured is answered with {status}"
        os.chdir("/")
        return count


def same_bytes(package, name, warc):
    own = package / "data" / "captures" / name
    assert own.read_bytes() == warc, f"the WARC inside is not {own.name} of the package"


def main(package):
    waczs = sorted((package / "data" / "replay").glob("*.wacz"))
    failed = False
    if not waczs:
        print("SKIPPED replay: no .wacz in data/replay")
    for wacz in waczs:
        checks = [
            (f"{wacz.name}: the WARC inside is the exhibit's", None, lambda name, warc, _: same_bytes(package, name, warc)),
            (f"{wacz.name}: the index is that of cdxj-indexer", "cdxj_indexer", check_index),
            (f"{wacz.name}: pywb replays every page, compared by digest", "pywb", replays),
        ]
        for title, module, check in checks:
            try:
                if module:
                    __import__(module)
            except ImportError:
                print(f"SKIPPED {title}: {module} is not installed")
                continue
            try:
                count = check(*archive_of(wacz))
                assert count != 0, "there was nothing to compare"
                print(f"PASS {title}" + (f" ({count})" if count else ""))
            except Exception as error:  # whatever another program thought of it
                failed = True
                print(f"FAIL {title}: {type(error).__name__}: {' '.join(str(error).split())[:600]}")
            sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_dir():
        print(__doc__.splitlines()[0], file=sys.stderr)
        sys.exit(2)
    logging.disable(logging.CRITICAL)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
