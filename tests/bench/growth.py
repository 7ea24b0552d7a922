"""`./dev growth`: how the work of classifying a text grows with its length, for shapes made to hurt. Instructions are counted by
valgrind, so that no other load on the machine matters. Twice the text must not be more than about twice the work."""

import pathlib
import re
import subprocess
import sys

BYTES = (32_000, 64_000, 128_000)
MOST = 2.6  # 4 would be quadratic; sorting, and tables that grow, cost a little more than 2


def instructions(program, shape, size):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, shape, str(size)],
                          capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def main():
    program = pathlib.Path(sys.argv[1])
    shapes = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    failures = 0
    print(f"{'shape':20}" + "".join(f"{size:>14} B" for size in BYTES) + "  growth  instructions/byte")
    for shape in sys.argv[2:] or shapes:
        start = instructions(program, shape, 0)
        counts = [instructions(program, shape, size) - start for size in BYTES]
        growth = max(after / max(before, 100_000) for before, after in zip(counts, counts[1:]))
        failures += growth > MOST
        print(f"{shape:20}" + "".join(f"{count:16}" for count in counts) + f"{growth:8.2f}{counts[-1] / BYTES[-1]:12.0f}"
              + ("  grows too fast" if growth > MOST else ""), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
