"""Alert rules and dashboard ask for metrics that exist; each alert has its page."""
import json
import pathlib
import re
import subprocess

import fetched   # of tests/smoke
from cases import get, started
from remoting import Connection
from servers import Cluster, free_port

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ALERTS = ROOT / "deploy/monitoring/alerts.yaml"
DASHBOARD = ROOT / "deploy/monitoring/dashboard.json"
METRIC = re.compile(r"\b(?:rocketmq|merlinmq)_\w+\b(?!\s*\()")


def scrapes(binaries):
    """/metrics of a NameServer and of a broker that has a message."""
    with Cluster(binaries) as c:
        ports = free_port(), free_port()
        c.namesrv(httpPort=ports[0])
        b = c.broker(httpPort=ports[1])
        with Connection(b.addr) as k:
            k.wait(k.send_message("T", 0, b"x"))
        for p in ports:
            started(p)
        return [get(p, "/metrics")[1] for p in ports]


def test_rules_and_dashboard_ask_for_what_exists(binaries):
    asked = set(METRIC.findall("".join(re.findall(r"expr: (.*)", ALERTS.read_text()))))
    board = json.loads(DASHBOARD.read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            asked |= set(METRIC.findall(target["expr"]))
    asked |= {m for v in board["templating"]["list"] for m in METRIC.findall(v["query"])}
    text = "".join(scrapes(binaries))
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    there = set(kinds) | {n + s for n, kind in kinds.items() if kind == "histogram" for s in ("_bucket", "_sum", "_count")}
    assert len(asked) > 15 and asked <= there, asked - there


def test_each_alert_has_its_page(_):
    text = ALERTS.read_text()
    names = re.findall(r"- alert: (\w+)", text)
    pages = {p.stem: p.read_text() for p in (ROOT / "docs/operations/runbook").glob("*.md")}
    assert set(names) == set(pages) and len(names) == len(set(names))
    for name, expr in zip(names, re.findall(r"expr: (.*)", text)):
        assert json.loads(expr) in pages[name] and f"runbook/{name}.md" in text, name


def promtool(*words, text=None):
    """(exit status, what it complains of)"""
    r = subprocess.run([fetched.promtool(), *words], capture_output=True, text=True, input=text)
    return r.returncode, r.stderr


def test_promtool_accepts_the_rules(_):
    assert promtool("check", "rules", ALERTS)[0] == 0


def test_promtool_accepts_the_metrics(binaries):
    """It reads them (status 1 if not); what it finds unusual (status 3) is only in names that RocketMQ gave."""
    assert promtool("check", "metrics", text="no metric\n")[0] == 1
    for text in scrapes(binaries):
        status, said = promtool("check", "metrics", text=text)
        odd = [line for line in said.splitlines() if line and not line.startswith(("rocketmq_", "merlinmq_put_latency_milliseconds use base unit"))]
        assert status in (0, 3) and not odd, odd
