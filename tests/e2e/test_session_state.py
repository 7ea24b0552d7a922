"""Settings follow their client over shared server connections, and nobody else: compared with PostgreSQL's own answers."""

import contextlib
import random

import pytest

import cluster as pg
import wire
from lag import wait_for_replicas
from wire import Client

ROLES = ("carried_a", "carried_b")


@pytest.fixture(scope="module", autouse=True)
def roles(cluster):
    for role in ROLES:
        cluster.primary.query(f"CREATE ROLE {role}")
        cluster.primary.query(f"GRANT {role} TO app")
    wait_for_replicas(cluster)


class Session:
    """A client that remembers what the server says its parameters are."""

    def __init__(self, port, **startup):
        self.client = Client(port)
        assert self.client.login(password=pg.PASSWORD, **startup) is self.client

    def close(self):
        self.client.socket.close()

    def ask(self, parts, count=1):
        """What is answered, without notices and places in the source."""
        self.client.send(*parts)
        answers = []
        for _ in range(count):
            for tag, body in self.client.until():
                if tag == b"S":
                    name, value = body.split(b"\0")[:2]
                    self.client.parameters[name.decode()] = value.decode()
                elif tag == b"E":
                    answers.append((tag, {k: v for k, v in wire.error_fields(body).items() if k not in "FLR"}))
                elif tag != b"N":
                    answers.append((tag, body))
        return answers

    def parameters(self):
        return {k: v for k, v in self.client.parameters.items() if k != "in_hot_standby"}


def simple(sql):
    return [wire.query(sql)]


def extended(*statements):
    parts = []
    for sql in statements:
        parts += [wire.parse(sql), wire.bind(), wire.describe(), wire.execute()]
    return [*parts, wire.SYNC]


def bound(sql, *values):
    return [wire.parse(sql), wire.bind(values), wire.execute(), wire.SYNC]


# Every turn goes through the one server connection that all of them share.
@pytest.mark.parametrize("way", [simple, extended])
def test_three_clients_with_their_own_settings_take_turns_on_one_connection(make_gateway, way):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    looks = {"work_mem": ["{}MB"], "search_path": ["s{}, public"], "my.own": ["{}"], "timezone": ["Etc/GMT+{}"],
             "application_name": ["n{}"]}
    with contextlib.ExitStack() as stack:
        people = [stack.enter_context(contextlib.closing(Session(gateway.port))) for _ in range(3)]
        for name, (form,) in looks.items():
            for number, person in enumerate(people, 1):
                value = form.format(number)
                quoted = value if name == "search_path" else f"'{value}'"
                assert person.ask(way(f"SET {name} TO {quoted}"))[-1] == (b"Z", b"I")
        for _ in range(2):
            for number, person in enumerate(people, 1):
                for name, (form,) in looks.items():
                    answers = person.ask(way(f"SHOW {name}"))
                    assert [wire.row_values(body) for tag, body in answers if tag == b"D"] == [[form.format(number)]]
                assert person.parameters()["TimeZone"] == f"Etc/GMT+{number}"
        with contextlib.closing(Session(gateway.port)) as stranger:
            answers = stranger.ask(way("SELECT current_setting('work_mem'), coalesce(current_setting('my.own', true), '')"))
            assert [wire.row_values(body) for tag, body in answers if tag == b"D"] == [["4MB", ""]]
        pids = {wire.row_values(person.ask(simple("SELECT pg_backend_pid()"))[1][1])[0] for person in people}
        assert len(pids) == 1


def test_the_emptied_search_path_of_a_dump_reaches_nobody_else(make_gateway):
    shared = make_gateway(default_pool_size=1, load_balance_mode="off")
    with contextlib.closing(Session(shared.port)) as dump, contextlib.closing(Session(shared.port)) as other:
        dump.ask(simple("SELECT pg_catalog.set_config('search_path', '', false)"))
        assert other.client.rows("SHOW search_path") == [['"$user", public']]
        assert dump.client.rows("SHOW search_path") == [['']]


@pytest.mark.parametrize("startup", [
    {"options": "-c application_name=inside"}, {"options": "--application-name=inside -c TimeZone=UTC"},
    {"options": "-c application_name=inside", "application_name": "beside"}, {},
])
def test_the_name_of_an_application_is_told_wherever_its_client_gives_it(cluster, make_gateway, startup):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    with contextlib.closing(Session(cluster.primary.port, **startup)) as direct, contextlib.closing(Session(gateway.port)) as other:
        for _ in range(2):  # welcomed by a server, then from memory
            with contextlib.closing(Session(gateway.port, **startup)) as mine:
                assert mine.parameters()["application_name"] == direct.parameters()["application_name"]
                assert other.client.rows("SHOW application_name") == [[""]]
                assert mine.client.rows("SHOW application_name") == direct.client.rows("SHOW application_name")


def test_a_role_is_in_force_for_every_statement_of_its_client_and_for_nobody_elses(cluster, make_gateway):
    gateway = make_gateway(default_pool_size=1)  # on replicas as well
    with contextlib.closing(Session(gateway.port)) as one, contextlib.closing(Session(gateway.port)) as two:
        one.ask(simple("SET ROLE carried_a"))
        for _ in range(5):
            assert one.client.rows("SELECT current_user, session_user") == [["carried_a", "app"]]
            assert two.client.rows("SELECT current_user, session_user") == [["app", "app"]]
        one.ask(simple("SET work_mem = '9MB'"))
        two.ask(simple("SET work_mem = '8MB'"))
        assert one.client.rows("SELECT current_user, current_setting('work_mem')") == [["carried_a", "9MB"]]
        assert two.client.rows("SELECT current_user, current_setting('work_mem')") == [["app", "8MB"]]
        one.ask(simple("RESET ROLE"))
        assert one.client.rows("SELECT current_user") == [["app"]]


def test_a_role_that_is_gone_ends_the_session_before_anything_runs_without_it(cluster, make_gateway):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    cluster.primary.query("CREATE ROLE passing")
    cluster.primary.query("GRANT passing TO app")
    with contextlib.closing(Session(gateway.port)) as one, contextlib.closing(Session(gateway.port)) as two:
        two.ask(simple("CREATE TABLE IF NOT EXISTS by_role (who text)"))
        two.ask(simple("TRUNCATE by_role"))
        one.ask(simple("SET ROLE passing"))
        two.ask(simple("SELECT 1"))
        cluster.primary.query("REVOKE passing FROM app")
        one.client.send(wire.query("INSERT INTO by_role VALUES (current_user)"))
        tag, body = one.client.read()
        while tag in b"SN":
            tag, body = one.client.read()
        fields = wire.error_fields(body)
        assert (tag, fields["S"], fields["C"]) == (b"E", "FATAL", "57P01") and "passing" in fields["D"]
        assert one.client.is_closed()
        assert two.client.rows("SELECT count(*) FROM by_role") == [["0"]]
    cluster.primary.query("DROP ROLE passing")


def test_settings_of_the_transaction_change_where_the_next_one_runs(cluster, make_gateway):
    gateway = make_gateway()
    with contextlib.closing(Session(gateway.port)) as one:
        port = "SELECT current_setting('port')"
        one.ask(simple("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
        assert one.ask(simple("BEGIN"))[-1] == (b"Z", b"T")
        assert one.client.rows(port) != [[str(cluster.primary.port)]]
        one.ask(simple("COMMIT"))
        one.ask(simple("RESET default_transaction_read_only"))
        one.ask(simple("SET default_transaction_isolation TO serializable"))
        assert one.client.rows(port) == [[str(cluster.primary.port)]]


def test_a_limit_of_time_left_by_one_client_does_not_hit_the_next(make_gateway):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    with contextlib.closing(Session(gateway.port)) as hasty, contextlib.closing(Session(gateway.port)) as other:
        hasty.ask(simple("SET statement_timeout = '20ms'"))
        assert other.client.rows("SELECT 1 FROM pg_sleep(0.1)") == [["1"]]
        assert [body["C"] for tag, body in hasty.ask(simple("SELECT pg_sleep(60)")) if tag == b"E"] == ["57014"]


SCRIPTS = {
    "rolled back in a string": [simple("SET work_mem = '5MB'; SELECT 1/0"), simple("SHOW work_mem")],
    "committed half-way": [simple("SET work_mem = '5MB'; COMMIT; SET work_mem = '6MB'; SELECT 1/0"), simple("SHOW work_mem")],
    "undone half-way": [simple("SET work_mem = '5MB'; ROLLBACK; SET my.own = '1'"), simple("SHOW work_mem"), simple("SHOW my.own")],
    "begun in a string": [simple("SET work_mem = '5MB'; BEGIN; SET work_mem = '6MB'"), simple("ROLLBACK"), simple("SHOW work_mem")],
    "a commit that rolls back": [simple("BEGIN"), simple("SET work_mem = '5MB'"), simple("SELECT 1/0"), simple("COMMIT"), simple("SHOW work_mem")],
    "and chain": [simple("BEGIN"), simple("SET work_mem = '5MB'"), simple("COMMIT AND CHAIN"), simple("SET work_mem = '6MB'"),
                  simple("ROLLBACK AND CHAIN"), simple("SHOW work_mem"), simple("COMMIT"), simple("SHOW work_mem")],
    "local": [simple("BEGIN"), simple("SET LOCAL work_mem = '5MB'"), simple("SHOW work_mem"), simple("COMMIT"), simple("SHOW work_mem")],
    "local over session": [simple("BEGIN"), simple("SET work_mem = '5MB'"), simple("SET LOCAL work_mem = '6MB'"), simple("COMMIT"), simple("SHOW work_mem")],
    "session over local": [simple("BEGIN"), simple("SET LOCAL work_mem = '6MB'"), simple("SET work_mem = '5MB'"), simple("COMMIT"), simple("SHOW work_mem")],
    "local in a savepoint": [simple("BEGIN"), simple("SET work_mem = '5MB'"), simple("SAVEPOINT a"), simple("SET LOCAL work_mem = '6MB'"),
                             simple("RELEASE a"), simple("SHOW work_mem"), simple("COMMIT"), simple("SHOW work_mem")],
    "same savepoint twice": [simple("BEGIN; SAVEPOINT a; SET work_mem = '5MB'; SAVEPOINT a; SET work_mem = '6MB'"), simple("ROLLBACK TO a"),
                             simple("SHOW work_mem"), simple("RELEASE a"), simple("ROLLBACK TO a"), simple("COMMIT"), simple("SHOW work_mem")],
    "quoted path": [simple('SET search_path TO "A b", "user", public, "$user", \'c, d\''), simple("SHOW search_path")],
    "path as text": [simple("SELECT set_config('search_path', 'a, \"B\"', false)"), simple("SHOW search_path")],
    "time zones": [simple("SET TIME ZONE -3.5"), simple("SHOW timezone"), simple("SET TIME ZONE INTERVAL '+02:30' HOUR TO MINUTE"),
                   simple("SHOW timezone"), simple("SET TIME ZONE LOCAL"), simple("SHOW timezone")],
    "styles": [simple("SET DateStyle TO SQL, DMY"), simple("SELECT '2026-11-23'::date"), simple("SET IntervalStyle TO iso_8601"),
               simple("SELECT '1 day 2 hours'::interval"), simple("SET bytea_output = escape"), simple("SELECT 'a'::bytea")],
    "a null is a reset": [simple("SET geqo_seed = 1"), simple("SELECT set_config('geqo_seed', NULL, false)"), simple("SHOW geqo_seed")],
    "a bound value": [bound("SELECT set_config('work_mem', $1, false), set_config('my.own', $2, false)", b"5MB", b"it's"),
                      simple("SELECT current_setting('work_mem'), current_setting('my.own')"),
                      bound("SELECT set_config('my.own', $1, false)", b""), simple("SHOW my.own"),
                      bound("SELECT set_config('work_mem', $1::text, false)", b"refused"), simple("SHOW work_mem")],
    "a bound null": [simple("SET geqo_seed = 1"), bound("SELECT set_config('geqo_seed', $1, false)", None), simple("SHOW geqo_seed")],
    "a bound name": [bound("SELECT set_config($1, $2, false), set_config($3, 'x', false)", b"Work_Mem", b"5MB", b"my.own"),
                     simple("SELECT current_setting('work_mem'), current_setting('my.own')"), bound("SELECT set_config($1, $2, false)", b"role", b"carried_a"),
                     simple("SELECT current_user"), bound("SELECT set_config($1, $2, false)", b"geqo_seed", None), simple("SHOW geqo_seed"),
                     bound("SELECT set_config($1, $2, false)", b"no_such_setting", b"1"), bound("SELECT set_config($1, $2, false)", None, b"1"),
                     bound("SELECT set_config($1, $2, false)", b"transaction_read_only", b"on"), simple("SHOW transaction_read_only")],
    "bound again": [[wire.parse("SELECT set_config('work_mem', $1, false)", "s"), wire.SYNC],
                    [wire.bind([b"5MB"], statement="s"), wire.execute(), wire.bind([b"6MB"], statement="s"), wire.SYNC], simple("SHOW work_mem"),
                    [wire.bind([b"7000"], portal="p", statement="s"), wire.describe(b"P", "p"), wire.execute("p"), wire.SYNC], simple("SHOW work_mem")],
    "bound and undone": [simple("BEGIN"), bound("SELECT set_config('role', $1, false)", b"carried_a"), simple("SELECT current_user"),
                         simple("ROLLBACK"), simple("SELECT current_user"),
                         bound("SELECT set_config('role', $1, false)", b"carried_a"), simple("SELECT current_user")],
    "discard": [simple("SET work_mem = '5MB'"), simple("SET ROLE carried_a"), simple("DISCARD ALL"), simple("SHOW work_mem"), simple("SHOW role")],
    "reset all keeps the role": [simple("SET work_mem = '5MB'"), simple("SET ROLE carried_a"), simple("RESET ALL"), simple("SHOW work_mem"), simple("SHOW role")],
    "role none": [simple("SET ROLE carried_a"), simple("SET ROLE NONE"), simple("SHOW role"), simple("SET ROLE nobody_knows"), simple("SHOW role")],
    "errors": [simple("SET work_mem = 'much'"), simple("SET no_such_setting = 1"), simple("SET port = 1"), simple("RESET port"),
               simple("SET search_path TO a, b; SET work_mem TO 1, 2"), simple("SHOW search_path")],
    "a pipeline fails": [extended("SET work_mem = '5MB'", "SELECT 1/0", "SET work_mem = '6MB'"), simple("SHOW work_mem")],
    "a pipeline commits": [extended("SET work_mem = '5MB'", "COMMIT", "SET work_mem = '6MB'", "SELECT 1/0"), simple("SHOW work_mem")],
    "a pipeline rolls back": [extended("SET work_mem = '5MB'", "ROLLBACK", "SET my.own = '2'"), simple("SHOW work_mem"), simple("SHOW my.own")],
    "a whole transaction in a pipeline": [extended("BEGIN", "SET work_mem = '5MB'", "SAVEPOINT a", "SET work_mem = '6MB'", "ROLLBACK TO a", "COMMIT"),
                                          extended("SHOW work_mem")],
    "encoding": [simple("SET client_encoding TO latin1"), simple("SELECT chr(252)"), simple("SET NAMES 'utf8'"), simple("SELECT chr(252)")],
    "umlauts": [simple("SET my.own = 'grüße'"), simple("SET client_encoding TO latin1"), simple("SHOW my.own"), simple("RESET client_encoding"), simple("SHOW my.own")],
    "read only by default": [simple("SET default_transaction_read_only TO on"), simple("CREATE TABLE nope (a int)"), simple("SHOW transaction_read_only"),
                             simple("RESET default_transaction_read_only"), simple("SHOW transaction_read_only")],
    "reset in a string": [simple("SET TimeZone = 'UTC'; RESET TimeZone; SHOW TimeZone"), simple("SHOW TimeZone"),
                          simple("SET work_mem = '5MB'; SET TimeZone = 'UTC'; RESET ALL; SELECT current_setting('work_mem'), current_setting('TimeZone')"),
                          simple("RESET work_mem; SELECT 'grüße', no_such_column; SELECT 1"), simple("SELECT 'grüße'; RESET work_mem; SELECT 'ü', 1/0"),
                          simple("SET work_mem = '5MB'; RESET work_mem -- really\n; COMMIT; SHOW work_mem; SET work_mem = '6MB'; SELECT nope"),
                          simple("SHOW work_mem"), simple("BEGIN; SET work_mem TO '5MB'; SAVEPOINT a; RESET work_mem; SHOW work_mem; ROLLBACK TO a; SHOW work_mem"),
                          simple("COMMIT"), simple("SHOW work_mem"), simple("SET work_mem TO DEFAULT; SHOW work_mem"), simple("SHOW work_mem")],
    "reset in a batch": [extended("SET TimeZone = 'UTC'", "RESET TimeZone", "SHOW TimeZone"), simple("SHOW TimeZone"),
                         extended("SET work_mem = '5MB'", "RESET ALL", "SHOW work_mem", "SHOW TimeZone"), simple("SHOW work_mem"),
                         extended("RESET work_mem", "SELECT 1/0", "SHOW work_mem"), simple("SHOW work_mem"),
                         extended("BEGIN", "SET work_mem = '5MB'", "SAVEPOINT a", "RESET work_mem", "SHOW work_mem", "ROLLBACK TO a", "SHOW work_mem", "COMMIT"),
                         simple("SHOW work_mem"), extended("RESET work_mem", "RESET work_mem", "SHOW work_mem")],
    "reset before the modes of a transaction": [
        simple("BEGIN"), extended("RESET ALL"), extended("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SHOW work_mem"), simple("ROLLBACK"),
        extended("RESET ALL", "SET TRANSACTION READ WRITE"), extended("RESET work_mem", "BEGIN ISOLATION LEVEL REPEATABLE READ"), simple("COMMIT"),
        simple("BEGIN"), simple("RESET ALL"), simple("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), simple("SHOW TimeZone"), simple("COMMIT"),
        simple("BEGIN; RESET ALL; SET TRANSACTION READ ONLY; SHOW work_mem; RESET TimeZone; COMMIT"), simple("SHOW TimeZone")],
    "session authorization": [simple("SET ROLE carried_a"), simple("SET SESSION AUTHORIZATION app"), simple("SHOW role"), simple("SET ROLE carried_b"),
                              simple("RESET SESSION AUTHORIZATION"), simple("SHOW role"), simple("SELECT current_user")],
    "reset to the startup's value": [simple("SET TimeZone = 'UTC'"), simple("RESET TimeZone"), simple("SHOW TimeZone"), simple("BEGIN"),
                                     simple("SET TimeZone TO 'GMT'"), simple("RESET TimeZone"), simple("SHOW TimeZone"),
                                     simple("SET TimeZone = 'UTC'"), simple("RESET TimeZone"), simple("SHOW TimeZone"), simple("ROLLBACK"), simple("SHOW TimeZone")],
}


@pytest.fixture(scope="module")
def shared_gateway(cluster, build, tmp_path_factory):
    """One server connection per node for everybody."""
    with pg.Howdah(cluster, build, directory=tmp_path_factory.mktemp("shared"), default_pool_size=1) as running:
        yield running


# With a list of names in the startup packet, in words that are not SET's.
LISTS = {
    "alone": [simple("BEGIN"), simple("RESET search_path"), simple("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), simple("SHOW search_path"),
              simple("COMMIT"), simple("SHOW search_path")],
    "alone in batches": [extended("BEGIN"), extended("RESET ALL"), extended("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"),
                         extended("SELECT current_schemas(false)", "SHOW search_path"), extended("ROLLBACK")],
    "in a string": [simple("BEGIN; RESET ALL; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT current_schemas(false); COMMIT"), simple("SHOW search_path"),
                    simple("BEGIN; RESET search_path; SHOW search_path; ROLLBACK; SHOW search_path"),
                    simple("BEGIN; RESET search_path; SET TRANSACTION READ ONLY; SET TRANSACTION NOT DEFERRABLE; SHOW search_path; RESET ALL; SHOW search_path; COMMIT")],
    "across both": [simple("BEGIN; RESET search_path; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), simple("SET TRANSACTION READ WRITE"),
                    simple("SHOW search_path"), simple("COMMIT"), simple("SHOW search_path")],
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_names_is_put_back_before_the_modes_of_a_transaction(cluster, shared_gateway, name):
    startup = {"options": '-c search_path=pg_catalog,"Some\\ where",public'}
    with contextlib.ExitStack() as stack:
        direct = stack.enter_context(contextlib.closing(Session(cluster.primary.port, **startup)))
        mine = stack.enter_context(contextlib.closing(Session(shared_gateway.port, **startup)))
        for parts in LISTS[name]:
            assert mine.ask(parts) == direct.ask(parts), parts


@pytest.mark.parametrize("name", SCRIPTS)
def test_answers_are_those_of_a_direct_session_while_others_use_the_connection_in_between(cluster, shared_gateway, name):
    startup = {"TimeZone": "Asia/Tokyo", "options": "-c work_mem=7MB"}
    with contextlib.ExitStack() as stack:
        direct = stack.enter_context(contextlib.closing(Session(cluster.primary.port, **startup)))
        mine = stack.enter_context(contextlib.closing(Session(shared_gateway.port, **startup)))
        others = [stack.enter_context(contextlib.closing(Session(shared_gateway.port))) for _ in range(2)]
        others[0].ask(simple("SET work_mem = '3MB'"))
        others[1].ask(simple("SET ROLE carried_b"))
        for parts in SCRIPTS[name]:
            wanted = direct.ask(parts)
            assert mine.ask(parts) == wanted, parts
            assert mine.parameters() == direct.parameters(), parts
            if wanted[-1] == (b"Z", b"I"):
                assert others[0].client.rows("SHOW work_mem") == [["3MB"]]
                assert others[1].client.rows("SELECT current_user, current_setting('TimeZone') <> 'Asia/Tokyo'") == [["carried_b", "t"]]


NAMES = {
    "work_mem": ["'5MB'", "'6MB'", "7000", "'refused'"],
    "search_path": ["a", "a, \"B c\"", "''", "\"$user\", public"],
    "TimeZone": ["'UTC'", "'Asia/Tokyo'", "'No/Where'"],
    "DateStyle": ["iso, dmy", "SQL"],
    "application_name": ["'one'", "two"],
    "my.own": ["'x'", "1.5", "'it''s \\'"],
    "IntervalStyle": ["iso_8601", "postgres"],
    "default_transaction_read_only": ["on", "off"],
    "statement_timeout": ["'50s'", "0"],
    "role": ["carried_a", "carried_b", "none", "nobody_knows"],
}


def some_statement(chance):
    name = chance.choice(list(NAMES))
    value = chance.choice(NAMES[name])
    kind = chance.random()
    if kind < 0.30:
        return f"SET {name} TO {value}"
    if kind < 0.36:
        return f"SET LOCAL {name} TO {value}"
    if kind < 0.42:
        plain = chance.choice(["5MB", "UTC", "x", "on"])
        return f"SELECT set_config('{name}', '{plain}', {chance.choice(['true', 'false'])})"
    if kind < 0.50:
        return f"RESET {name}"
    if kind < 0.53:
        return chance.choice(["RESET ALL", "DISCARD ALL", f"SET {name} TO DEFAULT"])
    if kind < 0.62:
        return chance.choice(["SAVEPOINT a", "SAVEPOINT b"])
    if kind < 0.70:
        return chance.choice(["ROLLBACK TO a", "ROLLBACK TO b", "RELEASE a", "RELEASE b"])
    if kind < 0.74:
        return "SELECT 1/0"
    return some_look(chance)


def some_look(chance):
    name = chance.choice(list(NAMES))
    return f"SELECT coalesce(current_setting('{name}', true), ''), current_user, '2026-02-03'::date"


def some_turn(chance, is_open):
    """The parts of one request, and how many ReadyForQuery end it."""
    kind = chance.random()
    if not is_open and kind < 0.2:
        return simple(chance.choice(["BEGIN", "BEGIN READ WRITE", "START TRANSACTION"]))
    if is_open and kind < 0.2:
        return simple(chance.choice(["COMMIT", "ROLLBACK", "COMMIT", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN"]))
    if kind < 0.3:
        several = [s for s in (some_statement(chance) for _ in range(3)) if not s.startswith("DISCARD")]
        several.insert(chance.randint(0, len(several)), chance.choice(["COMMIT", "ROLLBACK", "SELECT 1"]))
        return simple("; ".join(several)) if chance.random() < 0.5 else extended(*several)
    return chance.choice([simple, extended])(some_statement(chance))


@pytest.mark.parametrize("seed", range(6))
def test_random_sessions_answer_as_direct_ones(cluster, make_gateway, seed):
    chance = random.Random(seed)
    places = 1 + seed % 2
    gateway = make_gateway(default_pool_size=places, load_balance_mode="on" if seed % 3 else "off")
    startups = [{}, {"TimeZone": "Asia/Tokyo", "application_name": "mine"}, {"options": "-c work_mem=8MB -c my.own=start"}, {}]
    with contextlib.ExitStack() as stack:
        open_one = lambda port, startup: stack.enter_context(contextlib.closing(Session(port, **startup)))  # noqa: E731
        pairs = [(open_one(cluster.primary.port, s), open_one(gateway.port, s)) for s in startups]
        held = set()
        told = []
        for turn in range(250):
            # Those in a transaction hold a server connection each; others would wait for them.
            number = chance.choice(sorted(held) if len(held) >= places else range(len(pairs)))
            direct, mine = pairs[number]
            parts = some_turn(chance, number in held)
            told.append((number, parts))
            wanted = direct.ask(parts)
            got = mine.ask(parts)
            assert got == wanted, (turn, told[-12:])
            status = wanted[-1][1]
            held.discard(number) if status == b"I" else held.add(number)
            if status == b"I":
                look = simple(some_look(chance))
                assert mine.ask(look) == direct.ask(look), (turn, told[-12:])
                assert mine.parameters() == direct.parameters(), (turn, told[-12:])
