#!/usr/bin/env python3
"""Audits of several seeds -> Markdown tables. Called by bench/results; each X.json may have an X-swap.json beside it."""
import json
import os
import statistics
import sys


def mean(values, digits=4):
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    text = f"{statistics.mean(values):.{digits}f}"
    return text + (f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else "")


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def utility(audit, defence):
    return next((u for u in audit["utilities"] if u["defence"] == defence), None)


def attack(audit, defence, name, attacker, figure):
    for a in audit["attacks"]:
        if (a["defence"], a["attack"], a["attacker"]) == (defence, name, attacker):
            return a[figure][0]
    return None


def left_of_scores(audits, swaps):
    rows = []
    for name, source, defence in [("none", audits, "none"), ("label only", audits, "label only"),
                                  ("scrim", audits, "scrim"), ("scrim with swapper", swaps, "scrim")]:
        found = [(a, utility(a, defence)) for a in source]
        if not found or found[0][1] is None:
            continue
        cells = [mean([u[f] for _, u in found]) for f in ("member_accuracy", "accuracy", "l1", "ece", "aurc", "worst_auc")]
        above = mean([u["worst_auc"] - a["label_only_auc"] for a, u in found])
        rows.append([name, *cells, above, ", ".join(sorted({u["worst_attack"] for _, u in found}))])
    gap = mean([a["gap_auc"] for a in audits])
    print(f"AUC of the gap attack {gap}. Filters chose strength "
          + ", ".join(f"{utility(a, 'scrim')['setting']:g}" for a in audits) + ".\n")
    table(["defence", "members' accuracy", "accuracy", "L1", "ECE", "AURC", "worst attack's AUC",
           "above the strongest on labels", "by"], rows)


def by_attack(audits, swaps):
    rows, names = [], dict.fromkeys(a["attack"] for a in audits[0]["attacks"] if a["defence"] == "scrim")
    for name in names:
        def cell(source, defence, attacker, figure="auc"):
            digits = 3
            return mean([attack(a, defence, name, attacker, figure) for a in source], digits)
        row = [name, cell(audits, "none", "adaptive"), cell(audits, "scrim", "unaware"),
               cell(audits, "scrim", "adaptive"), cell(audits, "scrim", "insider"),
               cell(audits, "label only", "adaptive")]
        for figure in ("tpr_at_1pct", "tpr_at_0.1pct"):
            row += [cell(audits, "none", "adaptive", figure), cell(audits, "scrim", "adaptive", figure)]
        if swaps:
            row += [cell(swaps, "scrim", "adaptive"), cell(swaps, "scrim", "adaptive", "tpr_at_1pct")]
        rows.append(row)
    table(["attack (AUC)", "none", "unaware", "adaptive", "insider", "label only", "TPR at 1 % FPR: none", "adaptive",
           "at 0.1 %: none", "adaptive"] + (["swapper, adaptive", "TPR at 1 %"] if swaps else []), rows)


def at_most(audit, limit):
    """Among the filter's strengths that leak no more than the limit, the one of least AURC, or None."""
    found = [u for u in audit["utilities"] if u["defence"].startswith("scrim, strength") and u["setting"] > 0
             and u["worst_auc"] <= limit]
    return min(found, key=lambda u: u["aurc"], default=None)


def same_leak(audits):
    """Every baseline at every setting and seed against the filter at no higher AUC, gathered by kind of baseline."""
    kinds = {}
    for audit in audits:
        seen = set()
        for u in audit["utilities"]:
            if u["defence"] == "none" or u["defence"].startswith("scrim") or (u["defence"], u["setting"]) in seen:
                continue
            seen.add((u["defence"], u["setting"]))
            u["takes_off"] = utility(audit, "none")["worst_auc"] - u["worst_auc"]
            kinds.setdefault(u["defence"].split(",")[0], []).append((u, at_most(audit, u["worst_auc"])))
    rows, total, strong = [], [0, 0, 0], [0, 0, 0]
    for kind, pairs in kinds.items():
        met = [(u, ours) for u, ours in pairs if ours is not None]
        better = [sum(ours[f] < u[f] for u, ours in met) for f in ("aurc", "ece")]
        total = [total[0] + len(met), total[1] + better[0], total[2] + better[1]]
        for u, ours in met:
            if u["takes_off"] >= 0.02:
                strong = [strong[0] + 1] + [strong[1 + i] + (ours[f] < u[f]) for i, f in enumerate(("aurc", "ece"))]
        ratios = sorted(ours["aurc"] / u["aurc"] for u, ours in met)
        rows.append([kind, str(len(pairs)), str(len(met)), str(better[0]), str(better[1]),
                     f"{statistics.median(ratios):.2f}" if ratios else "–", f"{ratios[-1]:.2f}" if ratios else "–",
                     f"{min(u['worst_auc'] for u, _ in pairs):.3f} to {max(u['worst_auc'] for u, _ in pairs):.3f}"])
    table(["baseline", "settings x seeds", "that the filter can match in AUC", "filter's AURC better", "ECE better",
           "median AURC ratio, filter / baseline", "worst ratio", "baseline's worst AUC"], rows)
    print(f"Of {total[0]} comparisons at no higher attack AUC the filter has the better AURC in {total[1]}, "
          f"the better ECE in {total[2]}. Of the {strong[0]} with a baseline that takes at least 0.02 off the AUC of raw "
          f"scores: AURC in {strong[1]}, ECE in {strong[2]}.\n")


def baselines(audits):
    """What a user would pick, at the usual settings."""
    rows = []
    for name in dict.fromkeys(u["defence"] for u in audits[0]["utilities"]):
        if name.startswith("scrim, strength"):
            break
        if name not in ("none", "label only", "scrim"):
            found = [utility(a, name) for a in audits]
            rows.append([name] + [mean([u[f] for u in found]) for f in ("accuracy", "l1", "ece", "aurc", "worst_auc")])
    table(["baseline", "accuracy", "L1", "ECE", "AURC", "worst attack's AUC"], rows)


def strengths(audits):
    rows = []
    for u in audits[0]["utilities"]:
        if u["defence"].startswith("scrim, strength"):
            found = [(a, utility(a, u["defence"])) for a in audits]
            rows.append([f"{u['setting']:g}", *(mean([v[f] for _, v in found]) for f in ("worst_auc", "aurc", "ece", "l1")),
                         mean([v["worst_auc"] - a["label_only_auc"] for a, v in found])])
    table(["strength", "worst AUC", "AURC", "ECE", "L1", "above the strongest on labels"], rows)


def main():
    audits, swaps = [], []
    for path in sys.argv[1:]:
        with open(path) as file:
            audits.append(json.load(file))
        swap = path.replace(".json", "-swap.json")
        if os.path.exists(swap):
            with open(swap) as file:
                swaps.append(json.load(file))
    left_of_scores(audits, swaps)
    baselines(audits)
    if any(u["defence"].startswith("scrim, strength") for u in audits[0]["utilities"]):
        strengths(audits)
        same_leak(audits)
    by_attack(audits, swaps)


main()
