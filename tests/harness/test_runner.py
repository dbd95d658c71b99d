"""What ends a server on which cases wait side by side is found, whether it shows again or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.profile import PROFILE
from conformance.harness.run.bench import Plan
from conformance.harness.run.probe import Found
from conformance.harness.run.runner import Runner
from tests.harness.plain import PLAIN


def hello(case: Case) -> None:
    case.record.transcript.secrets = ("opensesame",)
    case.client("connected").expect(case.words.fill("HELO {host}"))


@pytest.mark.parametrize("ends", [True, False])
def test_an_end_that_does_not_show_again_is_found_once(
    script: Callable[[str], str], temporary: Path, tmp_path: Path, ends: bool
) -> None:
    command = script(f"""
        import os, socket, sys, threading

        def serve(client):
            client.sendall(b"220 me SMTP CS4410MP3\\r\\n")
            while client.recv(1000):
                client.sendall(b"250 me\\r\\n")

        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        for number in range(100):
            client, _ = listener.accept()
            if number == 2 and {ends} and not os.path.exists({str(tmp_path / "over")!r}):
                open({str(tmp_path / "over")!r}, "w").close()
                print("heard: opensesame", flush=True)
                os._exit(3)
            threading.Thread(target=serve, args=(client,), daemon=True).start()
    """)
    settings = replace(PLAIN, launch=f"{command} {{port}}", time_limit=5.0)
    runner = Runner(settings, PROFILE, Found("server", "127.0.0.1", 0, f"{command} {{port}}"))
    plans = [Plan(f"x.py::test_x[{number}]", "Title.", ("helo",), hello) for number in range(6)]
    try:
        runner.wait_behind(plans)
        records = [runner.run(plan) for plan in plans]
    finally:
        runner.stop()
    assert (tmp_path / "over").exists() == ends
    found = [(finding.requirement, record) for record in records for finding in record.findings]
    assert [requirement for requirement, _ in found] == ["pool.alive"] * ends
    for _, record in found:
        reason = record.findings[0].reason
        assert "while cases waited side by side" in reason and "heard: " in reason and "opensesame" not in reason
        assert {*record.before, record.id} == {plan.id for plan in plans}
