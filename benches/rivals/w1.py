"""W1's numbers and its answer, for the programs in Python. The definition is in README.md."""
import argparse, json

MINUTES = 60
HORIZON = 57_600.0  # 40 days in minutes
HOURS = 960
DEFER = (0.0, 1_440.0, 8_640.0, 12_960.0)
DEADLINE = (0.0, 2_880.0, 2_880.0, 7_200.0)
RINGS = ("Test", "First", "Fast", "Broad")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("devices", type=float, help="how many, e.g. 1e6")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hist", help="write the installs of each ring and hour to this file")
    args = parser.parse_args()
    args.devices = int(args.devices)
    return args


def ends(n):
    """Ring r has the devices from ends[r] up to ends[r + 1]."""
    return (0, n // 100, n // 10, 4 * n // 10, n)


def first_trip(installed, failed):
    """The monitor's first hour with at least 50 installed and more than 2 % of them failed, from hourly counts."""
    a = b = 0
    for hour in range(HOURS):
        a += installed[hour]
        b += failed[hour]
        if a >= 50 and b > 0.02 * a:
            return hour + 1
    return None


def answer(name, args, installs, failed, gave_up, events, paused_at, elapsed):
    """One line; `installs` are four lists of 960 counts."""
    cut = ends(args.devices)
    rings = []
    for r in range(4):
        n, hours, running = cut[r + 1] - cut[r], {}, 0
        wanted = [50, 90, 95]
        for hour, count in enumerate(installs[r]):
            running += int(count)
            while wanted and n and running >= wanted[0] / 100 * n:
                hours[f"h{wanted.pop(0)}"] = hour + 1
        ring = {"name": RINGS[r], "n": n, "installed": running, "failed": int(failed[r]), "gave_up": int(gave_up[r])}
        rings.append(ring | {key: hours.get(key) for key in ("h50", "h90", "h95")})
    line = {"impl": name, "devices": args.devices, "seed": args.seed, "events": int(events), "ticks": HOURS}
    print(json.dumps(line | {"paused_at": paused_at, "elapsed_s": round(elapsed, 6), "rings": rings}))
    if args.hist:
        with open(args.hist, "w") as file:
            json.dump([[int(count) for count in ring] for ring in installs], file)
