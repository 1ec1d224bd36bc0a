#!/usr/bin/env python3
"""Time commands fairly on a machine that is never quiet: in turn (A B C A B C ...), medians, ratios to the first.

usage: in_turn.py [-n ROUNDS] 'COMMAND A' 'COMMAND B' ...
Seconds inside are the `elapsed_s` of the last line that a command prints; seconds outside are the whole process.
"""
import argparse, json, shlex, statistics, subprocess, time

parser = argparse.ArgumentParser()
parser.add_argument("-n", type=int, default=5, help="rounds that count, after one that does not")
parser.add_argument("commands", nargs="+")
args = parser.parse_args()
times = {command: [] for command in args.commands}
for _ in range(args.n + 1):
    for command in args.commands:
        begin = time.perf_counter()
        done = subprocess.run(shlex.split(command), capture_output=True, text=True)
        outside = time.perf_counter() - begin
        if done.returncode:
            raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stderr}")
        inside = json.loads(done.stdout.strip().splitlines()[-1])["elapsed_s"]
        times[command].append((inside, outside))
print(f"{'inside s':>10} {'outside s':>10} {'ratio':>8}  command")
first = None
for command, runs in times.items():
    inside, outside = (statistics.median(run[k] for run in runs[1:]) for k in (0, 1))
    first = first or inside
    print(f"{inside:10.4f} {outside:10.4f} {inside / first:8.2f}  {command}")
