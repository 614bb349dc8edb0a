#!/usr/bin/env python3
"""Every public prototype has a comment; one that returns a status says what
its errors are; every file begins with a comment; sizes stay small."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
layers = ["base", "formats", "capture", "replay", "analyze", "plots"]
bad = []
prototype = re.compile(
    r"^(?!#|\s|typedef|static|extern|struct [a-z_]+ \{|enum [a-z_]* ?\{|union)"
    r"[a-z_][\w\s\*]*?\b(pw_\w+)\([^;{]*\)[^;{]*;", re.M)

for layer in layers:
    for path in sorted((root / layer).rglob("*.h")):
        text = path.read_text()
        name = path.relative_to(root)
        if not text.startswith("/*"):
            bad.append(f"{name}: no comment at the top")
        if f'#ifndef PW_{layer.upper()}' not in text:
            bad.append(f"{name}: no include guard PW_{layer.upper()}_...")
        for match in prototype.finditer(text):
            before = text[:match.start()].rstrip()
            # A group of prototypes may share the comment above the first.
            while before.endswith(";") and "\n\n" not in \
                    text[len(before):match.start()]:
                cut = before.rfind("\n\n")
                comment = before.rfind("*/")
                if comment <= cut:
                    break
                before = before[:comment + 2]
            if not before.endswith("*/"):
                bad.append(f"{name}: {match.group(1)} has no comment")
                continue
            comment = before[before.rfind("/*"):]
            if match.group(0).startswith("enum pw_status") and \
                    "Errors:" not in comment:
                bad.append(f"{name}: {match.group(1)}: no Errors: label")

files = [str(p.relative_to(root))
         for pattern in ("*.c", "*.h", "*.def", "*.sh", "*.py")
         for p in sorted(root.rglob(pattern))
         if "build" != p.relative_to(root).parts[0]]
for file in files:
    path = root / file
    if not path.exists():
        continue
    text = path.read_text()
    count = text.count("\n")
    if count > 600:
        bad.append(f"{file}: {count} lines, more than 600")
    if file.endswith((".c", ".h", ".def")) and not text.startswith("/*"):
        bad.append(f"{file}: no comment at the top")
    if re.search(r"\b(TODO|FIXME|XXX)\b", text) and "test_headers" not in file:
        bad.append(f"{file}: a TODO")
print("\n".join(bad))
sys.exit(1 if bad else 0)
