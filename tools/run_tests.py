#!/usr/bin/env python3
"""Runs the project's test steps, shows progress, adds up their results. See ./test for the commands.

A step is a shell command. Its result is counted from what it prints: lines of GoogleTest ("[  PASSED  ] 12 tests."),
a last line "N passed, N failed[, N skipped]", or, when it prints neither, its exit status as one test. What it skips is shown with the reason.
"""
import dataclasses
import itertools
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build/test-logs"
YARDSTICKS = pathlib.Path(os.environ.get("MERLINMQ_YARDSTICKS", ROOT.parent / "shared"))
JOBS = os.cpu_count() or 2


@dataclasses.dataclass
class Step:
    name: str
    command: str
    about: str
    sets: str = "quick default full"   # in which runs it is
    needs: str = ""                    # a path that must exist, else the step is skipped
    minutes: int = 20


def build(preset, *targets):
    chosen = " ".join(f"--target {t}" for t in targets)
    return f"cmake --preset {preset} > /dev/null && cmake --build --preset {preset} -j{JOBS} {chosen}"


THREADED = ["base_test", "env_test", "remoting_test", "ops_test", "auth_test", "store_test", "namesrv_test", "broker_test"]
TSAN = "TSAN_OPTIONS=halt_on_error=1:exitcode=66"   # a server with a race dies of it, which its test sees

STEPS = [
    Step("layers", "tools/layers.py .", "includes go downward only"),
    Step("build-dev", build("dev"), "everything with asan and ubsan", minutes=45),
    Step("unit", "ctest --preset dev -j2 -V --timeout 600", "unit tests, fuzz corpora, simulation seeds", minutes=30),
    Step("build-release", build("release"), "the executable that is shipped", sets="default full", minutes=30),
    Step("cluster", "set -o pipefail; export MERLINMQ_DATA=build/first-cluster MERLINMQ_PORT=27876; trap './cluster clean' EXIT; "
         "./cluster | tee build/test-logs/clusterList && [ $(grep -c '^DefaultCluster ' build/test-logs/clusterList) = 2 ]", "the README's first command, on other ports",
         sets="default full"),
    Step("smoke", "tests/smoke/run build/release/bin", "start, send, consume, stop, kill -9 of real processes", "default full",
         needs="tests/smoke/run"),
    Step("faults", "tests/faults/run build/release/bin", "disks, descriptors, clients that misbehave", "default full",
         needs="tests/faults/run"),
    Step("config", "tests/config/run build/release/bin", "configuration files, options, keys of RocketMQ, exit statuses", "default full",
         needs="tests/config/run"),
    Step("observe", "tests/observe/run build/release/bin", "metrics, health, state over HTTP", "default full", needs="tests/observe/run"),
    Step("package", "tests/package/run build/release/bin", "the Debian package: units, installation, removal", "default full",
         needs="tests/package/run"),
    Step("container", "tests/container/run build/release/bin", "the image, manifests and chart; four pods as podman containers", "default full",
         needs="tests/container/run"),
    Step("interop", "tests/interop/run build/release/bin", "published Java, Go and Node clients", "default full",
         needs="tests/interop/run", minutes=25),
    Step("wire", "tests/yardsticks/run wire", "raw frames against recorded answers of Java's servers of 5.3.3 and 4.9.7", "default full",
         needs=str(YARDSTICKS / "conformance/wire/run")),
    Step("acl", "tests/yardsticks/run acl", "raw frames against a Java broker's answers with access control on", "default full",
         needs=str(YARDSTICKS / "conformance/wire/run")),
    Step("clients", "tests/yardsticks/run clients", "conformance programs on published clients", "default full",
         needs=str(YARDSTICKS / "conformance/clients/run"), minutes=25),
    Step("mqadmin", "tests/yardsticks/run mqadmin --combination 5.3.3/ours/ours", "texts of mqadmin against those of the Java tool", "default full",
         needs=str(YARDSTICKS / "conformance/mqadmin/oracle")),
    Step("mqadmin-full", "tests/yardsticks/run mqadmin", "texts of mqadmin, ours and Java's of two releases, on our servers and Java's", "full",
         needs=str(YARDSTICKS / "conformance/mqadmin/oracle"), minutes=60),
    Step("failures", "tests/yardsticks/run failures", "lines of mqadmin that fail, ours and Java's, on our servers and Java's", "full",
         needs=str(YARDSTICKS / "conformance/mqadmin/oracle"), minutes=20),
    Step("exchange", "tests/yardsticks/run exchange", "mixed clusters and store folders with Java servers", "default full",
         needs=str(YARDSTICKS / "peers/peers"), minutes=20),
    Step("exchange-full", "tests/yardsticks/run exchange --full --only 'Java 4.* in turn'", "a store under ours and Java 4.9.7, 4.2.0 in turn, five times each", "full",
         needs=str(YARDSTICKS / "peers/peers"), minutes=30),
    Step("suites", "tests/yardsticks/run suites --parts 10", "a part of Apache's own tests of 4.9.7 and 4.2.0, another one each day",
         "default", needs=str(YARDSTICKS / "suites/suites"), minutes=15),
    Step("sim", "MQ_PRESET=sim tests/sim/run --seeds 8500", "10,200 simulation seeds in a fast build; the unit step has some with asan and ubsan", "default",
         needs="tests/sim/run", minutes=25),
    Step("suites-full", "tests/yardsticks/run suites", "Apache's own tests of 4.9.7 and 4.2.0, all", "full",
         needs=str(YARDSTICKS / "suites/suites"), minutes=90),
    Step("sim-long", "MQ_PRESET=sim tests/sim/run --seeds 20000 && tests/sim/run --seeds 1000 --first 50001", "more simulation seeds: many in a fast build, "
         "some with asan and ubsan", "full", needs="tests/sim/run", minutes=90),
    Step("thread-safety", "tools/setup.sh fuzz && cmake --preset tidy > /dev/null && tools/analyse.py build/tidy", "clang's analysis of what is guarded by which mutex, and its warnings",
         "full", minutes=40),
    Step("tsan", f"{build('tsan', *THREADED, 'merlinmq')} && {TSAN} ctest --preset tsan -j2 -V --timeout 900 -R '^({'|'.join(THREADED)})$' && "
         f"{TSAN} tests/smoke/run build/tsan/bin", "what runs on several threads, and real processes, with the thread sanitizer", "full", minutes=90),
    Step("crash-long", "tests/smoke/run build/release/bin --kills 200", "200 x kill -9 under load", "full",
         needs="tests/smoke/run", minutes=60),
    Step("bugs", f"{build('dev')} && tests/faults/bugs build/dev build/release/bin", "deliberate bugs in the store: each layer of tests that should "
         "notices them", "full", needs="tests/faults/bugs", minutes=40),
    Step("restart", "tests/bench/restart build/release/bin", "a start after kill -9 with 10 GiB of messages", "full", needs=str(YARDSTICKS / "bench"), minutes=15),
    Step("fuzz", "tests/fuzz/run --minutes 10", "every parser of outside bytes with libFuzzer (clang 19), ten CPU minutes each", "full",
         needs="tests/fuzz/run", minutes=180),
    Step("cold-start", "tests/bench/cold_start build/release/bin", "a cold start of mqadmin beside Java's", "full", needs=str(YARDSTICKS / "peers/peers"), minutes=5),
    Step("bench-check", "tests/bench/check build/release/bin --java 5.3.3", "speed against the limit program and Java", "full",
         needs=str(YARDSTICKS / "bench"), minutes=60),
]

GTEST_PASSED = re.compile(r"\[  PASSED  \] (\d+) tests?\.")
GTEST_FAILED = re.compile(r"\[  FAILED  \] (\d+) tests?, listed below")
SUMMARY = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$")


def count(lines, status):
    """(passed, failed, skipped) of a step's output. Behind ctest every test program counts, else only the last summary line."""
    passed = failed = 0
    found = False
    last = (0, 0, 0)
    for line in lines:
        text = re.sub(r"^\d+: ", "", line)   # ctest -V puts the test's number in front
        if m := GTEST_PASSED.search(text):
            passed, found = passed + int(m[1]), True
        elif m := GTEST_FAILED.search(text):
            failed, found = failed + int(m[1]), True
        elif m := SUMMARY.match(text):
            counts, found = (int(m[1]), int(m[2]), int(m[3] or 0)), True
            if text == line:
                last = counts
            else:
                passed, failed = passed + counts[0], failed + counts[1]
    passed, failed = passed + last[0], failed + last[1]
    if not found:
        return (1, 0, 0) if status == 0 else (0, 1, 0)
    return passed, max(failed, 1 if status else 0), last[2]


def sums(passed, failed, skipped):
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def run(step, number, total):
    print(f"==> [{number}/{total}] {step.name}: {step.about}", flush=True)
    started = time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{step.name}.log"
    lines, shown = [], started
    with log.open("w") as out:
        process = subprocess.Popen(["timeout", "-k", "30", f"{step.minutes * 60}", "bash", "-c", step.command], cwd=ROOT,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   stdin=subprocess.DEVNULL)
        try:
            for line in process.stdout:
                out.write(line)
                lines.append(line.rstrip("\n"))
                if time.monotonic() - shown > 15:
                    shown = time.monotonic()
                    print(f"    {int(shown - started):4d} s  {lines[-1][:110]}", flush=True)
            status = process.wait()
        except KeyboardInterrupt:
            process.terminate()                # `timeout` passes it on to all that the step started
            out.write(process.stdout.read())   # until the last of them has cleaned up
            raise
    passed, failed, skipped = count(lines, status)
    if failed:
        if status == 124:
            print(f"    stopped after {step.minutes} minutes")
        wanted = [x for x in lines if re.search(r"FAIL|error|Error|ERROR|Sanitizer|check failed", x)][:40]
        print("\n".join("    | " + x[:220] for x in wanted + lines[-15:]))
    for line in lines:
        if line.startswith("SKIP "):
            print(f"    {line[:220]}")
    print(f"    {sums(passed, failed, skipped)} in {time.monotonic() - started:.0f} s ({log.relative_to(ROOT)})", flush=True)
    return passed, failed, skipped


def usage():
    lines = (ROOT / "test").read_text().splitlines()[1:]
    return "\n".join(line[2:] for line in itertools.takewhile(lambda line: line.startswith("#"), lines))


def main(words):
    if words in (["-h"], ["--help"], ["help"]):
        print(usage())
        return 0
    if words == ["list"]:
        for s in STEPS:
            print(f"{s.name:14} {s.sets:20} {s.about}")
        return 0
    chosen = words[0] if len(words) == 1 and words[0] in ("quick", "full") else "default"
    names = [] if not words or words[0] in ("quick", "full") else words
    unknown = set(names) - {s.name for s in STEPS}
    if unknown:
        print(f"unknown step {', '.join(sorted(unknown))}; ./test list names them", file=sys.stderr)
        return 2
    steps = [s for s in STEPS if (s.name in names if names else chosen in s.sets.split())]
    if set_up := subprocess.run([ROOT / "tools/setup.sh", "test"]).returncode:
        return set_up
    passed = failed = skipped = 0
    for i, step in enumerate(steps, 1):
        if step.needs and not (ROOT / step.needs).exists():
            print(f"==> [{i}/{len(steps)}] {step.name}: skipped, {step.needs} is not here: these checks live outside this repository (MERLINMQ_YARDSTICKS)")
            skipped += 1
            continue
        p, f, s = run(step, i, len(steps))
        passed, failed, skipped = passed + p, failed + f, skipped + s
        if f and step.name.startswith("build"):
            print("    the build failed: the steps behind it are not run")
            break
    print(sums(passed, failed, skipped))
    return 1 if failed or not passed else 0


signal.signal(signal.SIGTERM, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
