#!/usr/bin/env python3
"""Rows of many web archives, by Spark: the same extraction as `lanternfish scan`, a task for each archive.

    spark-submit deploy/spark/extract.py --list warcs.txt --out rows

  --list FILE      paths of WARC files, one a line, as every worker of the cluster sees them
  --out FOLDER     new folder for the rows; Spark refuses one that is there
  --format KIND    parquet (default) or jsonl
  --program PATH   the program `lanternfish` on every worker (default: the one on the PATH)
  --region CC      country whose national phone numbers are read, such as LA
  --reveal         write private keys, seed phrases, cards and logins as they are; they are masked otherwise
  --allow-uncaged  go on where a container gives the program no cage of its own

Needs pyspark, pyarrow, warcio and brotli on every worker. Each response, resource and conversion record is one page: its
bytes after transfer and content decoding, its address from WARC-Target-URI. `start` and `end` count in these bytes. What
was not read (a compression that is not known, a page that is too long) has a row of the kind `note`. Rows are sorted, so
two runs over the same archives can be compared. A task that dies, or whose worker says that it could not read everything,
gives no rows; Spark runs it again (spark.task.maxFailures), and fails in the end rather than leave an archive out.
It works on copies, touches no case and keeps nothing but the rows. They are no evidence, and they hold whatever the pages
hold: guard the folder as the archives are guarded. docs/guide/worker.md says when to use it and what comes after.
"""
import argparse
import json
import subprocess
import sys
import threading

COLUMNS = "url string, kind string, type string, value string, state string, reason string, start long, end long, rivals string, chance string, context string, steps string, row string, archive string"
# A batch of pages leaves when it holds so many, or so many bytes.
PAGES, BYTES = 1000, 16 << 20
# Pages that are longer are not read, and a row says so: the worker takes batches of a quarter of its memory (1 GiB).
LONGEST = 200 << 20
# What warcio undoes, with brotli beside it.
CODINGS = {"", "identity", "gzip", "x-gzip", "deflate", "br"}


def pages(path, left_out):
    """Address and decoded bytes of each page of an archive. What cannot be given goes to `left_out`."""
    import brotli  # noqa: F401  without it, warcio gives what is compressed so as it is, and says nothing
    from warcio.archiveiterator import ArchiveIterator

    with open(path, "rb") as archive:
        for record in ArchiveIterator(archive):
            if record.rec_type not in ("response", "resource", "conversion"):
                continue
            url = record.rec_headers.get_header("WARC-Target-URI") or ""
            coding = (record.http_headers.get_header("Content-Encoding") or "" if record.http_headers else "").strip().lower()
            body = record.content_stream().read(LONGEST + 1)
            if len(body) > LONGEST:
                left_out.append((url, f"not read: the page has more than {LONGEST} bytes; `lanternfish scan` reads a file of any length"))
                continue
            if coding not in CODINGS:
                left_out.append((url, f"read as it is: its compression {coding[:40]} is not undone here"))
            yield url, body


def feed(path, pipe, left_out, failed):
    """Writes the pages of an archive as record batches. Without an end mark, the worker refuses the stream."""
    import pyarrow

    schema = pyarrow.schema([("url", pyarrow.string()), ("bytes", pyarrow.large_binary())])

    def batch(some):
        return pyarrow.record_batch([pyarrow.array(column, field.type) for column, field in zip(zip(*some), schema)], schema=schema)

    try:
        writer = pyarrow.ipc.new_stream(pipe, schema)
        waiting, size = [], 0
        for url, body in pages(path, left_out):
            if waiting and (len(waiting) >= PAGES or size + len(body) > BYTES):
                writer.write_batch(batch(waiting))
                waiting, size = [], 0
            waiting.append((url, body))
            size += len(body)
        if waiting:
            writer.write_batch(batch(waiting))
        writer.close()
    except Exception as error:
        failed.append(error)
    finally:
        try:
            pipe.close()
        except OSError:
            pass


def noted(url, words, path):
    """A row about something that was not read, shaped as the worker shapes its own."""
    empty = [None] * 10
    return (url, "note", *empty, json.dumps({"kind": "note", "note": words}), path)


def rows(path, command):
    """Rows of one archive, as the worker writes them, with the archive's path behind them."""
    import pyarrow

    left_out, failed = [], []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        feeder = threading.Thread(target=feed, args=(path, worker.stdin, left_out, failed), daemon=True)
        feeder.start()
        try:
            for batch in pyarrow.ipc.open_stream(worker.stdout):
                for row in batch.to_pylist():
                    yield (*row.values(), path)
        except pyarrow.ArrowInvalid as error:
            failed.append(error)
        except BaseException:
            worker.kill()
            raise
        feeder.join()
        code = worker.wait()
    # The archive's own fault is said before the worker's, which only followed from it.
    if failed or code != 0:
        raise RuntimeError(f"{path}: {failed[0] if failed else 'the worker stopped'} (exit code {code})")
    for url, words in left_out:
        yield noted(url, words, path)


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--list", required=True)
    asked.add_argument("--out", required=True)
    asked.add_argument("--format", choices=["parquet", "jsonl"], default="parquet")
    asked.add_argument("--program", default="lanternfish")
    asked.add_argument("--region")
    asked.add_argument("--reveal", action="store_true")
    asked.add_argument("--allow-uncaged", action="store_true")
    asked = asked.parse_args()
    with open(asked.list, encoding="utf-8") as listed:
        archives = sorted({line.strip() for line in listed if line.strip()})
    if not archives:
        sys.exit(f"{asked.list}: names no archive")
    command = [asked.program, "worker", "extract"] + (["--region", asked.region] if asked.region else [])
    command += ["--reveal"] * asked.reveal + ["--allow-uncaged"] * asked.allow_uncaged

    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("lanternfish extract").getOrCreate()
    found = spark.sparkContext.parallelize(archives, len(archives)).flatMap(lambda path: rows(path, command))
    table = spark.createDataFrame(found, COLUMNS)
    table = table.orderBy("archive", "url", "start", "end", "kind", "type", "value", "state", "reason", "rivals", "chance", "context", "steps", "row")
    if asked.format == "jsonl":
        table.coalesce(1).write.option("ignoreNullFields", "false").json(asked.out)
    else:
        table.write.parquet(asked.out)
    spark.stop()


if __name__ == "__main__":
    main()
