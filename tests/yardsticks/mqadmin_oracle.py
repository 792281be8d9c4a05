#!/usr/bin/env python3
"""The text oracle of $MERLINMQ_YARDSTICKS with its parts exchanged: mqadmin_oracle.py --tool V --servers V --golden DIR ORACLE-ARGUMENTS.

The oracle runs the lines of one release with that release's tool on that release's servers. Here the Java tool and the Java servers may be of
others, and the texts are recorded to and compared with a folder of their own. So what a tool of 5.3.3 prints on servers of 4.9 is known, too.
"""
import argparse
import importlib.machinery
import importlib.util
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SUITE = pathlib.Path(os.environ.get("MERLINMQ_YARDSTICKS", ROOT.parent / "shared")) / "conformance/mqadmin"
sys.dont_write_bytecode = True


def load_oracle():
    loader = importlib.machinery.SourceFileLoader("oracle", str(SUITE / "oracle"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("oracle", loader))
    loader.exec_module(module)
    return module


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--golden", required=True, type=pathlib.Path)
    mine, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    oracle = load_oracle()
    java_tool, cluster = oracle.tool.JavaTool, oracle.cluster

    def tool_of_release(lib, classes, home, cwd):
        """Its own classes: the runner is compiled with the release that it runs."""
        lib, classes = cluster.home(mine.tool) / "lib", classes.with_name(f"classes-tool-{mine.tool}")
        if not classes.exists():
            oracle.compile_java(mine.tool, lib, classes)
        return java_tool(lib, classes, cluster.home(mine.tool), cwd)

    oracle.tool.JavaTool = tool_of_release
    version = rest[rest.index("--version") + 1]
    cluster.SERVER_OF = {version: cluster.SERVER_OF.get(mine.servers, mine.servers)}
    oracle.Line.golden = lambda line, _: mine.golden / f"{line.number:03d}-{line.command or 'none'}.txt"
    oracle.main()


main()
