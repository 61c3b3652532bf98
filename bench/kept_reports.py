"""For cloud_results.py and voice_results.py: commands whose reports take long, made once and kept as files."""
import json
import os
import subprocess
import sys


def run(command):
    print(" ".join(command), file=sys.stderr, flush=True)
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def kept(path, asked, make):
    """The JSON that `make` answers, from `path` if it was made before and `asked`, a list of words, is the same."""
    if os.path.exists(path):
        with open(path) as report:
            made = json.load(report)
        if made.pop("asked", None) == asked:
            return made
    made = json.loads(make())
    with open(path + ".part", "w") as report:
        json.dump({"asked": asked, **made}, report, indent=1)
    os.rename(path + ".part", path)
    return made
