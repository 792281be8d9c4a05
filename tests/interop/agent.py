"""An agent: a process on a published client that takes commands and prints what happens.

Commands, one a line, "word key=value ...", blanks in a value as '+':

    produce id= namesrv= topic= mode=sync|async|oneway|batch|order n= prefix= tags=A,B [pad=] [delay=] [pause=ms] [timeout=ms]
    consume id= namesrv= topic= group= filter= [orderly=1] [fail=N: refuse until the N-th retry]
    either  [access= secret=: signs its requests]
    stop id=      ends a produce early                    close id=     shuts a consumer down

Message i of a produce has the name PREFIX-i, as its body up to the first '.', the tag i modulo their number, the key
"keyi" and the property n="№i"; every tenth body is filled up to `pad` bytes.

Answers, words apart by tabs:

    sent ID NAME BROKER QUEUE OFFSET      refused ID NAME WHY        done ID
    ready ID                              got ID NAME BROKER QUEUE OFFSET RETRIES TOPIC TAG KEYS N SIZE        closed ID
    error ID WHY
"""
import collections
import itertools
import os
import subprocess
import threading
import time

Sent = collections.namedtuple("Sent", "name broker queue offset")
Got = collections.namedtuple("Got", "name broker queue offset retries topic tag keys n size")


class Wrong(Exception):
    """What a case found."""


def wait(what, seconds, holds):
    """Waits for `holds` to be true; `what` says what is waited for, or is a function that does at the end."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise Wrong(f"not within {seconds:.0f} s: {what() if callable(what) else what}")
        time.sleep(0.05)


class Job:
    """One produce or consume command and what came of it so far; filled by the agent's reading thread."""

    def __init__(self, agent, number):
        self.agent, self.id = agent, f"{agent.word}-{number}"
        self.sent, self.refused, self.got = [], [], []
        self.state = set()
        self.error = None

    def _await_state(self, state, seconds):
        wait(f"{self.id} {state}", seconds, lambda: state in self.state or self.agent.broken(self))
        self.check()

    def check(self):
        if self.agent.broken(self):
            raise Wrong(self.agent.broken(self))

    def done(self, seconds=60):
        self._await_state("done", seconds)
        return self

    def ready(self, seconds=60):
        self._await_state("ready", seconds)
        return self

    def stop(self):
        self.agent.command("stop", id=self.id)

    def close(self, seconds=30):
        self.agent.command("close", id=self.id)
        self._await_state("closed", seconds)

    def names(self):
        return [g.name for g in self.got]


class Agent:
    """`logs`: a folder of its own, for what the process and the client write; `admin`: runs mqadmin with these words, for committed()."""

    def __init__(self, client, command, namesrv, logs, admin=None):
        self.client, self.namesrv, self.logs, self.admin = client, namesrv, logs, admin
        self.word = client.replace(".", "_")   # fit for topics, groups and message names
        self.jobs = {}
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.err = open(logs / "err", "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.err, text=True,
                                        encoding="utf-8", env=os.environ | {"AGENT_LOG": str(logs / "client")})
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            word, *rest = line.rstrip("\n").split("\t")
            job = self.jobs.get(rest[0]) if rest else None
            if job is None:
                continue   # a client that prints on its own
            if word == "sent":
                job.sent.append(Sent(rest[1], rest[2], int(rest[3]), int(rest[4])))
            elif word == "refused":
                job.refused.append((rest[1], rest[2]))
            elif word == "got":
                job.got.append(Got(rest[1], rest[2], int(rest[3]), int(rest[4]), int(rest[5]), *rest[6:10], int(rest[10])))
            elif word == "error":
                job.error = rest[1]
            else:
                job.state.add(word)

    def broken(self, job):
        if job.error:
            return f"{job.id}: {job.error}"
        return f"the agent ended with {self.process.returncode}" if self.process.poll() is not None else None

    def command(self, word, **options):
        text = " ".join([word, *(f"{k}={str(v).replace(' ', '+')}" for k, v in options.items())])
        with self.lock:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()

    def _begin(self, word, options):
        with self.lock:
            job = Job(self, next(self.numbers))
            self.jobs[job.id] = job
        self.command(word, id=job.id, namesrv=self.namesrv, **options)
        return job

    def produce(self, topic, prefix, n, mode="sync", tags="A,B,C", **more):
        return self._begin("produce", dict(topic=topic, prefix=prefix, n=n, mode=mode, tags=tags) | more)

    def consume(self, topic, group, filter="*", **more):
        return self._begin("consume", dict(topic=topic, group=group, filter=filter) | more)

    def committed(self, topic, group):
        """How many messages of the topic the brokers know as consumed; a topic of one group's first run."""
        rows = (line.split() for line in self.admin("consumerProgress", "-n", self.namesrv, "-g", group).stdout.splitlines())
        return sum(int(r[4]) for r in rows if r and r[0] == topic)

    def logged(self):
        return "\n".join(p.read_text(errors="replace") for p in self.logs.rglob("*") if p.is_file())

    def end(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
