"""Fetches the published clients by their languages' own tools and builds the agents, all in the cache folder."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import certificates   # of tests/smoke

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("MERLINMQ_CACHE") or pathlib.Path.home() / ".cache/merlinmq") / "interop"
JAVA_VERSIONS = ["4.2.0", "4.9.8", "5.3.3"]
CLIENTS = [f"java-{v}{kind}" for v in JAVA_VERSIONS for kind in ("", "-bin", "-tls")] + ["go", "go-tls", "ali-ons"]

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>merlinmq</groupId><artifactId>interop</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.rocketmq</groupId><artifactId>rocketmq-client</artifactId><version>{version}</version>
  </dependency></dependencies>
</project>
"""


class BuildFailed(Exception):
    pass


def sh(command, folder, attempts=1):
    """Runs it quietly; on failure raises what it printed. A registry may hiccup: fetching gets more attempts."""
    for left in reversed(range(attempts)):
        r = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
                           stdin=subprocess.DEVNULL)
        if r.returncode == 0:
            return
        if not left:
            raise BuildFailed(f"{' '.join(map(str, command))}\n{r.stdout[-3000:]}")


def once(folder, key, make):
    """Calls make(folder) unless the folder was made for the same key before."""
    stamp = folder / "made-for"
    if not stamp.exists() or stamp.read_text() != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        stamp.write_text(key)
    return folder


def digest(folder):
    h = hashlib.sha1()
    for p in sorted(folder.iterdir()):
        h.update(p.name.encode() + p.read_bytes())
    return h.hexdigest()


SERVER_TLS = """tls.test.mode.enable=false
tls.server.keyPath={0}/server.key
tls.server.keyPassword=secret
tls.server.certPath={0}/server.pem
tls.server.need.client.auth=optional
tls.server.authClient=true
tls.server.trustCertPath={0}/ca.pem
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
    """The folder with a CA, a server's key behind a password, a client's key, and a tls.config.file for each side."""
    def make(folder):
        for who, signer, password in (("ca", None, None), ("server", "ca", "secret"), ("client", "ca", None)):
            certificates.identity(folder, who, signer, password, certificates.RSA, 3650)
        (folder / "server.properties").write_text(SERVER_TLS.format(folder))
        (folder / "client.properties").write_text(CLIENT_TLS.format(folder))
    return once(CACHE / "pki", "1", make)


def jars(version):
    def fetch(folder):
        (folder / "pom.xml").write_text(POM.format(version=version))
        sh(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"], folder, 3)
    return once(CACHE / "jars" / version, "1", fetch) / "lib"


def java(client):
    version, binary = client.split("-")[1], client.endswith("-bin")
    lib = jars(version)

    def compile_(folder):
        sh(["javac", "-nowarn", "-encoding", "UTF-8", "-d", folder, "-cp", f"{lib}/*", HERE / "java/Agent.java"], folder)
    classes = once(CACHE / "agents" / f"java-{version}", digest(HERE / "java"), compile_)
    home = CACHE / "home" / client
    home.mkdir(parents=True, exist_ok=True)
    command = ["java", "-Xmx200m", "-Xss400k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true",
               f"-Duser.home={home}", f"-Drocketmq.client.logRoot={CACHE}/logs/{client}", "-Drocketmq.client.logLevel=WARN",
               "--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"]
    if binary:
        command.append("-Drocketmq.serialize.type=ROCKETMQ")
    if client.endswith("-tls"):
        command += ["-Dtls.enable=true", f"-Dtls.config.file={pki() / 'client.properties'}"]
    return [*command, "-cp", f"{classes}:{lib}/*", "Agent"]


def go(client):
    words = ["-tags", "tls", "-modfile=tls.mod"] if client == "go-tls" else []

    def build(folder):
        sh(["go", "build", *words, "-o", folder / "agent", "."], HERE / "go", 3)
    return [once(CACHE / "agents" / client, digest(HERE / "go"), build) / "agent"]


def node(_):
    def install(folder):
        for p in (HERE / "node").iterdir():   # the agent stands beside node_modules, where require() looks
            shutil.copy(p, folder)
        sh(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"], folder, 3)
    return ["node", once(CACHE / "agents/ali-ons", digest(HERE / "node"), install) / "agent.js"]


def command(client):
    """The command line of a client's agent, which is built when it is not there yet. Raises BuildFailed."""
    (CACHE / "logs").mkdir(parents=True, exist_ok=True)
    try:
        return [str(w) for w in (java(client) if client.startswith("java-") else {"go": go, "go-tls": go, "ali-ons": node}[client](client))]
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as e:
        raise BuildFailed(str(e)) from e


def install_tools():
    """Debian's packages: JDK, maven, Go, Node.js, npm. Does nothing when they are there."""
    r = subprocess.run([HERE.parent.parent / "tools/setup.sh", "interop"])
    if r.returncode:
        sys.exit("tools/setup.sh interop failed")
