#!/usr/bin/env python3
"""The tables of docs/RESULTS_VOICE.md: a voice filter beside what else hides voices, in one run.

    bench/voice_results.py --filter F.scrim --encoders A.scrim,B.scrim --judge J.safetensors \\
        --eval IDS.tsv --texts TEXTS.tsv --root DIR --train TRAIN.tsv --train-root DIR -o OUT

1. sox changes the pitch of all clips: by -300 cents, and by U[-400, 400] cents, another for each clip and hider.
2. `scrim voice audit` on the clips of --eval: attackers, removal, costs.
3. The same on those of --texts, whole ones, keeping what each system makes of them; pocketsphinx counts the words.
4. `scrim voice apply` on one long recording: speed and memory.

Everything is drawn from --seed. Tables go to standard output, what they come from to OUT.
"""
import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def read_list(path, per_speaker, speakers):
    """Rows of a list as `scrim voice audit --clips` picks them: the first ones of each speaker."""
    picked, seen = [], {}
    with open(path, newline="") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["speaker"] not in seen and speakers and len(seen) >= speakers:
                continue
            seen[row["speaker"]] = seen.get(row["speaker"], 0) + 1
            if not per_speaker or seen[row["speaker"]] <= per_speaker:
                picked.append(row["file"])
    return picked


def change_pitch(a, name, files, hider, cents):
    """Folder name/hider with the files at another pitch; `cents` answers how much, clip by clip."""
    root = a.train_root if hider == "train" else a.root
    for file in files:
        out = f"{a.output}/{name}/{hider}/{file}"
        os.makedirs(os.path.dirname(out), exist_ok=True)
        if not os.path.exists(out):
            subprocess.run(["sox", "-D", "-V1", f"{root}/{file}", out, "gain", "-3", "pitch", f"{cents():.1f}"],
                           check=True)


def prepare_others(a, files, train):
    draw = random.Random(a.seed)
    for hider, of in (("own", files), ("attacker", files), ("train", train)):
        change_pitch(a, "sox-random", of, hider, lambda: draw.uniform(-400, 400))
        if hider != "attacker":
            change_pitch(a, "sox-fixed", of, hider, lambda: -300)
    return f"sox pitch -300={a.output}/sox-fixed,sox pitch random={a.output}/sox-random"


def audit(a, name, options):
    """Runs the audit unless it was run before; answers its report."""
    path = f"{a.output}/{name}.json"
    if not os.path.exists(path):
        command = [a.scrim, "voice", "audit", "--json", "--root", a.root, "--seed", str(a.seed), "-j", str(a.jobs)]
        command += ["--judge", a.judge] if a.judge else []
        command += ["--encoders", a.encoders] if a.encoders else []
        command += ["-f", a.filter, "-k", a.key, "--baselines"] + options
        print(" ".join(command), file=sys.stderr)
        with open(path + ".part", "w") as report:
            subprocess.run(command, stdout=report, check=True)
        os.rename(path + ".part", path)
    with open(path) as report:
        return json.load(report)


def count_words(a, folder):
    """Words and errors of every system that was kept; each is counted once."""
    words = {}
    for name in sorted(os.listdir(folder)):
        path = f"{a.output}/words-{name}.json"
        if not os.path.exists(path):
            found = subprocess.run([f"{HERE}/voice_words.py", "--jobs", str(a.jobs), f"{a.output}/texts.tsv",
                                    f"{folder}/{name}"], stdout=subprocess.PIPE, check=True, text=True).stdout
            with open(path, "w") as report:
                report.write(found)
        with open(path) as report:
            words.update(json.load(report))
    return words


def pick_texts(a):
    """The first --words clips of --texts that have a text, as a list of their own."""
    with open(a.texts, newline="") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE) if row["text"]]
    with open(f"{a.output}/texts.tsv", "w") as out:
        out.write("file\tspeaker\ttext\n")
        for row in rows[:a.words or None]:
            out.write(f"{row['file']}\t{row['speaker']}\t{row['text']}\n")
    return f"{a.output}/texts.tsv"


def measure_apply(a, files):
    """Seconds a second and peak memory of the command on one long recording, one job."""
    path, work = f"{a.output}/apply.json", f"{a.output}/long"
    if not os.path.exists(path):
        os.makedirs(work, exist_ok=True)
        subprocess.run(["sox", "-V1"] + [f"{a.root}/{file}" for file in files] + [f"{work}/long.wav", "trim", "0",
                       str(a.long)], check=True)
        asked = subprocess.run(["soxi", "-D", f"{work}/long.wav"], stdout=subprocess.PIPE, text=True, check=True)
        seconds = float(asked.stdout)
        began = time.monotonic()
        child = subprocess.Popen([a.scrim, "voice", "apply", "-q", "-j", "1", "-f", a.filter, "-k", a.key,
                                  f"{work}/long.wav", "-o", f"{work}/out"])
        _, status, used = os.wait4(child.pid, 0)
        if status != 0:
            sys.exit(f"scrim voice apply failed: {status}")
        with open(path, "w") as found:
            json.dump({"seconds": seconds, "wall": time.monotonic() - began, "peak_bytes": 1024 * used.ru_maxrss,
                       "processor": used.ru_utime + used.ru_stime}, found)
    with open(path) as found:
        return json.load(found)


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


def folder_of(system):
    return "".join(c if c.isalnum() or c == "." else "-" for c in system)


def print_costs(report, texts, words):
    """MCD and STOI of both lists, words of the second."""
    whole = {cost["system"]: cost for cost in texts["costs"]}
    clean = words.get("none")
    print("\n### Costs\n\n| system | MCD (dB) | STOI | WER | over the untouched | s per s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for cost in report["costs"]:
        heard = words.get(folder_of(cost["system"]))
        wer = 100 * heard["errors"] / heard["words"] if heard else None
        over = wer - 100 * clean["errors"] / clean["words"] if heard and clean else None
        seconds = cost["seconds_a_second"]
        print(f"| {cost['system']} | {cost['distortion_db']:.2f} | {cost['stoi']:.3f} | "
              f"{'' if wer is None else f'{wer:.1f}'} | {'' if over is None else f'{over:+.1f}'} | "
              f"{'' if seconds is None else f'{seconds:.4f}'} |")
    if "scrim" in whole:
        print(f"\nOn the clips whose words are counted: MCD {whole['scrim']['distortion_db']:.2f} dB, "
              f"STOI {whole['scrim']['stoi']:.3f}; {clean['words']} words.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("filter", "eval", "texts", "root", "train", "train-root"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--scrim", default="build/scrim")
    parser.add_argument("--key", help="the owner's key (default: a new one in OUT)")
    parser.add_argument("--judge")
    parser.add_argument("--encoders")
    parser.add_argument("--clips", type=int, default=0, help="of each speaker (default all)")
    parser.add_argument("--enrol", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--train-clips", type=int, default=4)
    parser.add_argument("--train-speakers", type=int, default=60)
    parser.add_argument("--words", type=int, default=0, help="clips whose words are counted (default all)")
    parser.add_argument("--long", type=float, default=120, help="seconds of the long recording")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    os.makedirs(a.output, exist_ok=True)
    if not a.key:
        a.key = f"{a.output}/key"
        if not os.path.exists(a.key):
            subprocess.run([a.scrim, "key", "new", a.key], check=True)
    files = read_list(a.eval, a.clips, 0)
    others = prepare_others(a, files, read_list(a.train, a.train_clips, a.train_speakers))
    report = audit(a, "audit", [
        "--eval", a.eval, "--train", a.train, "--train-root", a.train_root, "--removal", "--others", others,
        "--clips", str(a.clips or 1000000), "--enrol", str(a.enrol), "--seconds", str(a.seconds),
        "--train-clips", str(a.train_clips), "--train-speakers", str(a.train_speakers)])
    texts = pick_texts(a)
    spoken = read_list(texts, 0, 0)
    said = prepare_others(argparse.Namespace(**{**vars(a), "output": f"{a.output}/said"}), spoken, [])
    kept = f"{a.output}/kept"
    whole = audit(a, "texts", ["--eval", texts, "--seconds", "1000", "--keep", kept, "--others", said])
    words = count_words(a, kept)
    print_costs(report, whole, words)
    for listener in dict.fromkeys(row["listener"] for row in report["results"]):
        print_listener(report, listener)
    used = measure_apply(a, files)
    print(f"\n`scrim voice apply -j 1` on {used['seconds']:.0f} s of speech: {used['processor'] / used['seconds']:.3f} "
          f"processor seconds a second, {used['peak_bytes'] / 1e6:.0f} MB at most.")


if __name__ == "__main__":
    main()
