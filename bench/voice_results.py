#!/usr/bin/env python3
"""The tables of docs/RESULTS_VOICE.md: a voice filter beside what else hides voices.

    bench/voice_results.py --filter F.scrim --encoders A.scrim,B.scrim --judge J.safetensors \\
        --eval IDS.tsv --texts TEXTS.tsv --root DIR --train TRAIN.tsv --train-root DIR -o OUT

1. `scrim voice audit` on the clips of --eval: attackers, baselines, pitch changes, removal, costs.
2. The same on those of --texts, whole, with words counted.
3. With --strengths: the filter alone at each of them, on both lists.
4. `scrim voice apply` on one long recording: speed and memory.

Everything is drawn from --seed. Tables go to standard output; the audits' reports stay in OUT, and are
not made again if the same is asked.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import time

from kept_reports import kept, run


def audit(a, name, options):
    command = [a.scrim, "voice", "audit", "--json", "--root", a.root, "--seed", str(a.seed), "-j", str(a.jobs)]
    command += ["-f", a.filter, "-k", a.key, "--own-encoders"] if a.filter else []
    command += ["--judge", a.judge] if a.judge else []
    command += ["--encoders", a.encoders] if a.encoders else []
    command += options
    return kept(f"{a.output}/{name}.json", command, lambda: run(command))


def pick_texts(a):
    """The first --words clips of --texts that have a text, as a list of their own."""
    with open(a.texts, newline="") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE) if row["text"]]
    path = f"{a.output}/texts.tsv"
    with open(path, "w") as out:
        out.write("file\tspeaker\ttext\n")
        for row in rows[:a.words or None]:
            out.write(f"{row['file']}\t{row['speaker']}\t{row['text']}\n")
    return path


def measure_apply(a):
    """Processor seconds and peak memory of the command on one long recording, one job."""
    work = f"{a.output}/long"
    os.makedirs(work, exist_ok=True)
    with open(a.eval, newline="") as table:
        files = [f"{a.root}/{row['file']}" for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)]
    run(["sox", "-V1"] + files + [f"{work}/long.wav", "trim", "0", str(a.long)])
    seconds = float(run(["soxi", "-D", f"{work}/long.wav"]))
    began = time.monotonic()
    child = subprocess.Popen([a.scrim, "voice", "apply", "-q", "-j", "1", "-f", a.filter, "-k", a.key,
                              f"{work}/long.wav", "-o", f"{work}/out"])
    _, status, used = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"scrim voice apply failed: {status}")
    return json.dumps({"seconds": seconds, "wall": time.monotonic() - began, "peak_bytes": 1024 * used.ru_maxrss,
                       "processor": used.ru_utime + used.ru_stime})


# ---- tables ----

def percent(value):
    if isinstance(value, dict):
        value = value["value"]
    return "" if value is None else f"{100 * value:.1f}"


def with_interval(value):
    if value["value"] is None:
        return ""
    return f"{percent(value)} [{100 * value['low']:.0f}, {100 * value['high']:.0f}]"


def print_listener(report, listener):
    rows = [row for row in report["results"] if row["listener"] == listener]
    print(f"\n### Listener {listener}: {rows[0]['clips']} clips, {rows[0]['speakers']} speakers\n")
    print("| system | identified | EER ignorant | EER lazy-informed | EER semi-informed | linked | accepted | cosine |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        print(f"| {row['system']} | {with_interval(row['identified'])} | {with_interval(row['eer_ignorant'])} "
              f"| {with_interval(row['eer_lazy'])} | {with_interval(row['eer_semi'])} | {percent(row['linkability'])} "
              f"| {percent(row['accepted'])} | {row['source_cosine']:.2f} |")


def error_rate(cost):
    return 100 * cost["word_errors"] / cost["words"]


def print_costs(report, texts):
    """MCD, STOI and time of the first list; words of the second."""
    said = {cost["system"]: cost for cost in texts["costs"]}
    print(f"\n### Costs\n\nWords: {said['none']['words']} in all.\n")
    print("| system | MCD (dB) | STOI | WER | over the untouched | MCD there | s per s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for cost in report["costs"]:
        words, seconds = said[cost["system"]], cost["seconds_a_second"]
        print(f"| {cost['system']} | {cost['distortion_db']:.2f} | {cost['stoi']:.3f} | {error_rate(words):.1f} "
              f"| {error_rate(words) - error_rate(said['none']):+.1f} | {words['distortion_db']:.2f} "
              f"| {'' if seconds is None else f'{seconds:.4f}'} |")


def print_strengths(a, texts):
    """The trade-off curve, a row a strength: what listeners still get, and what it costs."""
    if not a.strengths:
        return
    print("\n### Trade-off\n\nIdentified, and EER ignorant / lazy-informed, by listener.\n")
    for i, strength in enumerate(a.strengths.split(",")):
        setting = ["--set", f"strength={strength}"]
        ids = audit(a, f"strength-{strength}", ["--eval", a.eval, "--enrol", str(a.enrol)] + limits(a) + setting)
        said = audit(a, f"strength-{strength}-words", ["--eval", texts, "--words"] + setting)
        rows = [row for row in ids["results"] if row["system"] == "scrim"]
        cost = {c["system"]: c for c in ids["costs"]}["scrim"]
        words = {c["system"]: c for c in said["costs"]}
        if i == 0:
            print("| strength | MCD (dB) | STOI | WER over | " + " | ".join(row["listener"] for row in rows) + " |")
            print("| --- " * (4 + len(rows)) + "|")
        print(f"| {strength} | {cost['distortion_db']:.2f} | {cost['stoi']:.3f} "
              f"| {error_rate(words['scrim']) - error_rate(words['none']):+.1f} | "
              + " | ".join(f"{percent(r['identified'])}, {percent(r['eer_ignorant'])} / {percent(r['eer_lazy'])}"
                           for r in rows) + " |")


def limits(a):
    return ["--clips", str(a.clips), "--seconds", str(a.seconds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("eval", "texts", "root", "train", "train-root"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--filter", help="without one, only what else there is")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--scrim", default="build/scrim")
    parser.add_argument("--key", help="the owner's key (default: a new one in OUT)")
    parser.add_argument("--judge")
    parser.add_argument("--encoders", help="listeners that the filter was not made against, commas between")
    parser.add_argument("--clips", type=int, default=1000000, help="of each speaker")
    parser.add_argument("--enrol", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--train-clips", type=int, default=4)
    parser.add_argument("--train-speakers", type=int, default=60)
    parser.add_argument("--words", type=int, default=0, help="clips whose words are counted (default all)")
    parser.add_argument("--strengths", help="of the trade-off curve, commas between")
    parser.add_argument("--long", type=float, default=120, help="seconds of the long recording")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    os.makedirs(a.output, exist_ok=True)
    if a.filter and not a.key:
        a.key = f"{a.output}/key"
        if not os.path.exists(a.key):
            run([a.scrim, "key", "new", a.key])
    report = audit(a, "audit", ["--eval", a.eval, "--train", a.train, "--train-root", a.train_root, "--enrol",
                                str(a.enrol), "--train-clips", str(a.train_clips), "--train-speakers",
                                str(a.train_speakers), "--baselines", "--pitch", "--removal"] + limits(a))
    texts = pick_texts(a)
    print_costs(report, audit(a, "words", ["--eval", texts, "--words", "--baselines", "--pitch"]))
    for listener in dict.fromkeys(row["listener"] for row in report["results"]):
        print_listener(report, listener)
    if not a.filter:
        return
    print_strengths(a, texts)
    used = kept(f"{a.output}/apply.json", [a.scrim, a.filter, str(a.long)], lambda: measure_apply(a))
    print(f"\n`scrim voice apply -j 1` on {used['seconds']:.0f} s of speech: {used['processor'] / used['seconds']:.3f} "
          f"processor seconds a second, {used['peak_bytes'] / 1e6:.0f} MB at most.")


if __name__ == "__main__":
    main()
