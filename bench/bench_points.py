"""Neighbours, planes and the scene filter against the number of points, and against PCL in the same run.

    bench/bench_points.py BUILD FRAME.bin [--pcl] [--filter FILTER] [--plot FILE.svg]

FRAME is a KITTI one. Ratios are PCL's time over Scrim's, by rounds of both, one after the other: the median, and the
least and the greatest behind it. --pcl: bench_points_pcl is there. --filter: times `scrim cloud apply` on a stream of
the frame, on one thread and on two, in each mode.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 5
FRAMES = 200


def rows(*command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[1:]
    return [[float(cell) for cell in line.split()] for line in out]


def pcl_times(build, frame):
    """Nanoseconds a point by name."""
    out = subprocess.run([f"{build}/bench/bench_points_pcl", frame], check=True, capture_output=True, text=True).stdout
    return {line[:28].strip(): float(line.split("ms")[1].split()[0]) for line in out.splitlines()}


def compare(build, frame):
    names = ["NormalEstimation", "StatisticalOutlierRemoval"]
    ratios, ours, theirs = {n: [] for n in names}, [], {n: [] for n in names}
    search = []
    for _ in range(ROUNDS):
        row = rows(f"{build}/bench/bench_points", frame)[0]
        times = pcl_times(build, frame)
        ours.append(row[5])
        search.append(row[2] + row[3])
        for name in names:
            theirs[name].append(times[name])
            ratios[name].append(times[name] / row[5])
    print(f"\n16 nearest neighbours and plane distance, {statistics.median(ours):.0f} ns a point (build and search alone "
          f"{statistics.median(search):.0f}), one thread, against PCL:")
    for name in names:
        r = ratios[name]
        print(f"  {name:28} {statistics.median(theirs[name]):6.0f} ns a point   ratio {statistics.median(r):.2f} "
              f"({min(r):.2f}..{max(r):.2f})")


def quantile(values, share):
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def scene(build, frame, chosen):
    print(f"\nthe scene filter, {FRAMES} times the frame, milliseconds from input to output of a frame")
    print(f"{'mode':8} {'threads':>7} {'median':>8} {'p99':>8} {'most':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for i in range(FRAMES):
            os.symlink(os.path.abspath(frame), f"{folder}/{i:06}.bin")
        for mode in ("mark", "remove", "move"):
            for threads in (1, 2):
                subprocess.run([f"{build}/scrim", "cloud", "apply", "-f", chosen, "--format", "kitti", "--mode", mode,
                                "-j", str(threads), "--report", f"{folder}/report", folder, "-o", f"{folder}/out"],
                               check=True)
                with open(f"{folder}/report") as report:
                    times = [json.loads(line)["milliseconds"] for line in report]
                times = times[5:]  # the first frames bring the memory
                print(f"{mode:8} {threads:7} {statistics.median(times):8.1f} {quantile(times, 0.99):8.1f} "
                      f"{max(times):8.1f}")


def memory(build, chosen):
    """Bytes a point of the whole process, from what 2,000,000 points take more than 1,000."""
    peak = []
    with tempfile.TemporaryDirectory() as folder:
        for n in (1000, 2000000):
            subprocess.run([f"{build}/bench/bench_points", "write", str(n), f"{folder}/in.bin"], check=True)
            child = subprocess.Popen([f"{build}/scrim", "cloud", "apply", "-f", chosen, "--format", "kitti", "--mode",
                                      "mark", "-j", "2", f"{folder}/in.bin", "-o", f"{folder}/out.bin"])
            peak.append(os.wait4(child.pid, 0)[2].ru_maxrss * 1024)
    print(f"\nmemory of the process, the frame as it is in the file among it: {(peak[1] - peak[0]) / 1999000:.0f} bytes "
          "a point")


def plot(table, file):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6))
    n = [row[0] for row in table]
    for column, name in ((5, "all"), (3, "search"), (2, "build"), (4, "planes")):
        axes.plot(n, [row[column] for row in table], "o-", label=name)
    axes.set(xscale="log", xlabel="points", ylabel="nanoseconds a point, one thread", ylim=(0, None),
             title="16 nearest neighbours and plane distance")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(file)


def main():
    build, frame = sys.argv[1:3]
    option = {name: sys.argv[sys.argv.index(name) + 1] for name in ("--filter", "--plot") if name in sys.argv}
    out = subprocess.run([f"{build}/bench/bench_points"], check=True, capture_output=True, text=True).stdout
    print(out, end="")
    if "--pcl" in sys.argv:
        compare(build, frame)
    if "--filter" in option:
        scene(build, frame, option["--filter"])
        memory(build, option["--filter"])
    if "--plot" in option:
        plot([[float(c) for c in line.split()] for line in out.splitlines()[1:]], option["--plot"])


main()
