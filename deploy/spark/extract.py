#!/usr/bin/env python3
"""Selectors of many web archives, by Spark: the same extraction as `lanternfish scan`, a task for each archive.

    spark-submit deploy/spark/extract.py --list warcs.txt --out rows

  --list FILE      paths of WARC files, one a line, as every worker of the cluster sees them
  --out FOLDER     new folder for the rows; Spark refuses one that is there
  --format KIND    parquet (default) or jsonl
  --program PATH   the program `lanternfish` on every worker (default: the one on the PATH)
  --region CC      country whose national phone numbers are read, such as LA

Needs pyspark, pyarrow and warcio on every worker. Each response, resource and conversion record is one page: its bytes after
transfer and content decoding, its address from WARC-Target-URI. `start` and `end` count in these bytes. Rows are sorted, so
two runs over the same archives can be compared byte for byte as JSON lines. A task that dies, or whose worker says that
it could not read everything, gives no rows; Spark runs it again (spark.task.maxFailures), and fails in the end rather than
leave an archive out. It touches no case and keeps nothing but the rows: they hold whatever the pages hold, also
private keys and card numbers, so the folder is evidence to be guarded.
"""
import argparse
import subprocess
import sys
import threading

COLUMNS = "url string, type string, value string, state string, reason string, start long, end long, rivals string, chance string, context string, steps string, archive string"
# A batch of pages leaves when it holds so many, or so many bytes.
PAGES, BYTES = 1000, 16 << 20
# The longest page that one batch can hold; a longer one is an error, never a silent gap.
LONGEST = 1 << 30


def pages(path):
    """Address and decoded bytes of each page of an archive."""
    from warcio.archiveiterator import ArchiveIterator

    with open(path, "rb") as archive:
        for record in ArchiveIterator(archive):
            if record.rec_type in ("response", "resource", "conversion"):
                body = record.content_stream().read(LONGEST)
                if len(body) >= LONGEST:
                    raise ValueError(f"{path}: a page has {LONGEST} bytes or more: use `lanternfish exhibit admit` for it")
                yield record.rec_headers.get_header("WARC-Target-URI") or "", body


def feed(path, pipe, failed):
    """Writes the pages of an archive as record batches. Without an end mark, the worker refuses the stream."""
    import pyarrow

    schema = pyarrow.schema([("url", pyarrow.string()), ("bytes", pyarrow.large_binary())])
    try:
        writer = pyarrow.ipc.new_stream(pipe, schema)
        waiting, size = [], 0
        for url, body in pages(path):
            if waiting and (len(waiting) >= PAGES or size + len(body) > BYTES):
                writer.write_batch(pyarrow.record_batch(list(zip(*waiting)), schema=schema))
                waiting, size = [], 0
            waiting.append((url, body))
            size += len(body)
        if waiting:
            writer.write_batch(pyarrow.record_batch(list(zip(*waiting)), schema=schema))
        writer.close()
    except Exception as error:
        failed.append(error)
    finally:
        try:
            pipe.close()
        except OSError:
            pass


def rows(path, command):
    """Rows of one archive, as the worker writes them, with the archive's path behind them."""
    import pyarrow

    failed = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        feeder = threading.Thread(target=feed, args=(path, worker.stdin, failed), daemon=True)
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


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--list", required=True)
    asked.add_argument("--out", required=True)
    asked.add_argument("--format", choices=["parquet", "jsonl"], default="parquet")
    asked.add_argument("--program", default="lanternfish")
    asked.add_argument("--region")
    asked = asked.parse_args()
    with open(asked.list, encoding="utf-8") as listed:
        archives = sorted({line.strip() for line in listed if line.strip()})
    if not archives:
        sys.exit(f"{asked.list}: names no archive")
    command = [asked.program, "worker", "extract"] + (["--region", asked.region] if asked.region else [])

    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("lanternfish extract").getOrCreate()
    found = spark.sparkContext.parallelize(archives, len(archives)).flatMap(lambda path: rows(path, command))
    table = spark.createDataFrame(found, COLUMNS)
    table = table.orderBy("archive", "url", "start", "end", "type", "value", "state", "reason", "rivals", "chance", "context", "steps")
    if asked.format == "jsonl":
        table.coalesce(1).write.option("ignoreNullFields", "false").json(asked.out)
    else:
        table.write.parquet(asked.out)
    spark.stop()


if __name__ == "__main__":
    main()
