"""Components of an edge list in a SQL engine: `bench_sql_components.py` runs this with a Python that has the engines.

    python sql_components.py duckdb|datafusion PARTS PLACE GIGABYTES OUT

Randomised contraction (Bogeholz, Brand, Todor, "In-database connected component analysis", 2020): vertex x is renamed
h(x) = (a x + b) mod p, each vertex goes to the least h of itself and its neighbours, edges are renamed, doubles and
loops left out, and so on until none is left; then names are composed and each component gets its least id.
"""

import random
import shutil
import sys
import time
from pathlib import Path

P = (1 << 31) - 1  # a prime above every id, small enough for products in 64 bits


class DuckDB:
    def __init__(self, parts, place, gigabytes):
        import duckdb

        self.db = duckdb.connect(str(place / "work.db"))
        self.db.execute(f"SET memory_limit = '{gigabytes}GB'; SET threads = 2; SET preserve_insertion_order = false")
        self.db.execute(f"SET temp_directory = '{place}/spill'")
        self.db.execute(
            f"CREATE VIEW e0 AS SELECT tail::BIGINT AS v, head::BIGINT AS w FROM read_parquet('{parts}/*.parquet')"
        )

    def make(self, name, query):
        self.db.execute(f"CREATE TABLE {name} AS {query}")

    def drop(self, name):
        self.db.execute(f"DROP TABLE {name}")

    def count(self, name):
        return self.db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]

    def write(self, query, out):
        self.db.execute(f"COPY ({query}) TO '{out}/labels.parquet' (FORMAT parquet)")


class DataFusion:
    def __init__(self, parts, place, gigabytes):
        from datafusion import RuntimeEnvBuilder, SessionConfig, SessionContext

        (place / "spill").mkdir()
        spilling = RuntimeEnvBuilder().with_disk_manager_specified(str(place / "spill"))
        self.place, self.empty = place, set()
        self.db = SessionContext(
            SessionConfig().with_target_partitions(2), spilling.with_fair_spill_pool(gigabytes * 10**9)
        )
        self.db.register_parquet("parts", f"{parts}/")
        self.db.sql(
            "CREATE VIEW e0 AS SELECT CAST(tail AS BIGINT) AS v, CAST(head AS BIGINT) AS w FROM parts"
        ).collect()

    def make(self, name, query):
        folder = self.place / name
        folder.mkdir()
        self.db.sql(query).write_parquet(f"{folder}/")
        if any(folder.iterdir()):
            self.db.register_parquet(name, f"{folder}/")
        else:
            self.empty.add(name)

    def drop(self, name):
        self.db.deregister_table(name)
        shutil.rmtree(self.place / name)

    def count(self, name):
        return 0 if name in self.empty else self.db.sql(f"SELECT count(*) AS n FROM {name}").to_pydict()["n"][0]

    def write(self, query, out):
        self.db.sql(query).write_parquet(f"{out}/")


def components(engine, out):
    rng, began, names = random.Random(0), time.perf_counter(), []
    while True:
        i = len(names)
        a, b = rng.randrange(1, P), rng.randrange(P)
        names.append((a, b))
        there, back = f"SELECT v, ({a} * w + {b}) % {P} AS h FROM e{i}", f"SELECT w, ({a} * v + {b}) % {P} FROM e{i}"
        least = f"least(min(h), ({a} * v + {b}) % {P})"
        engine.make(f"r{i}", f"SELECT v, {least} AS r FROM ({there} UNION ALL {back}) AS ways GROUP BY v")
        ends = f"e{i} JOIN r{i} x ON e{i}.v = x.v JOIN r{i} y ON e{i}.w = y.v"
        engine.make(
            f"e{i + 1}",
            f"SELECT DISTINCT least(x.r, y.r) AS v, greatest(x.r, y.r) AS w FROM {ends} WHERE x.r <> y.r",
        )
        left = engine.count(f"e{i + 1}")
        print(i, left, round(time.perf_counter() - began, 1), flush=True)
        if i:
            engine.drop(f"e{i}")
        if not left:
            break
    query = "SELECT v AS vertex, r FROM r0"
    for i, (a, b) in enumerate(names[1:], 1):  # without an edge in a round a name is renamed by that round's h alone
        name = f"coalesce(x.r, ({a} * l.r + {b}) % {P}) AS r"
        query = f"SELECT l.vertex, {name} FROM ({query}) l LEFT JOIN r{i} x ON l.r = x.v"
    engine.make("named", query)
    least = "SELECT r, min(vertex) AS label FROM named GROUP BY r"
    engine.write(f"SELECT l.vertex, m.label FROM named l JOIN ({least}) m ON l.r = m.r", out)


if __name__ == "__main__":
    _, which, parts, place, gigabytes, out = sys.argv
    made = {"duckdb": DuckDB, "datafusion": DataFusion}[which]
    components(made(parts, Path(place), int(gigabytes)), out)
