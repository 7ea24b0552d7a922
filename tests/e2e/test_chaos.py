"""`./dev chaos` in short form: each test strikes servers of its own under clients at work, and audits every row."""

import pytest

import chaos
from chaos import FAULTS, HANG, SATURATED, Bed, Report, run_fault

CLIENTS = 15
# Silent for longer than makes Howdah suspicious (0.4 s), and so much shorter than makes it act (1.1 s) that a busy machine may end it late.
SHORT_PAUSE = chaos.Fault("pause of 0.7 s", chaos.pause(0.7), is_failover=False)


def strike(build, *faults, **options):
    """The faults one after the other; errors by "SQLSTATE kind of operation"."""
    with Bed(build, CLIENTS, **options) as bed:
        for fault in faults:
            event = run_fault(bed, fault)
            assert not event.is_false_failover, f"a false failover: {fault.name}"
        findings, _ = bed.finish()
        assert findings == []
        assert all(any(op.kind == kind and op.outcome == "ok" for op in bed.operations) for kind in chaos.load.KINDS), "clients did nothing"
        report = Report()
        report.runs.append((bed, findings, 0))
        return report.errors([(bed, event) for event in bed.events])


def test_unplanned_failovers_lose_no_row_where_replication_is_synchronous(build):
    errors = strike(build, FAULTS["kill -9 of the whole server"], FAULTS[HANG], is_synchronous=True)
    assert {what.split()[1] for what in errors if what.split()[0] != "08007"} <= {"interactive"}, errors
    assert {what.split()[0] for what in errors} <= {"40001", "08007"}, errors


def test_a_short_pause_busy_cpus_and_a_crash_of_a_backend_are_no_failover(build):
    strike(build, SHORT_PAUSE, FAULTS[SATURATED], FAULTS["crash of a backend"], saturated_for=5)


@pytest.mark.parametrize("fault", ["switchover", "kill -9 of a replica"])
def test_planned_or_on_a_replica_it_costs_no_client_an_error(build, fault):
    assert strike(build, FAULTS[fault]) == {}
