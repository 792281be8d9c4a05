"""Lines of mqadmin that fail, and what Java's tool says to them: mqadmin_failures.txt, its form, its servers, how texts are compared.

A block of the file is a line as it is typed, its exit status, what comes on stdout and what comes on stderr:

    $ updateTopic -n {ns} -b {a} -t Kept -r x
    exit 0
    ! UpdateTopicSubCommand command failed
    ! For input string: "x"

`> ` is stdout, `! ` stderr, both as Java's tool of 5.3.3 printed them on its servers; `tests/yardsticks/run failures --record` writes them again. Names in
braces stand for addresses and folders. Of stderr only heads and causes of exceptions are kept, without their classes; of a usage only its first words.
Ours prints the same, and may explain in parentheses behind a line of stderr. Where it says something else, `? ` is stderr and `= ` is stdout of ours,
and the comment above says why.
"""
import pathlib
import re
import shlex
import socket
import time

FILE = pathlib.Path(__file__).with_name("mqadmin_failures.txt")
NAMES = ("broker-a", "broker-b", "broker-s")   # the last is the cluster Secured, with access control
SECURED = dict(brokerClusterName="Secured", authenticationEnabled="true", authorizationEnabled="true",
               initAuthenticationUser='{"username":"root","password":"rootpass1"}',
               innerClientAuthenticationCredentials='{"accessKey":"root","secretKey":"rootpass1"}')
CONF = dict(autoCreateTopicEnable="false", autoCreateSubscriptionGroup="true",
            **{f"{x}MetadataProvider": f"org.apache.rocketmq.auth.{x}.provider.Local{x.capitalize()}MetadataProvider" for x in ("authentication", "authorization")})
SETUP = ("updateTopic -n {ns} -b {a} -t Kept -r 2 -w 2", "updateTopic -n {ns} -b {a} -t ReadOnly -r 1 -w 1 -p 4", "updateTopic -n {ns} -b {a} -t WriteOnly -r 1 -w 1 -p 2",
         "updateSubGroup -n {ns} -b {a} -g kept_group", "sendMessage -n {ns} -t Kept -p one -b broker-a -i 0", "sendMessage -n {ns} -t Kept -p two -b broker-a -i 1",
         "resetOffsetByTime -n {ns} -g kept_group -t Kept -s 0 -b {a} -q 0 -o 1")
FILES = {"broken.json": '[{"topicName":', "topics.json": '[{"topicName":"L1","readQueueNums":2,"writeQueueNums":2,"perm":6}]', "badname.json": '[{"topicName":"bad topic!"}]',
         "groups.json": '[{"groupName":"g1"}]', "badgroup.json": '[{"groupName":"bad group!"}]'}


class Block:
    def __init__(self, line, above):
        self.line, self.above = line, above            # the command; comment lines before it
        self.status, self.out, self.err = None, [], []   # Java's
        self.own_out, self.own_err = None, None          # ours where it differs

    def text(self):
        parts = [*self.above, f"$ {self.line}", f"exit {self.status}"]
        for mark, lines in ((">", self.out), ("!", self.err), ("=", self.own_out or []), ("?", self.own_err or [])):
            parts += [f"{mark} {x}".rstrip() for x in lines]
        return "\n".join(parts) + "\n"


def read_blocks(path=FILE):
    blocks, above = [], []
    for line in path.read_text().splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "$":
            blocks.append(Block(rest, above))
            above = []
        elif mark == "exit":
            blocks[-1].status = int(rest)
        elif mark in (">", "!"):
            (blocks[-1].out if mark == ">" else blocks[-1].err).append(rest)
        elif mark in ("=", "?"):
            name = "own_out" if mark == "=" else "own_err"
            setattr(blocks[-1], name, (getattr(blocks[-1], name) or []) + [rest])
        else:
            above.append(line)
    return blocks


class Place:
    """What the names in braces stand for, and a socket that takes connections and never answers."""

    def __init__(self, ns, brokers, tmp):
        self.mute = socket.create_server(("127.0.0.1", 0))
        self.tmp = pathlib.Path(tmp)
        self.tmp.mkdir(exist_ok=True)
        for name, text in FILES.items():
            (self.tmp / name).write_text(text)
        self.names = dict(ns=ns, a=brokers[0], b=brokers[1], sec=brokers[2], mute=f"127.0.0.1:{self.mute.getsockname()[1]}", tmp=str(self.tmp))

    def words(self, line):
        return [re.sub(r"\{(\w+)\}", lambda m: self.names.get(m[1], m[0]), w) for w in shlex.split(line)]

    def named(self, text):
        for name, value in self.names.items():
            text = text.replace(value, "{%s}" % name)
        text = re.sub(r"(timeout, |cost \[|Producer: 127\.0\.0\.1:)\d+", r"\1{n}", text)
        return re.sub(r"\b[0-9A-F]{32}\b", "{id}", text)


NOISE = re.compile(r"^(\s+at |\s*\.\.\. \d+ (more|common)|SLF4J|RocketMQLog|WARNING:|Picked up |\s*$)")


def out_lines(text):
    """Of a usage only its first words: its columns are compared elsewhere, its descriptions are free. Sorted: brokers come in the order of Java's hash sets."""
    head, usage, rest = text.partition("usage: mqadmin ")
    lines = (head + usage + rest.split(" ")[0]).rstrip("\n").split("\n")
    return sorted(x.rstrip() for x in lines) if text else []


def err_lines(text):
    """Heads and causes of exceptions without their classes; a cause that repeats what was said above it is left out."""
    lines = []
    for line in text.split("\n"):
        line = re.sub(r"^(Caused by: )?(([a-z]\w*\.)+[A-Z][\w.$]*(: |$))*", "", line.rstrip())
        # Descriptions of options are free.
        line = re.sub(r"\[-(\w+) .*?, -(\w+) [^\]]*\]$", r"[-\1 ..., -\2 ...]", line)
        if line and not NOISE.match(line) and line not in lines:
            lines.append(line)
    return lines


def same(want, got, explains=False):
    """With `explains`, ours may say more in parentheses."""
    return len(want) == len(got) and all(g == w or (explains and g.startswith(w + " (") and g.endswith(")")) for w, g in zip(want, got))


def prepare(place, run):
    """What the lines need: `run` takes words and gives (status, stdout, stderr)."""
    for line in SETUP:
        deadline = time.monotonic() + 20   # the NameServer learns a topic behind the answer that makes it
        while (said := run(place.words(line)))[2]:
            assert time.monotonic() < deadline, (line, said)
            time.sleep(0.2)


def check(place, run, ours):
    """Runs every block; yields (block, "" or how it differs from Java's)."""
    for block in read_blocks():
        status, out, err = run(place.words(block.line))
        out, err = out_lines(place.named(out)), err_lines(place.named(err))
        want_out = block.own_out if ours and block.own_out is not None else block.out
        want_err = block.own_err if ours and block.own_err is not None else block.err
        if status == block.status and same(want_out, out) and same(want_err, err, ours):
            yield block, ""
            continue
        shown = [f"exit {block.status}, and now {status}"] if status != block.status else []
        for mark, want, got in ((">", want_out, out), ("!", want_err, err)):
            if not same(want, got, ours):
                shown += [*(f"- {mark} {x}" for x in want), *(f"+ {mark} {x}" for x in got)]
        yield block, "\n".join(["$ " + block.line, *shown])
