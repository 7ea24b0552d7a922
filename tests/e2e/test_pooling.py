"""Many clients, few server connections; and nobody ever sees another's bytes or state."""

import contextlib
import random
import struct
import threading
import time

import psycopg2
import pytest

import cluster as pg
import scenes
import wire
from beside_pgbouncer import let_in
from cluster import PASSWORD
from wire import Client


def server_connections(cluster, user="app"):
    return cluster.primary.query(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'")[0][0]


def test_many_clients_share_few_server_connections(cluster, make_gateway):
    gateway = make_gateway(default_pool_size=3, load_balance_mode="off")
    problems = []

    def work(number):
        try:
            with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
                for turn in range(20):
                    cursor.execute("SELECT %s, pg_sleep(0.002)", (f"client {number} turn {turn}",))
                    assert cursor.fetchone()[0] == f"client {number} turn {turn}"
        except Exception as problem:  # noqa: BLE001  (told by the main thread)
            problems.append(problem)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, server_connections(cluster))
        time.sleep(0.02)
    assert not problems, problems[0]
    assert 0 < most <= 3


def test_a_client_beyond_the_limit_is_told_53300(make_gateway):
    gateway = make_gateway(max_client_conn=3)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            let_in(stack, gateway.port)
        outcomes = []
        for _ in range(3):
            client = stack.enter_context(Client(gateway.port))
            outcome = client.login(password=PASSWORD)
            outcomes.append("in" if outcome is client else outcome["C"])
        assert outcomes == ["53300", "53300", "53300"]
    pg.wait_until("the places are free again", lambda: gateway.query("SELECT 1"))


def test_waiting_too_long_for_a_server_is_an_error_that_names_the_limit_and_keeps_the_client(make_gateway):
    gateway = make_gateway(default_pool_size=1, query_wait_timeout="1s", load_balance_mode="off")
    with Client(gateway.port) as holder, Client(gateway.port) as waiter:
        holder.login(password=PASSWORD)
        waiter.login(password=PASSWORD)
        holder.ask(wire.query("BEGIN"), wire.query("SELECT 1"), last=b"Z")
        holder.until(b"Z")
        answers = waiter.ask(wire.query("SELECT 2"))
        fields = wire.error_fields(next(body for tag, body in answers if tag == b"E"))
        assert fields["C"] in ("53300", "57014") and "default_pool_size" in fields["M"] + fields.get("H", "") + fields.get("D", "")
        holder.ask(wire.query("COMMIT"))
        assert waiter.rows("SELECT 3") == [["3"]]


@pytest.mark.parametrize("leave_state, look, clean", [
    ("SET work_mem = '11MB'", "SHOW work_mem", "4MB"),
    ("SET search_path = ''", "SHOW search_path", '"$user", public'),
    ("SET TimeZone = 'Asia/Tokyo'", "SELECT current_setting('TimeZone') <> 'Asia/Tokyo'", True),
    ("SELECT set_config('howdah.secret', 'mine', false)", "SELECT coalesce(current_setting('howdah.secret', true), '')", ""),
    ("CREATE TEMP TABLE leftover (a int)", "SELECT to_regclass('pg_temp.leftover')", None),
    ("PREPARE leftover AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements WHERE name = 'leftover'", 0),
    ("SELECT pg_advisory_lock(4711)", "SELECT pg_try_advisory_xact_lock(4711)", True),
    ("LISTEN leftover", "SELECT count(*) FROM pg_listening_channels()", 0),
    ("DECLARE leftover CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) FROM pg_cursors", 0),
    ("SET ROLE pg_monitor", "SELECT current_user::text", "app"),
    ("BEGIN", "SELECT now() <> clock_timestamp()", True),
    ("BEGIN; CREATE TABLE never (a int)", "SELECT to_regclass('never')", None),
])
def test_state_is_kept_for_its_client_and_never_reaches_the_next(make_gateway, cluster, leave_state, look, clean):
    if "ROLE" in leave_state:
        cluster.primary.query("GRANT pg_monitor TO app")
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    with contextlib.closing(gateway.connect()) as first, first.cursor() as cursor:
        cursor.execute(leave_state)
        for _ in range(3):
            cursor.execute(look)
            mine = cursor.fetchone()[0]
        if not leave_state.startswith(("BEGIN", "SELECT pg_advisory")):
            assert mine != clean
    pg.wait_until("its locks are gone", lambda: not cluster.primary.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"))
    assert gateway.query(look)[0][0] == clean


BOUNDARIES = [
    wire.query("SELECT 'theirs', generate_series(1, 1000)"),
    wire.query("BEGIN"),
    wire.query("INSERT INTO boundary VALUES (1)"),
    wire.parse("SELECT 'theirs', $1::int", "s"),
    wire.bind([b"1"], statement="s"),
    wire.execute(limit=1),
    wire.FLUSH,
    wire.SYNC,
    wire.query("SELECT 1/0"),
    wire.query("ROLLBACK"),
    wire.query("BEGIN"),
    wire.query("COPY boundary FROM STDIN"),
    wire.copy_data(b"1\n"),
    wire.COPY_DONE,
    wire.query("COPY (SELECT 'theirs' FROM generate_series(1, 10000)) TO STDOUT"),
]


def next_user_is_safe(gateway, number):
    with Client(gateway.port) as client:
        client.login(password=PASSWORD)
        answers = client.ask(wire.query(f"SELECT 'mine', {number}"))
        assert [tag for tag, _ in answers] == [b"T", b"D", b"C", b"Z"], answers
        assert wire.row_values(answers[1][1]) == ["mine", str(number)]
        assert answers[-1][1] == b"I"
        assert client.rows("SELECT count(*) FROM boundary") == [["0"]]


@pytest.mark.parametrize("abort", ["close", "reset", "cancel then close", "half a message"])
def test_the_next_user_is_safe_wherever_a_client_breaks_off(make_gateway, abort):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    gateway.query("DROP TABLE IF EXISTS boundary; CREATE TABLE boundary (a int)")
    for stop_after in range(1, len(BOUNDARIES) + 1):
        client = Client(gateway.port)
        client.login(password=PASSWORD)
        client.send(wire.query("BEGIN"), *BOUNDARIES[:stop_after])
        if abort == "half a message":
            client.send(wire.query("SELECT 'never finished'")[:9])
        if abort == "cancel then close":
            wire.cancel(gateway.port, client.key)
        if abort == "reset":  # RST instead of FIN
            client.socket.setsockopt(__import__("socket").SOL_SOCKET, __import__("socket").SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()
        next_user_is_safe(gateway, stop_after)


def test_a_cancel_never_hits_the_next_user_of_the_connection(make_gateway):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    stop, problems = threading.Event(), []

    def victim():
        with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                try:
                    cursor.execute("SELECT 1")
                except psycopg2.Error as problem:
                    problems.append(problem)
                    return
    thread = threading.Thread(target=victim)
    thread.start()
    with Client(gateway.port) as canceller:
        canceller.login(password=PASSWORD)
        for _ in range(150):
            canceller.send(wire.query("SELECT 'short'"))
            wire.cancel(gateway.port, canceller.key)
            canceller.until()
    stop.set()
    thread.join()
    assert not problems, problems[0]


def test_a_wrong_cancel_key_cancels_nobody(gateway):
    with Client(gateway.port) as client:
        client.login(password=PASSWORD)
        client.send(wire.query("SELECT pg_sleep(1), 'finished'"))
        chance = random.Random(7)
        for _ in range(20):
            wire.cancel(gateway.port, client.key[:4] + chance.randbytes(4))
        assert b"C" in [tag for tag, _ in client.until()]


def test_session_mode_keeps_the_connection_and_cleans_it_afterwards(make_gateway):
    gateway = make_gateway(pool_mode="session", default_pool_size=1, load_balance_mode="off")
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()
        cursor.execute("SET work_mem = '12MB'")
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == pid
    assert gateway.query("SHOW work_mem") == [("4MB",)]


def test_idle_server_connections_are_closed_after_their_time(cluster, make_gateway):
    others = server_connections(cluster)
    gateway = make_gateway(server_idle_timeout="1s", load_balance_mode="off")
    gateway.query("SELECT 1")
    pg.wait_until("the idle connection is closed", lambda: server_connections(cluster) <= others)
    assert gateway.query("SELECT 1") == [(1,)]


def test_a_server_connection_killed_while_idle_is_not_given_out(cluster, make_gateway):
    gateway = make_gateway(load_balance_mode="off")
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        for _ in range(10):
            cursor.execute("SELECT 1")
            cluster.primary.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
            pg.wait_until("the server connection is gone", lambda: server_connections(cluster) == 0)
            cursor.execute("SELECT 2")
            assert cursor.fetchone() == (2,)


@pytest.fixture
def gateway_with_one_server(make_gateway):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    gateway.query("CREATE TABLE IF NOT EXISTS numbered (id serial, a int)")
    return gateway


@pytest.mark.parametrize("opening", [[], ["BEGIN", "SELECT 1"], ["SET work_mem = '5MB'"]])
def test_lastval_never_tells_another_clients_value(gateway_with_one_server, opening):
    with Client(gateway_with_one_server.port) as one, Client(gateway_with_one_server.port) as two:
        one.login(password=PASSWORD)
        two.login(password=PASSWORD)
        one.ask(wire.query("INSERT INTO numbered (a) VALUES (1)"))
        for sql in opening:
            two.ask(wire.query(sql))
        answers = two.ask(wire.query("SELECT lastval()"))
        assert [wire.error_fields(body)["C"] for tag, body in answers if tag == b"E"] == ["55000"]


def test_insert_and_lastval_belong_together_for_who_is_known_to_use_it(gateway_with_one_server):
    gateway = gateway_with_one_server
    with Client(gateway.port) as first:
        first.login(password=PASSWORD)
        first.ask(wire.query("SELECT lastval()"))
    for opening in ([], ["BEGIN"]):
        gateway.query("SELECT 1")
        with Client(gateway.port) as client:
            client.login(password=PASSWORD)
            for sql in opening:
                client.ask(wire.query(sql))
            number = client.rows("INSERT INTO numbered (a) VALUES (2) RETURNING id")
            assert client.rows("SELECT lastval()") == number
            assert client.rows("SELECT currval('numbered_id_seq')") == number


def test_lastval_is_answered_the_first_time_it_is_asked_for(make_gateway):
    gateway = make_gateway(worker_threads=1, load_balance_mode="off")
    gateway.query("CREATE TABLE IF NOT EXISTS numbered (id serial, a int)")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(gateway.port)) for _ in range(3)]
        for client in clients:
            client.login(password=PASSWORD)
        for number, client in enumerate(clients):
            client.ask(wire.query(f"INSERT INTO numbered (a) VALUES ({1000 + number})"))
        for number, client in enumerate(clients):
            own = client.rows(f"SELECT max(id) FROM numbered WHERE a = {1000 + number}")
            assert client.rows("SELECT lastval()") == own
            assert client.rows("SELECT currval('numbered_id_seq')") == own


@pytest.fixture
def gateway_with_one_server_each(make_gateway):
    gateway = make_gateway(worker_threads=1, default_pool_size=1, load_balance_mode="on", read_consistency="eventual")
    gateway.query("CREATE TABLE IF NOT EXISTS numbered (id serial, a int)")
    return gateway


def wait_for_read_on_replica(client):
    pg.wait_until("a read has run on a replica", lambda: client.rows("SELECT current_setting('cluster_name')") != [["node0"]])


def test_a_read_on_a_replica_takes_nothing_from_lastval(gateway_with_one_server_each):
    with Client(gateway_with_one_server_each.port) as client:
        client.login(password=PASSWORD)
        number = client.rows("INSERT INTO numbered (a) VALUES (4) RETURNING id")
        wait_for_read_on_replica(client)
        assert client.rows("SELECT lastval()") == number


def test_nor_does_who_reads_there_keep_the_primary_from_others(gateway_with_one_server_each):
    with Client(gateway_with_one_server_each.port) as client, Client(gateway_with_one_server_each.port) as other:
        client.login(password=PASSWORD)
        other.login(password=PASSWORD)
        client.ask(wire.query("INSERT INTO numbered (a) VALUES (5)"))
        wait_for_read_on_replica(client)
        client.send(wire.query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"))  # lasts until it is taken
        other.ask(wire.query("UPDATE numbered SET a = 6 WHERE a = 5"))
        client.until()
        assert [wire.error_fields(body)["C"] for tag, body in client.ask(wire.query("SELECT lastval()")) if tag == b"E"] == ["55000"]


def test_what_a_client_has_left_on_one_connection_is_not_told_when_it_has_written_on_another(make_gateway):
    gateway = make_gateway(worker_threads=1, default_pool_size=2, load_balance_mode="off")
    gateway.query("CREATE TABLE IF NOT EXISTS numbered (id serial, a int)")
    with contextlib.ExitStack() as stack:
        one, two, three = [stack.enter_context(Client(gateway.port)) for _ in range(3)]
        for client in (one, two, three):
            client.login(password=PASSWORD)
        def holds(client):
            client.ask(wire.query("BEGIN"))
            return client.rows("SELECT pg_backend_pid()")
        one.ask(wire.query("INSERT INTO numbered (a) VALUES (7)"))
        holds(two)
        first = holds(three)  # from who has inserted
        two.ask(wire.query("COMMIT"))
        one.ask(wire.query("INSERT INTO numbered (a) VALUES (8)"))
        three.ask(wire.query("COMMIT"))
        assert holds(two) == first
        holds(three)
        two.ask(wire.query("COMMIT"))
        assert [wire.error_fields(body)["C"] for tag, body in one.ask(wire.query("SELECT lastval()")) if tag == b"E"] == ["55000"]


def test_who_has_asked_for_lastval_does_not_keep_the_connection_from_others(gateway_with_one_server):
    with Client(gateway_with_one_server.port) as reader, Client(gateway_with_one_server.port) as other:
        reader.login(password=PASSWORD)
        other.login(password=PASSWORD)
        for turn in range(2):
            reader.ask(wire.query("SELECT lastval()"))
            reader.ask(wire.query("INSERT INTO numbered (a) VALUES (3)"))
            reader.ask(wire.query("SELECT nextval('numbered_id_seq')"))
            assert other.rows("SELECT 'served'") == [["served"]]


def test_a_server_connection_moves_to_the_worker_that_needs_it(make_gateway):
    gateway = make_gateway(worker_threads=2, default_pool_size=1, load_balance_mode="off")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(gateway.connect())) for _ in range(4)]
        assert len({client.info.backend_pid >> 23 for client in clients}) == 2, "the clients are not on two workers"
        seen = set()
        for turn in range(5):
            for number, client in enumerate(clients):
                with client.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid(), %s", (f"client {number} turn {turn}",))
                    pid, text = cursor.fetchone()
                    assert text == f"client {number} turn {turn}"
                    seen.add(pid)
        assert len(seen) == 1, "a worker closed its connection and the other opened a new one"


def clients_by_worker(stack, gateway, workers, each):
    """So many logged-in clients of every worker, which the process number tells."""
    found = {}
    while len(found) < workers or min(len(clients) for clients in found.values()) < each:
        client = stack.enter_context(Client(gateway.port))
        client.login(password=PASSWORD)
        found.setdefault(struct.unpack("!I", client.key[:4])[0] >> 23, []).append(client)
    return [clients[:each] for clients in found.values()]


def test_first_come_first_served_whichever_worker_they_are_on(make_gateway):
    gateway = make_gateway(worker_threads=3, default_pool_size=1, load_balance_mode="off", admin_users="app")
    def waiting():
        with contextlib.closing(gateway.connect(database="pgbouncer")) as console, console.cursor() as cursor:
            cursor.execute("SHOW POOLS")
            return sum(row[3] for row in cursor.fetchall() if row[0] == "app")
    with contextlib.ExitStack() as stack:
        (holder, *first), second, third = clients_by_worker(stack, gateway, workers=3, each=4)
        holder.ask(wire.query("BEGIN"))
        holder.ask(wire.query("SELECT 1"))
        # Not in turns: the workers' loads differ.
        queue = [second[0], second[1], first[0], third[0], second[2], first[1], second[3], third[1], first[2]]
        for place, client in enumerate(queue, 1):
            client.send(wire.query("SELECT extract(epoch FROM clock_timestamp()), pg_backend_pid()"))
            pg.wait_until(f"{place} clients wait", lambda: waiting() == place)
            time.sleep(0.01)  # over workers the order is by whole 5 ms (gateway/pool/README.md)
        holder.ask(wire.query("COMMIT"))
        answers = [[wire.row_values(body) for tag, body in client.until() if tag == b"D"][0] for client in queue]
        served_at = [float(when) for when, _ in answers]
        assert served_at == sorted(served_at)
        assert len({pid for _, pid in answers}) == 1


def test_a_worker_with_much_to_do_gets_what_lies_idle_elsewhere(cluster, make_gateway):
    gateway = make_gateway(worker_threads=2, default_pool_size=4, load_balance_mode="off")
    with contextlib.ExitStack() as stack:
        busy, calm = clients_by_worker(stack, gateway, workers=2, each=4)
        for clients in (calm, busy, calm, busy):  # each time all four connections are in the other worker
            for client in clients:
                client.ask(wire.query("BEGIN"))
                client.ask(wire.query("SELECT 1"))
            pg.wait_until("there are four, and no more", lambda: server_connections(cluster) == 4)
            for client in clients:
                client.ask(wire.query("COMMIT"))


def test_what_a_milder_reset_query_does_not_undo_meets_nobody(make_gateway):
    gateway = make_gateway(pool_mode="session", default_pool_size=1, load_balance_mode="off", server_reset_query="RESET ALL")
    for is_keeping in (True, True, False, True):
        with contextlib.closing(scenes.Actor(gateway.port)) as actor:
            def says(*parts, actor=actor):
                answers = actor.ask(scenes.Request(list(parts), []))
                assert [body for tag, body in answers if tag == b"E"] == []
                return [wire.row_values(body) for tag, body in answers if tag == b"D"]
            assert says(wire.query("SHOW work_mem")) == [["4MB"]]
            says(wire.query("SET work_mem TO '9MB'"))
            says(wire.parse("SELECT 1", "s"), wire.bind(statement="s"), wire.execute(), wire.SYNC)
            says(wire.query("PREPARE p AS SELECT 1"))
            says(wire.query("EXECUTE p"))
            if is_keeping:
                says(wire.query("CREATE TEMP TABLE mine (a int)"))
