"""What Howdah calls a read, PostgreSQL must find to be one: tests/oracle, on statements of our own."""

import pathlib
import sys

import pytest

ORACLE = pathlib.Path(__file__).resolve().parent.parent / "oracle"
sys.path.insert(0, str(ORACLE))

import oracle  # noqa: E402  (needs the path above)
import psql_script  # noqa: E402
import side_by_side  # noqa: E402


def test_no_statement_of_ours_is_wrongly_called_a_read(build):
    report = oracle.run_folder(build, ORACLE / "statements")
    assert report.findings == []
    assert report.statements > 1000 and report.compared > 500, vars(report)


def test_the_oracle_finds_what_is_wrongly_called_a_read(build, tmp_path):
    (tmp_path / "lies.sql").write_text(
        "CREATE SEQUENCE s; SELECT nextval('s'); SELECT pg_is_in_recovery(); BEGIN; SELECT txid_current() > 0; COMMIT; SELECT 1;")
    report = oracle.run_folder(build, tmp_path, read_only_function_list="nextval,pg_is_in_recovery,txid_current")
    found = {(finding.what, finding.sql) for finding in report.findings}
    assert ("other answer", "SELECT pg_is_in_recovery()") in found
    assert ("wrote", "SELECT txid_current() > 0") in found
    assert not any(sql == "SELECT 1" for _, sql in found)


def test_scripts_print_through_howdah_what_they_print_on_postgresql(build):
    scripts = [ORACLE / "statements" / f"{name}.sql" for name in ("functions", "relations", "sessions")]
    for script, lines in side_by_side.differences(build, scripts):
        assert lines == [], script.name


@pytest.mark.parametrize("text, statements", [
    ("SELECT 1; SELECT ';' ; SELECT $a$;$a$;", ["SELECT 1", "SELECT ';' ", "SELECT $a$;$a$"]),
    ("-- a; b\nSELECT /* ; /* ; */ */ 1;", ["SELECT /* ; /* ; */ */ 1"]),
    ("SELECT (1;2);", ["SELECT (1;2)"]),
    ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; SELECT 2;",
     ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END", "SELECT 2"]),
    ("\\set a 'x y'\nSELECT :'a', :\"a\", a::text, :b;", ["SELECT 'x y', \"x y\", a::text, :b"]),
    ("\\if false\nSELECT 1;\n\\else\nSELECT 2;\n\\endif\nSELECT 3;", ["SELECT 2", "SELECT 3"]),
    ("SELECT E'\\';' \\gset\nSELECT 1 \\; SELECT 2;", ["SELECT E'\\';' ", "SELECT 1 ; SELECT 2"]),
])
def test_scripts_come_apart_as_psql_takes_them_apart(text, statements):
    assert [piece.text for piece in psql_script.PsqlScript(text, {}).pieces()] == statements
