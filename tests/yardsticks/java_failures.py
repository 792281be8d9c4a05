"""The lines of tests/smoke/mqadmin_failures.txt with Java's tool and servers: `run failures [--record] [--combination TOOL/SERVERS]`."""
import contextlib
import pathlib
import subprocess
import sys

import failures
from servers import Cluster, scratch

VERSION = "5.3.3"
PORTS = dict(zip(failures.NAMES, (10911, 10931, 10951)))
COMBINATIONS = [("java", "java"), ("java", "ours"), ("ours", "java"), ("ours", "ours")]


def configuration(cluster, name, store):
    """As the servers of the other lines, and one that asks who is there."""
    cluster.BROKER_PORTS.update(PORTS)
    providers = {f"{x}Provider": f"org.apache.rocketmq.auth.{x}.provider.Default{x.capitalize()}Provider" for x in ("authentication", "authorization")}
    conf = cluster.broker_conf(name, str(store), VERSION) | failures.CONF | {"namesrvAddr": "127.0.0.1:9876"}
    return conf | (failures.SECURED | providers if name == failures.NAMES[-1] else {})


@contextlib.contextmanager
def servers(a, whose, work):
    import cluster
    if whose == "ours":
        with Cluster(a.bin) as c:
            c.namesrv(listenPort=9876)
            for name in failures.NAMES:
                c.broker(name, **{k: v for k, v in configuration(cluster, name, c.folder / name / "store").items() if k != "brokerName"})
            yield
        return
    folder = work / "cluster"
    try:
        cluster.wait_up([cluster.start(VERSION, folder, "ns1", "org.apache.rocketmq.namesrv.NamesrvStartup", ["-Xms32m", "-Xmx128m"],
                                       lambda d: {"listenPort": 9876, "kvConfigPath": d / "kvConfig.json"})])
        configuration(cluster, failures.NAMES[0], "")
        cluster.wait_up([cluster.start(VERSION, folder, name, "org.apache.rocketmq.broker.BrokerStartup",
                                       ["-Xms128m", "-Xmx512m", "-XX:MaxDirectMemorySize=256m"],
                                       lambda d, name=name: configuration(cluster, name, d / "store")) for name in failures.NAMES])
        yield
    finally:
        cluster.down(folder)


@contextlib.contextmanager
def tool(a, whose, work):
    """A function that runs words and gives (status, stdout, stderr)."""
    import cluster
    import tool
    cwd = work / "tool"
    cwd.mkdir()
    if whose == "ours":
        t = tool.NativeTool(pathlib.Path(a.bin) / "mqadmin", cwd)
    else:
        lib, classes = cluster.home(VERSION) / "lib", work / "classes"
        classes.mkdir()
        subprocess.run(["javac", "-nowarn", "-d", classes, "-cp", f"{lib}/*", a.yardsticks / "conformance/mqadmin/runner/Runner.java"], check=True)
        t = tool.JavaTool(lib, classes, cluster.home(VERSION), cwd)
    try:
        def run(words):
            r = t.run(words)
            return r.code, r.out, r.err
        yield run
    finally:
        t.close()


def one(a, whose_tool, whose_servers):
    """(passed, failed) of a combination; with --record that of Java's tool and servers writes the file."""
    with scratch("mqadmin-failures-") as work, servers(a, whose_servers, work), tool(a, whose_tool, work) as run:
        place = failures.Place("127.0.0.1:9876", [f"127.0.0.1:{p}" for p in PORTS.values()], work / "files")
        failures.prepare(place, run)
        if a.record:
            blocks = failures.read_blocks()
            for b in blocks:
                b.status, out, err = run(place.words(b.line))
                b.out, b.err = failures.out_lines(place.named(out)), failures.err_lines(place.named(err))
            failures.FILE.write_text("".join(b.text() for b in blocks))
            return len(blocks), 0
        passed = failed = 0
        for block, differs in failures.check(place, run, whose_tool == "ours"):
            passed, failed = passed + (not differs), failed + bool(differs)
            if differs:
                print(differs, flush=True)
    print(f"lines that fail, tool: {whose_tool}, servers: {whose_servers}: {passed} as recorded, {failed} not", flush=True)
    return passed, failed


def main(a):
    sys.path.insert(0, str(a.yardsticks / "conformance/mqadmin"))
    wanted = a.combination.split("/") if a.combination else ["any", "any"]
    chosen = [COMBINATIONS[0]] if a.record else [c for c in COMBINATIONS if all(w in ("any", have) for w, have in zip(wanted, c))]
    results = [one(a, *c) for c in chosen]
    passed, failed = (sum(r[i] for r in results) for i in (0, 1))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
