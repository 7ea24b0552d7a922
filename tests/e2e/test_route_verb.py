"""`howdah route`: where statements go, asked from the shell."""

import subprocess

import pytest


def howdah_route(build, *arguments, **options):
    return subprocess.run([build / "howdah", "route", *arguments], capture_output=True, text=True, **options)


def test_a_log_of_statements_is_judged(build, tmp_path):
    log = tmp_path / "statements.sql"
    log.write_text("SELECT 1\nSELECT * FROM t WHERE id = 7\nINSERT INTO t VALUES (1)\nSELECT nextval('s')\n")
    out = howdah_route(build, "--from-log", log, check=True).stdout
    assert "2 of 4 statements (50.0 %) would run on a replica" in out
    assert "write (insert)" in out and "e.g. SELECT nextval('s')" in out
    assert howdah_route(build, "--from-log", "-", input=log.read_text(), check=True).stdout == out
    assert howdah_route(build, "--from-log", tmp_path / "missing").returncode == 1


def test_the_decision_table_is_printed(build):
    out = howdah_route(build, "--table", check=True).stdout
    assert out.startswith("| goes to |") and "CREATE TABLE" in out


def test_one_statement_is_explained(build):
    out = howdah_route(build, "SELECT nextval('s')", check=True).stdout
    assert "volatile_function" in out and "nextval" in out and "primary" in out


def test_one_statement_is_explained_by_the_lists_of_a_configuration(build, tmp_path):
    conf = tmp_path / "pgpool.conf"
    conf.write_text("backend_hostname0 = 'a'\nbackend_weight0 = 0\nbackend_hostname1 = 'b'\nbackend_hostname2 = 'c'\n"
                    "write_function_list = 'my_.*'\nprimary_routing_query_pattern_list = '.*ledger.*'\n")

    def rows(sql):
        out = howdah_route(build, "-f", conf, sql, check=True).stdout
        return {line[:22].strip(): line[23:] for line in out.splitlines()}
    assert rows("SELECT my_f()")["because"] == 'my_f, which is "my_.*" of write_function_list'
    assert rows("SELECT * FROM ledger")["because"] == ".*ledger.*"
    assert rows("SELECT * FROM t")["target"].endswith("standby)")
    assert "no server is asked" in rows("SELECT mine()")["catalog"]
    assert "is not understood" in rows("/*howdah: read_consistency=x*/ SELECT 1")["because"]


@pytest.mark.parametrize("log", [
    ["2026-11-23 10:00:00.000 UTC [7]: [1-1] user=a LOG:  statement: SELECT 1", "2026-11-23 10:00:00.000 UTC [7]: [2-1] user=a LOG:  statement: BEGIN",
     "2026-11-23 10:00:00.000 UTC [8]: [1-1] user=a LOG:  statement: SELECT 2", "2026-11-23 10:00:00.000 UTC [7]: [3-1] user=a LOG:  statement: SELECT 3"],
    ['{"session_id":"65a1b2c3.7","error_severity":"LOG","message":"statement: SELECT 1"}',
     '{"session_id":"65a1b2c3.7","error_severity":"LOG","message":"statement: BEGIN"}',
     '{"session_id":"65a1b2c3.8","error_severity":"LOG","message":"statement: SELECT 2"}',
     '{"session_id":"65a1b2c3.7","error_severity":"LOG","message":"statement: SELECT 3"}'],
], ids=["stderr", "jsonlog"])
def test_transactions_of_different_sessions_of_a_log_are_told_apart(build, log):
    out = howdah_route(build, "--from-log", "-", input="\n".join(log) + "\n", check=True).stdout
    assert "2 of 3 statements (66.7 %) would run on a replica; 1 commands of transactions not counted" in out
    assert "explicit_transaction" in out


def test_nothing_or_too_much_to_judge_is_a_mistake(build):
    assert howdah_route(build).returncode != 0
    assert howdah_route(build, "SELECT 1", "--table").returncode != 0
