"""Who may in: TLS and access control, and what a client is told that may not. As in cases.py, for a client of any language."""
import time

from agent import Wrong, wait
from cases import PATIENCE, all_sent, equal, modes, same

# Credentials of an agent's command. The ones may all, the others may only read topics.
WRITER = dict(access="writer77", secret="writersecret")
READER = dict(access="reader77", secret="readersecret")
STRANGER = dict(access="stranger", secret="strangersecret")
WRONG = WRITER | dict(secret="readersecret")
ADMIN = dict(access="rootuser", secret="rootsecret")

CANNOT_SIGN = {"java-4.2.0"}
TELLS_NO_CODE = {"ali-ons"}   # only the words, and of a refused send only that all attempts failed


def passes(agent, name, user={}):
    """Everything a client does is let in: sends of all kinds, pulls, heartbeats, offsets, retries."""
    consumer = agent.consume(name, f"g-{name}", fail=1, **user)
    want = []
    for mode in modes(agent.client):
        all_sent(agent.produce(name, f"{name}-{mode}", 10, mode, **user).done(), 10)
        want += [f"{name}-{mode}-{i}" for i in range(10)]
    for retries in (0, 1):
        def got():
            return [g.name for g in consumer.got if g.retries == retries]
        wait(lambda: f"{len(got())} of {len(want)} messages after {retries} retries", PATIENCE, lambda: len(got()) >= len(want))
        same(f"after {retries} retries", want, got())
    consumer.close()


def is_told(agent, said, code, words):
    if agent.client in TELLS_NO_CODE and "times, still failed" in said:
        return
    if words not in said or (agent.client not in TELLS_NO_CODE and f"CODE: {code} " not in said.replace(",", " ")):
        raise Wrong(f"want code {code}, {words!r}, got {said!r}")


def sends_fail(agent, name, code, words, user={}):
    """Each way of sending that has an answer is refused, in Java's words."""
    for mode in modes(agent.client):
        if mode == "oneway":
            continue
        job = agent.produce(name, f"{name}-{mode}", 1, mode, **user)
        wait("the send's end", PATIENCE, lambda: "done" in job.state or agent.broken(job))
        equal("sent", [], job.sent)
        is_told(agent, job.error or job.refused[0][1], code, words.format(name))   # ali-ons gives up when its first heartbeat is refused


def consumes_nothing(agent, name, words, user):
    """A group that is not let in gets nothing, and the client's log has the reason."""
    all_sent(agent.produce(name, name, 3, **WRITER).done(), 3)
    consumer = agent.consume(name, f"g-{name}", **user)
    wait(lambda: f"the client noted {words.format(name)!r}", PATIENCE, lambda: words.format(name) in agent.logged())
    time.sleep(2)
    equal("got", [], consumer.got)
    agent.command("close", id=consumer.id)


# --- TLS

def enforcing(client):
    """Clients without TLS and clients without the certificate that is asked for are turned away."""
    if client.startswith("java") and client.endswith("-tls"):
        yield "required", passes
    else:
        yield "turned-away", turned_away


def turned_away(agent, name):
    job = agent.produce(name, name, 1, timeout=3000)
    wait("the send's end", PATIENCE, lambda: job.refused or job.sent or job.error)
    equal("sent", [], job.sent)


def permissive(_):
    yield "permissive", passes


# --- access control: accounts of 4.x in files

ACCOUNTS = f"""accounts:
- accessKey: {ADMIN["access"]}
  secretKey: {ADMIN["secret"]}
  admin: true
- accessKey: {WRITER["access"]}
  secretKey: {WRITER["secret"]}
  defaultTopicPerm: PUB|SUB
  defaultGroupPerm: PUB|SUB
- accessKey: {READER["access"]}
  secretKey: {READER["secret"]}
  defaultTopicPerm: SUB
  defaultGroupPerm: DENY
"""


def sign_as_admin(cluster):
    """mqadmin of this cluster signs. The folder that makes it do so."""
    home = cluster.folder / "home"
    (home / "conf").mkdir(parents=True)
    (home / "conf/tools.yml").write_text(f"accessKey: {ADMIN['access']}\nsecretKey: {ADMIN['secret']}\n")
    cluster.admin_env["ROCKETMQ_HOME"] = str(home)
    return home


def accounts(cluster):
    home = sign_as_admin(cluster)
    (home / "conf/plain_acl.yml").write_text(ACCOUNTS)
    return {}, dict(aclEnable="true", rocketmqHome=home)


def refusals(client, code, no_key, unknown, wrong, no_topic, no_group):
    """The cases of a cluster with access control; `{}` in what is told stands for the topic."""
    yield "no-key", lambda agent, name: sends_fail(agent, name, code, no_key)
    if client in CANNOT_SIGN:
        return
    yield "right-key", lambda agent, name: passes(agent, name, WRITER)
    for case, user, words in (("unknown-key", STRANGER, unknown), ("wrong-secret", WRONG, wrong), ("no-topic", READER, no_topic)):
        yield case, lambda agent, name, user=user, words=words: sends_fail(agent, name, code, words, user)
    yield "no-group", lambda agent, name: consumes_nothing(agent, name, no_group, READER)


def acl1(client):
    exception = "org.apache.rocketmq.acl.common.AclException: "
    return refusals(client, 1, exception + "No accessKey is configured", exception + "No acl config for stranger",
                    exception + "Check signature failed for accessKey=writer77", exception + "No default permission for topic:{}",
                    exception + "No default permission for group:g-{}")


# --- access control: users and policies of 5.x

def users(cluster):
    sign_as_admin(cluster)
    init = '{{"username":"{access}","password":"{secret}"}}'.format(**ADMIN)
    return {}, dict(authenticationEnabled="true", authorizationEnabled="true", initAuthenticationUser=init,
                    innerClientAuthenticationCredentials='{"accessKey":"inner","secretKey":"innersecret"}')


def begin_users(cluster, names):
    for user, resources in ((WRITER, "Topic:*,Group:*"), (READER, "Topic:*")):
        actions = "Pub,Sub" if user is WRITER else "Sub"
        cluster.admin("createUser", "-n", names, "-c", "DefaultCluster", "-u", user["access"], "-p", user["secret"], check=True)
        cluster.admin("createAcl", "-n", names, "-c", "DefaultCluster", "-s", f"User:{user['access']}", "-r", resources, "-a", actions, "-d", "Allow", check=True)


def acl2(client):
    def denied(resource):
        return f"User:{READER['access']} has no permission to access {resource} from 127.0.0.1, no matched policies."
    return refusals(client, 16, "username cannot be null.", "User:stranger is not found.", "check signature failed.", denied("Topic:{}"), denied("Group:g-{}"))
