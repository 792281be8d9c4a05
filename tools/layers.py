#!/usr/bin/env python3
"""Fails on an include that goes upward in tools/layers.txt or makes a cycle. Usage: layers.py [REPOSITORY]"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
allowed = {}
for line in (root / "tools/layers.txt").read_text().splitlines():
    line = line.split("#")[0].strip()
    if line:
        name, uses = line.split(":")
        allowed[name.strip()] = uses.split()


def module_of(path):
    """The longest declared module that holds the path, e.g. broker/core, broker/*, broker."""
    parts = path.split("/")
    if len(parts) > 2:
        two = "/".join(parts[:2])
        if two in allowed:
            return two, two
        if parts[0] + "/*" in allowed:
            return parts[0] + "/*", two
    return (parts[0], parts[0]) if parts[0] in allowed else (None, None)


bad, checked = [], 0
for file in sorted((root / "src").rglob("*")):
    if file.suffix not in (".h", ".cc"):
        continue
    rel = file.relative_to(root / "src").as_posix()
    kind, place = module_of(rel)
    if kind is None:
        bad.append(f"{rel}: in no module of tools/layers.txt")
        continue
    checked += 1
    for number, line in enumerate(file.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not found:
            continue
        if not (root / "src" / found[1]).exists():
            continue
        to_kind, to_place = module_of(found[1])
        if to_place == place or to_kind in allowed[kind] and not (kind.endswith("/*") and to_kind == kind):
            continue
        bad.append(f"{rel}:{number}: {place} may not include {found[1]} ({to_place})")
print("\n".join(bad) if bad else f"{checked} files keep the layers")
sys.exit(1 if bad else 0)
