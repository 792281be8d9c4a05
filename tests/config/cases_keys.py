"""The declared keys against those of RocketMQ's servers, the reference page, and the sources that read the keys."""
import pathlib
import re
import subprocess

from program import Program

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Defaults that differ from RocketMQ 5.3.3 on purpose.
OTHER_DEFAULT = {"enablePropertyFilter": "true"}   # no client depends on the refusal of SQL92 filters


CHECKED_ONLY = {"enableControllerMode", "enableDLegerCommitLog"}   # read to refuse both together, as Java does


def listed(server):
    for line in (pathlib.Path(__file__).parent / "rocketmq_keys.txt").read_text().splitlines():
        if line.startswith(server + " "):
            _, releases, item = line.split(" ", 2)
            key, default = item.split("=", 1)
            yield key, default, releases.split(",")


def test_every_key_of_rocketmq_is_declared(binaries):
    reference = (ROOT / "docs/reference/config.md").read_text()
    known = set(re.findall(r"^\| (\w+) \|", reference, re.M)) | {a for m in re.findall(r"Old spelling: (\S+)\.", reference) for a in m.split("|")}
    missing = [key for server in ("broker", "namesrv") for key, _, _ in listed(server) if key not in known]
    assert not missing, missing


def test_defaults_are_those_of_rocketmq(binaries):
    reference = (ROOT / "docs/reference/config.md").read_text()
    broker, namesrv = reference.split("\n## NameServer\n")
    for server, page in (("broker", broker), ("namesrv", namesrv)):
        shown = {m[1]: m[2].replace("\\|", "|") for m in re.finditer(r"^\| (\w+) \| \w+ \| (.*?) \| (?:at once|after a restart|no effect) \|", page, re.M)}
        wrong = {key: (shown[key], default) for key, default, _ in listed(server)
                 if default != "*" and shown.get(key) not in (default, OTHER_DEFAULT.get(key)) and key in shown}
        assert not wrong, f"{server}: key: (ours, RocketMQ's): {wrong}"


def test_the_dump_has_the_keys_of_5_3_3(binaries):
    for program, server, text in (("mqbroker", "broker", "brokerName=a\nbrokerIP1=127.0.0.1\nlistenPort={port}\n"), ("mqnamesrv", "namesrv", "listenPort={port}\n")):
        with Program(binaries, program, text) as p:
            p.wait_up()
            shown = p.config()
            unset = {"brokerConfigPath", "dLegerGroup", "dLegerPeers", "dLegerSelfId", "haMasterAddress", "preferredLeaderId", "readOnlyCommitLogStorePaths",
                     "storePathBrokerIdentity", "storePathDLedgerCommitLog", "storePathEpochFile"}   # null there: left out
            missing = [key for key, _, releases in listed(server) if "5.3.3" in releases and key not in shown and key not in unset]
            assert not missing, missing
            assert not unset & set(shown), unset & set(shown)


def test_the_reference_page_is_current(binaries):
    made = subprocess.run([binaries / "merlinmq", "config-reference"], capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "docs/reference/config.md").read_text(), "run: merlinmq config-reference > docs/reference/config.md"


def test_what_is_declared_without_effect_is_not_read_and_the_rest_is(binaries):
    sources = "\n".join(p.read_text() for p in (ROOT / "src").rglob("*") if p.suffix in (".cc", ".h") and not p.name.endswith("_test.cc"))
    declared = re.findall(r"MQ_\w+_OPTION\([\w:]+, (\w+), (?:.*?\.doc)(.*?)\);\n", sources + (ROOT / "src/broker/core/config_compat.inc").read_text(), re.S)
    declared = [(key, attributes) for key, attributes in declared if key != "name_" and key not in CHECKED_ONLY]
    assert len(declared) > 400
    wrong = []
    for key, attributes in declared:
        read = re.search(rf"\b{key}(?:\(\)|\.used\(\)|\.text\(\))", sources) is not None
        if read == ("kIgnored" in attributes):
            wrong.append(f"{key}: declared {'without effect, yet read' if read else 'with effect, yet never read'}")
    assert not wrong, "\n".join(wrong)
