#!/usr/bin/env python3
"""The tables of docs/RESULTS_CLOUD.md about objects: the cloud filter beside what else there is, before classifiers.

    bench/cloud_results.py --published POINTNET.safetensors --benches B.npy --others O.npy --others-labels L.npy \\
        --lidar-train P.npy --lidar-train-labels L.npy --lidar-test P.npy --lidar-test-labels L.npy -o OUT

1. A published PointNet on 80 of --benches and 80 of --others: attacks, with and without knowledge of the defence, and
   corruptions.
2. Three classifiers trained here on procedural objects in twice as many classes.
3. The same three on LiDAR objects of four classes.

Objects and classifiers are made first. Everything is drawn from the commands' own seeds. Tables go to standard output;
what was made stays in OUT and is not made again, reports if the same is asked.
"""
import argparse
import os

import numpy as np

from kept_reports import kept, run

NETWORKS = {"pointnet": 12, "edge": 5, "attention": 5}  # epochs on procedural objects
BASELINES = ["SRS", "SOR", "plane x1", "plane x3"]
PROBES = ["step 3", "step 15", "step 30"]
FILTERS = ["thorough", "scrim"]
CORRUPTIONS = ("rotation,shear,uniform,gaussian,impulse,background,upsample,cutout,density,density-inc,ffd,rbf,"
               "rbf-inverse,occlusion,lidar")


def cloud(a, *words):
    return run([a.scrim, "cloud", *map(str, words)])


def audit(a, name, what, *options, defences=()):
    """The results of one audit of `what`: objects, labels and a classifier. Made again if anything else is asked."""
    objects, labels, victim = what
    words = ["-f", a.filter, "--objects", objects, "--labels", labels, "--victim", victim, "--defences",
             ",".join(defences), *map(str, options)]
    return kept(f"{a.output}/{name}.json", words,
                lambda: cloud(a, "audit", "--json", "-j", a.jobs, *words))["results"]


# ---- objects and classifiers ----

def make_outside(a):
    """Every second bench, and evenly as many of the others with their classes."""
    objects, labels = f"{a.output}/objects.npy", f"{a.output}/labels.npy"
    few, some = np.arange(80) * 160 // 80, np.arange(80) * 500 // 80
    np.save(objects, np.concatenate([np.load(a.benches)[few], np.load(a.others)[some]]))
    np.save(labels, np.concatenate([np.full(80, 3, np.int32), np.load(a.others_labels)[some].astype(np.int32)]))
    return objects, labels, a.published


def height_over_width(x):
    e = x.max(1) - x.min(1)
    return e[:, 2] / np.sqrt(e[:, 0] * e[:, 1] + 1e-9)


def make_procedural(a):
    """
    Each family is split at the median height over width of its training objects, and test objects are clearly on one
    side, so that classifiers are as easily fooled as the published one.
    """
    for name, n, points, seed in (("train", 2400, 512, 11), ("test", 800, 1024, 12)):
        if not os.path.exists(f"{a.output}/{name}.npy"):
            cloud(a, "shapes", "-q", "-n", n, "--points", points, "--seed", seed, "--labels",
                  f"{a.output}/{name}-families.npy", "-o", f"{a.output}/{name}.npy")
    train, test = np.load(f"{a.output}/train.npy"), np.load(f"{a.output}/test.npy")
    family, other = (np.load(f"{a.output}/{name}-families.npy").astype(int) for name in ("train", "test"))
    ratio, of_test = height_over_width(train), height_over_width(test)
    labels, told, keep = np.zeros(len(train), np.int32), np.zeros(len(test), np.int32), []
    for f in range(20):
        median = np.median(ratio[family == f])
        labels[family == f] = 2 * f + (ratio[family == f] > median)
        mine = np.where(other == f)[0]
        low, high = np.quantile(ratio[family == f], [.3, .7])
        told[mine] = 2 * f + (of_test[mine] > median)
        keep += list(mine[(of_test[mine] < low) | (of_test[mine] > high)])
    keep = np.sort(keep)
    np.save(f"{a.output}/train-labels.npy", labels)
    np.save(f"{a.output}/hard.npy", test[keep])
    np.save(f"{a.output}/hard-labels.npy", told[keep])


def make_victim(a, name, network, epochs, objects, labels):
    path = f"{a.output}/{name}-{network}.safetensors"
    if not os.path.exists(path):
        cloud(a, "train", "victim", "-q", "--network", network, "--epochs", epochs, "--objects", objects,
              "--labels", labels, "-o", path)
    return path


# ---- tables ----

def table(results, columns):
    """Accuracy: a row for each attack, budget and what attackers know; a column for each defence."""
    rows = {}
    for r in results:
        rows.setdefault((r["attack"], str(r["budget"] or ""), r["attacker"]), {})[r["defence"]] = r["accuracy"]
    names = ["attack", "budget"] + ["attacker"] * any(attacker != "unaware" for _, _, attacker in rows)
    print("| " + " | ".join(names + columns) + " |\n" + "| --- " * (len(names) + len(columns)) + "|")
    for row, of in rows.items():
        print("| " + " | ".join(list(row[:len(names)]) + [f"{of[c]:.3f}" if c in of else "" for c in columns]) + " |")


def severities(results, columns):
    """The same of corruptions: a row for each, severities 1, 3 and 5 in one cell."""
    rows = {}
    for r in results:
        rows.setdefault(r["attack"], {})[r["defence"], r["budget"]] = f"{r['accuracy']:.3f}"
    print("| corruption | " + " | ".join(columns) + " |\n" + "| --- " * (1 + len(columns)) + "|")
    for name, of in rows.items():
        which = (0,) if name == "clean" else (1, 3, 5)
        print(f"| {name} | " + " | ".join(", ".join(of[c, s] for s in which) for c in columns) + " |")


def print_published(a, outside):
    shifts = ("--points", 1024, "--iterations", 20, "--attacks", "pgd-linf,pgd-flat", "--budgets", "0.01,0.02,0.05")
    defences = BASELINES + PROBES + FILTERS
    results = audit(a, "published", outside, *shifts, defences=defences)
    print("\n## A published PointNet, attackers who do not know the defence\n")
    table(results, ["none"] + defences)
    print("\n95 % intervals: " + ", ".join(f"{r['accuracy']:.3f} is {r['low']:.3f} to {r['high']:.3f}" for r in results
                                         if r["defence"] == "scrim" and r["budget"] in (0, 0.05)))


def print_adaptive(a, outside):
    known = ("--points", 1024, "--adaptive", "--budgets", 0.05, "--limit", a.adaptive_objects)
    defences = BASELINES + FILTERS
    print(f"\n## The same, {a.adaptive_objects} objects at 0.05, attackers who know the defence\n\n200 iterations:\n")
    table(audit(a, "adaptive", outside, *known, "--attacks", "pgd-linf", "--iterations", 200, "--samples", 1,
                defences=defences), ["none"] + defences)
    print("\nThe same, each gradient averaged over eight draws; SRS with 50 iterations:\n")
    averaged = ("--attacks", "pgd-linf", "--samples", 8)
    table(audit(a, "averaged", outside, *known, *averaged, "--iterations", 200, defences=FILTERS), ["none"] + FILTERS)
    table(audit(a, "averaged-srs", outside, *known, *averaged, "--iterations", 50, defences=["SRS"]), ["none", "SRS"])
    print("\nWho keeps points near planes, 40 iterations, two draws:\n")
    table(audit(a, "adaptive-flat", outside, *known, "--attacks", "pgd-flat", "--iterations", 40, "--samples", 2,
                defences=["scrim"]), ["none", "scrim"])


def print_corruptions(a, outside):
    results = audit(a, "corruptions", outside, "--points", 1024, "--limit", 40, "--full", "--attacks", CORRUPTIONS,
                    defences=["SOR", "plane x1", "plane x3", "scrim"])
    print("\n## The same, 40 objects, corruptions of severity 1, 3 and 5\n")
    severities(results, ["none", "SOR", "plane x1", "plane x3", "scrim"])
    at_three = [r for r in results if r["budget"] == 3 and r["attack"] != "background"]
    print("\nMean at severity 3 without background: " + ", ".join(
        f"{d} {np.mean([r['accuracy'] for r in at_three if r['defence'] == d]):.3f}"
        for d in ("none", "SOR", "plane x1", "plane x3", "scrim")))


def print_procedural(a):
    hard = f"{a.output}/hard.npy", f"{a.output}/hard-labels.npy"
    victims = {n: make_victim(a, "shapes", n, epochs, f"{a.output}/train.npy", f"{a.output}/train-labels.npy")
               for n, epochs in NETWORKS.items()}
    defences = BASELINES + PROBES + FILTERS
    for network, victim in victims.items():
        print(f"\n## Procedural objects, {network}\n")
        table(audit(a, f"shapes-{network}", (*hard, victim), "--attacks", "pgd-linf,pgd-flat", "--budgets", "0.05,0.1",
                    "--limit", 24, defences=defences), ["none"] + defences)
        print("\n300 clean objects:\n")
        clean = audit(a, f"clean-{network}", (*hard, victim), "--attacks", "gaussian", "--limit", 300, defences=FILTERS)
        table([r for r in clean if r["attack"] == "clean"], ["none"] + FILTERS)
    for one, other in (("pointnet", "edge"), ("edge", "pointnet")):
        print(f"\n{one}, attacks made on {other}:\n")
        table(audit(a, f"transfer-{one}", (*hard, victims[one]), "--source", victims[other], "--attacks", "pgd-linf",
                    "--budgets", "0.05,0.1", "--limit", 24, defences=["scrim"]), ["none", "scrim"])


def print_lidar(a):
    for network in NETWORKS:
        victim = make_victim(a, "lidar", network, 8, a.lidar_train, a.lidar_train_labels)
        print(f"\n## LiDAR objects, {network}\n")
        table(audit(a, f"lidar-{network}", (a.lidar_test, a.lidar_test_labels, victim), "--attacks",
                    "pgd-linf,pgd-flat", "--budgets", "0.02,0.05", "--limit", 110, defences=BASELINES + FILTERS),
              ["none"] + BASELINES + FILTERS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("published", "benches", "others", "others-labels", "lidar-train", "lidar-train-labels", "lidar-test",
                 "lidar-test-labels"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--scrim", default="build/scrim")
    parser.add_argument("--filter", default="models/cloud.scrim")
    parser.add_argument("--adaptive-objects", type=int, default=16)
    parser.add_argument("--jobs", type=int, default=2)
    a = parser.parse_args()
    os.makedirs(a.output, exist_ok=True)
    outside = make_outside(a)
    make_procedural(a)
    print_published(a, outside)
    print_procedural(a)
    print_lidar(a)
    print_corruptions(a, outside)
    print_adaptive(a, outside)


if __name__ == "__main__":
    main()
