#!/usr/bin/env python3
"""Asks Spark and Arrow's own Python whether the worker is the same extraction: checks/spark.py PROGRAM

PROGRAM is `lanternfish`: it writes planted pages, scans them in-process, and is the worker.
1. Arrow's own writer and reader: what is written, in both kinds of columns, comes out as rows that the in-process scan gives.
2. Streams that are no streams, or stop in the middle, end with exit code 2 and a sentence.
3. deploy/spark/extract.py on two local workers, one of them killed in mid-job: the sorted rows are those of the in-process scan.
Needs checks/spark-requirements.txt and Java 17 or later. Prints "PASS name", "FAIL name: reason" or "SKIPPED name: reason",
and exits 1 on any FAIL, 2 on wrong usage. It reaches no network but loopback, and ends no process but Spark's own.
"""
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ARCHIVES = 12
SECRET = {"extended-private-key", "wif", "private-key", "seed-phrase", "card", "credential"}
FIELDS = ["type", "value", "state", "reason", "chance"]
LISTS = ["rivals", "context", "steps"]
# A market page and a chat, written for this check: rows that are no selectors.
MARKET = "<html><title>SYNTHETIC market</title><body>%s</body>" % "".join(
    f"<div class=thing><a class=name href='/offer/{n}'>{what}</a> <a href='/vendor/{n % 2}'>shop_{n % 2}</a> <span class=price>{n + 4}.50 EUR</span></div>"
    for n, what in enumerate(["Green tea, 100 g", "Black rice, 1 kg", "Silk scarf", "Honey, 250 g", "Wooden spoon"])
)
CHAT = "[02.01.24, 03:04:05] Anna: write to anna@example.org\n[02.01.24, 03:05:00] Boris: hi\n"
failures = []


def told(name, wrong):
    print(f"FAIL {name}: {wrong}" if wrong else f"PASS {name}", flush=True)
    failures.extend([name] if wrong else [])


def scanned(program, folder):
    """Rows of the in-process scan as text, sorted: each with the name of its page."""
    out = subprocess.run([program, "scan", folder, "--json", "--region", "LA"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return sorted(one(pathlib.Path(line.pop("source")).name, line) for line in map(json.loads, out.splitlines()))


def one(page, line):
    return json.dumps({**line, "page": page}, sort_keys=True, ensure_ascii=False)


def row_of(row):
    """A row of the worker as the line that `scan --json` prints."""
    if row["row"] is not None:
        return one(name_of(row["url"]), json.loads(row["row"]))
    line = {name: row[name] for name in ["kind", "start", "end", *FIELDS] if row[name] is not None}
    lists = {name: json.loads(row[name]) for name in LISTS}
    return one(name_of(row["url"]), {**line, **{name: some for name, some in lists.items() if some}})


def name_of(url):
    return url.rsplit("/", 1)[1]


def differ(ours, theirs):
    if ours == theirs:
        return "" if ours else "there are no rows at all"
    left, right = set(ours) - set(theirs), set(theirs) - set(ours)
    return f"{len(ours)} rows and {len(theirs)}; only here {sorted(left)[:1]}, only there {sorted(right)[:1]}"


def stream_of(kinds, pages):
    import pyarrow

    schema, out = pyarrow.schema(kinds), io.BytesIO()
    with pyarrow.ipc.new_stream(out, schema) as writer:
        for begin in range(0, len(pages), 7):
            some = {"url": [url for url, _ in pages[begin : begin + 7]], "bytes": [body for _, body in pages[begin : begin + 7]]}
            writer.write_batch(pyarrow.record_batch([some[name] for name in schema.names], schema=schema))
    return out.getvalue()


def asks_arrow(worker, pages, expected):
    import pyarrow as pa

    command = [worker, "worker", "extract", "--region", "LA", "--reveal"]
    for kinds in ([("url", pa.string()), ("bytes", pa.binary())], [("bytes", pa.large_binary()), ("url", pa.large_string())]):
        stream = stream_of(kinds, pages)
        ran = subprocess.run(command, input=stream, capture_output=True)
        rows = [row for batch in pa.ipc.open_stream(ran.stdout) for row in batch.to_pylist()] if ran.returncode == 0 else []
        told(f"Arrow's own Python writes and reads the worker's streams ({kinds[0][1]})", differ(sorted(map(row_of, rows)), expected))
    half = subprocess.run(command, input=stream[: len(stream) // 2], capture_output=True)
    whole = [row for row in pa.ipc.open_stream(half.stdout)] if half.stdout else []
    told("a stream that stops in the middle ends with 2, and whole batches stand", "" if half.returncode == 2 and whole and b"not the whole" in half.stderr else f"exit {half.returncode}, {half.stderr[-200:]!r}")
    out = io.BytesIO()
    with pa.ipc.new_file(out, pa.schema([("url", pa.string()), ("bytes", pa.binary())])):
        pass
    packed = io.BytesIO()
    odd = pa.schema([("url", pa.string()), ("bytes", pa.string())])
    with pa.ipc.new_stream(packed, odd):
        pass
    for what, bad in (("an Arrow file", out.getvalue()), ("other columns", packed.getvalue()), ("no Arrow at all", b"<html>" * 20), ("nothing", b"")):
        ran = subprocess.run(command, input=bad, capture_output=True)
        told(f"{what} is refused with 2", "" if ran.returncode == 2 and ran.stderr else f"exit {ran.returncode}, {ran.stderr[-200:]!r}")
    masked = subprocess.run(command[:-1], input=stream, capture_output=True)
    secrets = {row["value"] for row in rows if row["type"] in SECRET}
    told_all = "\n".join(str(text) for batch in pa.ipc.open_stream(masked.stdout) for row in batch.to_pylist() for text in row.values())
    shown = [secret for secret in secrets if secret in told_all]
    told(f"without --reveal, none of {len(secrets)} private keys, seed phrases, cards and logins is shown", "there are none" if not secrets else shown[:1])


def archives_of(pages, folder):
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    paths = [folder / f"part-{number:02}.warc.gz" for number in range(ARCHIVES)]
    for number, path in enumerate(paths):
        with open(path, "wb") as out:
            writer = WARCWriter(out, gzip=True)
            for url, body in pages[number::ARCHIVES]:
                head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
                writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=head))
    return paths


def executors(root):
    """Spark's executors among the descendants of a process."""
    parents = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    def below(pid):
        while pid in parents and pid != root:
            pid = parents[pid]
        return pid == root

    def is_executor(pid):
        try:
            return b"CoarseGrainedExecutorBackend" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() and b"java" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            return False

    return [pid for pid in parents if below(pid) and is_executor(pid)]


def asks_spark(worker, pages, expected, work):
    import pyspark

    archives = archives_of(pages, work)
    (work / "list").write_text("".join(f"{path}\n" for path in archives))
    (work / "started").mkdir()
    # A worker that takes a moment, so that there is a middle of the job, and that leaves a trace of its start.
    slow = work / "slow"
    slow.write_text(f'#!/bin/sh\n: >"{work}/started/$$"\nsleep 2\nexec "{worker}" "$@"\n')
    slow.chmod(0o755)
    home = os.path.dirname(pyspark.__file__)
    environment = dict(os.environ, SPARK_HOME=home, PYSPARK_PYTHON=sys.executable, PYSPARK_DRIVER_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_DIRS=str(work / "local"), SPARK_WORKER_DIR=str(work / "workers"))
    script = pathlib.Path(__file__).resolve().parent.parent / "deploy/spark/extract.py"
    settings = [f"spark.sql.warehouse.dir={work}/warehouse", "spark.ui.enabled=false", "spark.executor.memory=512m", "spark.sql.shuffle.partitions=2"]
    command = [f"{home}/bin/spark-submit", "--master", "local-cluster[2,1,1024]", *(word for setting in settings for word in ("--conf", setting))]
    command += [str(script), "--list", str(work / "list"), "--out", str(work / "rows"), "--format", "jsonl", "--region", "LA", "--reveal", "--program", str(slow)]
    with open(work / "log", "wb") as log:
        job = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=work, start_new_session=True)
    killed, begun = None, time.monotonic()
    try:
        while job.poll() is None and time.monotonic() - begun < 300:
            if killed is None and len(list((work / "started").iterdir())) >= 4:
                found = executors(job.pid)
                if len(found) == 2:
                    killed = found[0]
                    os.kill(killed, signal.SIGKILL)
            time.sleep(0.1)
    finally:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
    starts = len(list((work / "started").iterdir()))
    if job.returncode != 0 or killed is None:
        print((work / "log").read_text(errors="replace")[-3000:], file=sys.stderr)
        return told("Spark", f"exit code {job.returncode}, killed {killed}, {starts} tasks begun")
    told("one of two Spark workers was killed in mid-job and its task ran again", "" if starts > ARCHIVES else f"{starts} starts for {ARCHIVES} archives")
    rows = [json.loads(line) for path in sorted((work / "rows").glob("part-*")) for line in path.read_text(encoding="utf-8").splitlines()]
    order = [(row["archive"], row["url"], row["start"], row["end"], row["kind"], row["type"] or "") for row in rows]
    told("Spark's rows are sorted", "" if order == sorted(order) else "they are not")
    told(f"Spark gives the same sorted rows as the in-process scan ({len(expected)} rows)", differ(sorted(map(row_of, rows)), expected))


def main():
    if len(sys.argv) != 2:
        sys.exit(2)
    program = os.path.abspath(sys.argv[1])
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return print("SKIPPED worker against Arrow's own Python and Spark: pyarrow is not installed")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        subprocess.run([program, "range", "pages", "--start-seed", "--out", work / "planted", "--pages", "120"], check=True, stdout=subprocess.DEVNULL)
        for name, text in (("market.html", MARKET), ("chat.txt", CHAT), ("empty.txt", "")):
            (work / "planted/pages" / name).write_text(text)
        files = sorted(path for path in (work / "planted/pages").rglob("*") if path.is_file())
        pages = [(f"http://range.test/{path.name}", path.read_bytes()) for path in files]
        assert len({url for url, _ in pages}) == len(pages), "two pages of one name"
        expected = scanned(program, work / "planted/pages")
        asks_arrow(program, pages, expected)
        try:
            import pyspark  # noqa: F401
            import brotli  # noqa: F401
            import warcio  # noqa: F401
        except ImportError as missing:
            return print(f"SKIPPED Spark: {missing}")
        if not shutil.which("java"):
            return print("SKIPPED Spark: no Java (Debian: default-jre-headless)")
        asks_spark(program, pages, expected, work)


if __name__ == "__main__":
    main()
    sys.exit(1 if failures else 0)
