"""The clusters that clients meet: what is on in the servers, which clients come, and what must hold for them."""
import dataclasses
import functools
import typing

import cases
import cases_access
import clients

SIGNING = ["java-4.9.8", "java-4.9.8-bin", "java-5.3.3", "java-5.3.3-bin", "go", "ali-ons"]   # those that have credentials


@dataclasses.dataclass
class World:
    """`servers` gives the settings of (NameServers, Brokers); and readies mqadmin; `begin` gives the running cluster what it lacks."""
    name: str
    clients: list
    cases: typing.Callable                                  # of a client: (name, function)...
    servers: typing.Callable = lambda cluster: ({}, {})
    begin: typing.Callable = lambda cluster, names: None
    kill: bool = False                                      # with the case that kills brokers


def tls(mode, need, cluster):
    """mqadmin and the servers themselves speak TLS, too."""
    pki = clients.pki()
    cluster.admin_env["JAVA_OPT"] = f"-Dtls.enable=true -Dtls.config.file={pki / 'client.properties'}"
    conf = {"tls.server.mode": mode, "tls.config.file": pki / f"server-{need}.properties"}
    return conf, conf


def over_tls(wanted):
    return [c for c in clients.CLIENTS if c.endswith("-tls") == wanted]


WORLDS = [
    World("plain", over_tls(False), cases.everything, kill=True),
    World("tls", over_tls(True), cases.everything, functools.partial(tls, "enforcing", "optional"), kill=True),
    World("enforcing", ["java-5.3.3", "java-5.3.3-tls", "go", "go-tls", "ali-ons"], cases_access.enforcing, functools.partial(tls, "enforcing", "require")),
    World("permissive", ["java-4.2.0", "java-4.2.0-tls", "java-4.9.8-tls", "java-5.3.3", "java-5.3.3-tls", "go", "go-tls", "ali-ons"], cases_access.permissive,
          functools.partial(tls, "permissive", "optional")),
    World("acl1", [*SIGNING, "java-4.2.0"], cases_access.acl1, cases_access.accounts),
    World("acl2", [*SIGNING, "java-4.2.0"], cases_access.acl2, cases_access.users, cases_access.begin_users),
]
