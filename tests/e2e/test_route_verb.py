"""`howdah route`: where statements go, asked from the shell."""

import subprocess


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


def test_nothing_or_too_much_to_judge_is_a_mistake(build):
    assert howdah_route(build).returncode != 0
    assert howdah_route(build, "SELECT 1", "--table").returncode != 0
