#!/usr/bin/env python3
"""Word error rates of speech, by pocketsphinx with its stock model and grammar of American English.

voice_words.py LIST FOLDER...: LIST is a table with tabs whose column `text` says what is said in each clip; a FOLDER
holds clip N of the list as N.wav, 16 kHz, as `scrim voice audit --keep` writes them. Prints one JSON object: of each
folder, words and errors. --jobs N: recognisers at once.
"""
import argparse
import concurrent.futures
import csv
import json
import os
import re
import subprocess
import tempfile

MODEL = "/usr/share/pocketsphinx/model/en-us"


def words(text):
    return re.sub(r"[^a-z' ]", " ", text.lower()).split()


def distance(said, heard):
    """Insertions, deletions and substitutions between two lists of words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (word != other))
    return row[-1]


def recognise(path):
    """What pocketsphinx hears in a wav file."""
    with tempfile.TemporaryDirectory() as work:
        raw = ["-t", "raw", "-e", "signed", "-b", "16", "-r", "16000"]
        subprocess.run(["sox", path] + raw + [f"{work}/clip.raw"], check=True)
        with open(f"{work}/list", "w") as control:
            control.write("clip\n")
        subprocess.run(
            ["pocketsphinx_batch", "-adcin", "yes", "-cepdir", work, "-cepext", ".raw", "-ctl", f"{work}/list",
             "-hyp", f"{work}/heard", "-hmm", f"{MODEL}/en-us", "-lm", f"{MODEL}/en-us.lm.bin",
             "-dict", f"{MODEL}/cmudict-en-us.dict"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(f"{work}/heard") as heard:
            return words(re.sub(r"\([^)]*\)", "", heard.read()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--jobs", type=int, default=1)
    a = parser.parse_args()
    with open(a.list, newline="") as table:
        texts = [row["text"] or "" for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)]
    found = {}
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for folder in a.folders:
            clips = [(f"{folder}/{i}.wav", words(text)) for i, text in enumerate(texts, 1) if words(text)]
            clips = [clip for clip in clips if os.path.exists(clip[0])]
            heard = pool.map(recognise, [path for path, _ in clips])
            errors = sum(distance(said, h) for (_, said), h in zip(clips, heard))
            found[os.path.basename(folder)] = {
                "clips": len(clips), "words": sum(len(said) for _, said in clips), "errors": errors}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
