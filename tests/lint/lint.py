#!/usr/bin/python3
"""Checks what a compiler does not: the include rule, the pure core, names, sizes. Prints the distribution of sizes.

Exit code 1 and one line per finding when a rule is broken.
"""

import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDERS = ("base", "conf", "sql_router", "health", "agent", "failover", "gateway", "pcp")

# What makes a file part of the shell: system headers and calls with effects of their own.
SHELL_HEADERS = re.compile(r"boost/asio|boost/beast|libpq-fe\.h|openssl/(ssl|rand)\.h|^(thread|mutex|shared_mutex|condition_variable|"
                           r"future|fstream|iostream|filesystem|random|unistd\.h|fcntl\.h|poll\.h|netdb\.h|signal\.h)$|^sys/|^spdlog/|^arpa/|"
                           r"^netinet/")
SHELL_CALLS = re.compile(r"(steady_clock|system_clock|high_resolution_clock)::now\s*\(|\bstd::(getenv|rand|thread|mutex)\b|"
                         r"\b(getenv|gettimeofday|clock_gettime|RAND_bytes|usleep|nanosleep|sleep_for)\s*\(")
BAD_NAMES = re.compile(r"\b(?:class|struct)\s+\w*(?:Manager|Helper|Util|Utils|Impl)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)
LONGEST_FILE = 500
LONGEST_FUNCTION = 70


def read_rules():
    allow, shell, exceptions = {}, [], set()
    for line in (ROOT / "tests/lint/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("allow "):
            folder, _, names = line[6:].partition(":")
            allow[folder.strip()] = names.split()
        elif line.startswith("shell "):
            shell += line[6:].split()
        elif line.startswith("except "):
            file, _, rest = line[7:].partition(":")
            what, _, reason = rest.partition(" - ")
            if not reason.strip():
                sys.exit(f"layers.txt: an exception without a reason: {line}")
            exceptions.add((file.strip(), what.strip()))
    return allow, shell, exceptions


def is_shell(path, shell):
    return any(path.startswith(prefix + "/") or path.startswith(prefix + ".") for prefix in shell)


def allowed_for(path, allow):
    stem = path.rsplit(".", 1)[0]
    return allow[stem] if stem in allow else allow[path.split("/")[0]]


def may_include(path, header, allow):
    folder = path.split("/")[0]
    return any(header == entry or header.startswith(entry + "/") for entry in [folder, *allowed_for(path, allow)])


def strip_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def check_file(path, rules, findings):
    allow, shell, exceptions = rules
    text = (ROOT / path).read_text()
    code = strip_comments(text)
    shelly = is_shell(path, shell)
    includes = INCLUDE.findall(code)
    for own, system in includes:
        if own:
            if not may_include(path, own, allow):
                findings.append(f"{path}: may not include \"{own}\" (tests/lint/layers.txt)")
            elif not shelly and "/io/" in own:
                findings.append(f"{path}: pure code includes the shell's \"{own}\"")
        elif not shelly and SHELL_HEADERS.search(system) and (path, system) not in exceptions:
            findings.append(f"{path}: pure code includes <{system}>")
    for call in [] if shelly else {m.group(0).rstrip("( ") for m in SHELL_CALLS.finditer(code)}:
        if (path, call) not in exceptions:
            findings.append(f"{path}: pure code uses {call}")
    for name in BAD_NAMES.findall(code):
        findings.append(f"{path}: a name that says nothing: {name}")
    if not re.match(r"#pragma once|//", text):
        findings.append(f"{path}: does not begin with a comment, an include of its own header, or #pragma once") \
            if path.endswith(".hpp") else None
    if path.endswith(".cpp"):
        own_header = path[:-4] + ".hpp"
        if (ROOT / own_header).exists() and (not includes or includes[0][0] != own_header):
            findings.append(f"{path}: its own header is not its first include")
    elif "#pragma once" not in text:
        findings.append(f"{path}: no #pragma once")
    if not re.fullmatch(r"[a-z0-9_/.]+", path):
        findings.append(f"{path}: file names are snake_case")
    lines = text.count("\n")
    if lines > LONGEST_FILE and (path, "size") not in exceptions:
        findings.append(f"{path}: {lines} lines; above {LONGEST_FILE} there are two things in it")
    return lines


def function_lengths(paths):
    """(length, file, name) of every function, by Universal Ctags; nothing where it is not installed."""
    try:
        done = subprocess.run(["ctags", "--languages=C++", "--kinds-C++=f", "--fields=+ne", "-f", "-", "-L", "-"], text=True,
                              input="\n".join(paths), capture_output=True, cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    found = []
    for row in done.stdout.splitlines():
        fields = row.split("\t")
        places = dict(field.split(":", 1) for field in fields[3:] if ":" in field)
        if "line" in places and "end" in places:
            found.append((int(places["end"]) - int(places["line"]) + 1, fields[1], fields[0]))
    return found


def main():
    rules = read_rules()
    paths = sorted(str(p.relative_to(ROOT)) for folder in FOLDERS for p in (ROOT / folder).rglob("*.[ch]pp"))
    findings = []
    sizes = [check_file(path, rules, findings) for path in paths]
    lengths = function_lengths(paths)
    for length, path, name in sorted(lengths, reverse=True):
        if length > LONGEST_FUNCTION and (path, name) not in rules[2]:
            findings.append(f"{path}: {name}() has {length} lines; above {LONGEST_FUNCTION} only a flat table or switch may")
    if sizes:
        ninth = statistics.quantiles(sizes, n=10)[-1] if len(sizes) > 1 else sizes[0]
        print(f"{len(sizes)} files, median {statistics.median(sizes):.0f} lines, ninth decile {ninth:.0f}, longest {max(sizes)}")
    if len(lengths) > 1:
        values = [length for length, _, _ in lengths]
        print(f"{len(values)} functions, median {statistics.median(values):.0f} lines, "
              f"ninth decile {statistics.quantiles(values, n=10)[-1]:.0f}, longest {max(values)}")
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
