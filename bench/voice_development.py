#!/usr/bin/env python3
"""What settings of the voice filter are chosen on: nothing that judges results has a part in it.

    bench/voice_development.py clips DATA OUT
    bench/voice_development.py score OUT NAME --encoder DEVELOPMENT.scrim --filter F.scrim --key KEY [--set NAME=VALUE]

`clips` cuts clips of speakers that every encoder's training holds out (every eleventh): four cuts of one utterance of
LibriSpeech each, and four utterances of adults of speechocean762. `score` hides them, lets an encoder listen that is in
no filter, and counts how many words differ from those that pocketsphinx hears in the untouched cuts of LibriSpeech (no
text goes with them, and its second passes are left out: differences between systems are what counts).
"""
import argparse
import csv
import json
import os
import subprocess
import tempfile

MODEL = "/usr/share/pocketsphinx/model/en-us/"
READERS, TALKERS, CLIPS = 14, 6, 4
FIRST, EVERY = 5, 11  # which speakers training holds out (src/voice_deid/encoder_train.c)


def read_table(path):
    with open(path, newline="") as table:
        return list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


def cut(source, target, start, seconds):
    subprocess.run(["sox", "-V1", "-D", source, "-r", "16000", "-b", "16", target, "trim", f"{start}", f"{seconds}"],
                   check=True)


def make_clips(data, out):
    speakers = {}
    for row in read_table(f"{data}/train.tsv"):
        speakers.setdefault(row["speaker"], []).append(row)
    held_out = [rows for i, rows in enumerate(speakers.values()) if i % EVERY == FIRST]
    readers = [rows for rows in held_out if rows[0]["file"].startswith("libri/") and float(rows[0]["seconds"]) >= 12.5]
    talkers = [rows for rows in held_out if not rows[0]["file"].startswith("libri/") and int(rows[0]["age"]) >= 18]
    os.makedirs(f"{out}/clips", exist_ok=True)
    with open(f"{out}/ids.tsv", "w") as ids:
        ids.write("file\tspeaker\tread\n")
        for rows in readers[:READERS] + talkers[:TALKERS]:
            longest = sorted(rows, key=lambda row: -float(row["seconds"]))
            reads = len(rows) == 1
            for i in range(CLIPS):
                row = longest[0 if reads else i]
                name, seconds = f"clips/{row['speaker']}-{i}.wav", float(row["seconds"])
                start, length = (i * seconds / CLIPS, min(3.2, seconds / CLIPS)) if reads else (0, 4)
                cut(f"{data}/train/{row['file']}", f"{out}/{name}", start, length)
                ids.write(f"{name}\t{row['speaker']}\t{int(reads)}\n")


def hear(folder, names):
    """The words that pocketsphinx hears in each file."""
    with tempfile.TemporaryDirectory() as work:
        for i, name in enumerate(names):
            subprocess.run(["sox", "-V1", "-D", f"{folder}/{name}", "-t", "raw", "-e", "signed", "-b", "16",
                            f"{work}/{i}.raw"], check=True)
        with open(f"{work}/list", "w") as control:
            control.writelines(f"{i}\n" for i in range(len(names)))
        subprocess.run(["pocketsphinx_batch", "-adcin", "yes", "-cepdir", work, "-cepext", ".raw", "-ctl",
                        f"{work}/list", "-hyp", f"{work}/heard", "-hmm", MODEL + "en-us", "-lm", MODEL + "en-us.lm.bin",
                        "-dict", MODEL + "cmudict-en-us.dict", "-bestpath", "no", "-fwdflat", "no", "-maxhmmpf", "5000",
                        "-beam", "1e-44", "-pbeam", "1e-40", "-wbeam", "1e-25", "-logfn", "/dev/null"], check=True)
        with open(f"{work}/heard") as heard:
            return [line.rsplit("(", 1)[0].split() for line in heard]


def distance(a, b):
    """Insertions, deletions and substitutions between two lists of words."""
    row = list(range(len(b) + 1))
    for i, word in enumerate(a):
        above, row[0] = row[0], i + 1
        for j, other in enumerate(b):
            above, row[j + 1] = row[j + 1], min(above + (word != other), row[j] + 1, row[j + 1] + 1)
    return row[-1]


def score(a):
    clips = read_table(f"{a.out}/ids.tsv")
    made = f"{a.out}/{a.name}"
    os.makedirs(f"{made}/own", exist_ok=True)
    names = "".join(f"{a.out}/{clip['file']}\n" for clip in clips)
    settings = [word for value in a.set for word in ("--set", value)]
    subprocess.run([a.scrim, "voice", "apply", "-q", "-j", "1", "-f", a.filter, "-k", a.key, "--list", "-", "--root",
                    a.out, "-o", f"{made}/own"] + settings, input=names, text=True, check=True)
    report = json.loads(subprocess.run(
        [a.scrim, "voice", "audit", "--json", "-j", "1", "--root", a.out, "--eval", f"{a.out}/ids.tsv", "--enrol", "2",
         "--encoders", a.encoder, "--others", f"{a.name}={made}"], stdout=subprocess.PIPE, check=True).stdout)
    read = [clip["file"] for clip in clips if clip["read"] == "1"]
    said, heard = hear(a.out, read), hear(f"{made}/own", read)
    differ = sum(distance(x, y) for x, y in zip(said, heard)) / sum(len(x) for x in said)
    row = [row for row in report["results"] if row["system"] == a.name][0]
    cost = [cost for cost in report["costs"] if cost["system"] == a.name][0]
    print(f"| {a.name} | {100 * row['identified']['value']:.1f} | {100 * row['eer_ignorant']['value']:.1f} "
          f"| {100 * row['eer_lazy']['value']:.1f} | {cost['distortion_db']:.2f} | {100 * differ:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    clips = parts.add_parser("clips")
    clips.add_argument("data")
    clips.add_argument("out")
    one = parts.add_parser("score")
    one.add_argument("out")
    one.add_argument("name")
    for name in ("encoder", "filter", "key"):
        one.add_argument("--" + name, required=True)
    one.add_argument("--set", action="append", default=[])
    one.add_argument("--scrim", default="build/scrim")
    a = parser.parse_args()
    if a.part == "clips":
        make_clips(a.data, a.out)
    else:
        score(a)


if __name__ == "__main__":
    main()
