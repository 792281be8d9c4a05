"""Fetches the published clients by their languages' own tools and builds the agents, all in the cache folder."""
import hashlib
import pathlib
import shutil
import subprocess
import sys

import certificates   # of tests/smoke
import fetched
from fetched import BuildFailed, once, sh

HERE = pathlib.Path(__file__).resolve().parent
CACHE = fetched.CACHE / "interop"
JAVA_VERSIONS = ["4.2.0", "4.9.8", "5.3.3"]
CLIENTS = [f"java-{v}{kind}" for v in JAVA_VERSIONS for kind in ("", "-bin", "-tls")] + ["go", "go-2.1.0", "go-tls", "ali-ons"]

SIGNING = {"4.9.8": ["rocketmq-acl"]}   # a library of its own; 4.2.0 has none, 5.3.3 has it in the client

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>merlinmq</groupId><artifactId>interop</artifactId><version>1</version>
  <dependencies>{}</dependencies>
</project>
"""
DEPENDENCY = "<dependency><groupId>org.apache.rocketmq</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def digest(folder):
    h = hashlib.sha1()
    for p in sorted(folder.iterdir()):
        h.update(p.name.encode() + p.read_bytes())
    return h.hexdigest()


# client.auth "optional" takes clients without a certificate, "require" does not; a certificate that is shown is checked.
SERVER_TLS = """tls.test.mode.enable=false
tls.server.keyPath={0}/server.key
tls.server.keyPassword=secret
tls.server.certPath={0}/server.pem
tls.server.need.client.auth={1}
tls.server.authClient=true
tls.server.trustCertPath={0}/ca.pem
tls.client.keyPath={0}/client.key
tls.client.certPath={0}/client.pem
tls.client.authServer=true
tls.client.trustCertPath={0}/ca.pem
"""
CLIENT_TLS = """tls.test.mode.enable=false
tls.client.keyPath={0}/client.key
tls.client.certPath={0}/client.pem
tls.client.authServer=true
tls.client.trustCertPath={0}/ca.pem
"""


def pki():
    """The folder with a CA, a server's key behind a password, a client's key, and tls.config.files of both sides."""
    def make(folder):
        for who, signer, password in (("ca", None, None), ("server", "ca", "secret"), ("client", "ca", None)):
            certificates.identity(folder, who, signer, password, certificates.RSA, 3650)
        for wish in ("optional", "require"):
            (folder / f"server-{wish}.properties").write_text(SERVER_TLS.format(folder, wish))
        (folder / "client.properties").write_text(CLIENT_TLS.format(folder))
    return once(CACHE / "pki", "2", make)


def jars(version):
    libraries = ["rocketmq-client", *SIGNING.get(version, [])]

    def fetch(folder):
        (folder / "pom.xml").write_text(POM.format("".join(DEPENDENCY.format(x, version) for x in libraries)))
        sh(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"], folder, 3)
    return once(CACHE / "jars" / version, " ".join(libraries), fetch) / "lib"


def java(client, logs):
    version, binary = client.split("-")[1], client.endswith("-bin")
    lib = jars(version)

    def compile_(folder):
        sh(["javac", "-nowarn", "-encoding", "UTF-8", "-d", folder, "-cp", f"{lib}/*", HERE / "java/Agent.java"], folder)
    classes = once(CACHE / "agents" / f"java-{version}", digest(HERE / "java"), compile_)
    command = ["java", "-Xmx200m", "-Xss400k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true",
               f"-Duser.home={logs}", f"-Drocketmq.client.logRoot={logs}", "-Drocketmq.client.logLevel=WARN", f"-Drocketmq.log.root={logs}",
               "-Drocketmq.log.level=WARN",
               "--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"]
    if binary:
        command.append("-Drocketmq.serialize.type=ROCKETMQ")
    if client.endswith("-tls"):
        command += ["-Dtls.enable=true", f"-Dtls.config.file={pki() / 'client.properties'}"]
    return [*command, "-cp", f"{classes}:{lib}/*", "Agent"]


def go(client, _):
    words = {"go-tls": ["-tags", "tls", "-modfile=tls.mod"], "go-2.1.0": ["-tags", "old", "-modfile=old.mod"]}.get(client, [])

    def build(folder):
        sh(["go", "build", *words, "-o", folder / "agent", "."], HERE / "go", 3)
    return [once(CACHE / "agents" / client, digest(HERE / "go"), build) / "agent"]


def node(_, __):
    def install(folder):
        for p in (HERE / "node").iterdir():   # the agent stands beside node_modules, where require() looks
            shutil.copy(p, folder)
        sh(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"], folder, 3)
    return ["node", once(CACHE / "agents/ali-ons", digest(HERE / "node"), install) / "agent.js"]


def command(client, logs):
    """The command line of a client's agent that logs there, which is built when it is not there yet. Raises BuildFailed."""
    try:
        language = java if client.startswith("java-") else {"go": go, "go-2.1.0": go, "go-tls": go, "ali-ons": node}[client]
        return [str(w) for w in language(client, logs)]
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as e:
        raise BuildFailed(str(e)) from e


def logs(world, client):
    """An empty folder for the logs of a client in a world."""
    folder = CACHE / "logs" / f"{world}-{client}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def install_tools():
    """Debian's packages: JDK, maven, Go, Node.js, npm. Does nothing when they are there."""
    r = subprocess.run([HERE.parent.parent / "tools/setup.sh", "interop"])
    if r.returncode:
        sys.exit("tools/setup.sh interop failed")
