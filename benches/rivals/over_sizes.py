#!/usr/bin/env python3
"""W1 over fleet sizes: measure several programs in turn, and draw what was measured.

usage: over_sizes.py measure OUT.tsv 'NAME|MOST DEVICES|COMMAND with {n}' ...
       over_sizes.py draw IN.tsv OUT.svg          (needs matplotlib)

Each program plays 10 000, 100 000, ... devices up to its own most, in rounds (A B C A B C ...): 5 that count after one
that does not, fewer where one takes longer than 20 s. Seconds are the `elapsed_s` of the last line that it prints;
memory is the most that the process held.
"""
import json, os, shlex, statistics, subprocess, sys, tempfile

SIZES = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_400_000_000]
SLOW_S = 20


def once(command):
    """Seconds inside, peak MiB."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(shlex.split(command), stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command}: exit code {process.returncode}")
        out.seek(0)
        last = out.read().strip().splitlines()[-1]
    return float(json.loads(last)["elapsed_s"]), used.ru_maxrss / 1024


def measure(path, programs):
    with open(path, "w") as table:
        print("program\tdevices\tseconds\tns_per_device\tpeak_mib\truns", file=table)
        for size in SIZES:
            runs = {name: [] for name, most, _ in programs if size <= most}
            for round in range(6):
                for name, most, command in programs:
                    if name not in runs or (runs[name] and runs[name][0][0] > SLOW_S):
                        continue
                    runs[name].append(once(command.replace("{n}", str(size))))
            for name, found in runs.items():
                counted = found[1:] or found
                seconds = statistics.median(s for s, _ in counted)
                peak = max(m for _, m in counted)
                row = f"{name}\t{size}\t{seconds:.6g}\t{seconds * 1e9 / size:.4g}\t{peak:.1f}\t{len(counted)}"
                print(row, file=table, flush=True)
                print(row, flush=True)


def draw(path, picture):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "rollcast"
    import matplotlib.pyplot as plot

    rows = [line.rstrip("\n").split("\t") for line in open(path)][1:]
    curves = {}
    for name, devices, _, ns, *_ in rows:
        curves.setdefault(name, []).append((int(devices), float(ns)))
    figure, axes = plot.subplots(figsize=(8.5, 5))
    labels = []
    for name, points in curves.items():
        ours = name.startswith("rollcast")
        x, y = zip(*points)
        (line,) = axes.loglog(x, y, marker="o", markersize=4, linewidth=2.4 if ours else 1.2, zorder=3 if ours else 2)
        labels.append([y[-1], x[-1], name, line.get_color()])
    below = 0
    for label in sorted(labels):
        y, x, name, color = label
        below = max(y, below * 1.24)  # one above the other where curves end close together
        axes.annotate("  " + name, (x, below), color=color, va="center", fontsize=8)
    axes.axvline(1_400_000_000, color="0.8", linewidth=1, zorder=1)
    axes.annotate("every Windows PC ", (1_400_000_000, axes.get_ylim()[1]), ha="right", va="top", fontsize=8, color="0.4")
    axes.set_xlabel("devices")
    axes.set_ylabel("nanoseconds a device")
    axes.set_xlim(7_000, 3e10)
    axes.grid(True, which="major", color="0.92")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})


if len(sys.argv) > 3 and sys.argv[1] == "measure":
    split = [program.split("|", 2) for program in sys.argv[3:]]
    measure(sys.argv[2], [(name, int(float(most)), command) for name, most, command in split])
elif len(sys.argv) == 4 and sys.argv[1] == "draw":
    draw(sys.argv[2], sys.argv[3])
else:
    raise SystemExit(__doc__)
