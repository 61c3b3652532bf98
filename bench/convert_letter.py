#!/usr/bin/env python3
"""Converts UCI Letter Recognition to data/letter.npy: u1 [20000, 17], 16 features (0..15) and the class (A = 0 ..).

    bench/convert_letter.py letter-recognition.data data/letter.npy

Reads the file as UCI offers it (comma-separated, letter first) and the tab-separated form with a header (letter last);
both give the same bytes. Needs nothing but Python.
"""
import re
import sys


def rows(path):
    for line in open(path, encoding="ascii"):
        cells = re.split(r"[,\t]", line.strip())
        if len(cells) != 17 or cells[0] == "xbox":
            continue
        letter = cells.pop(0 if cells[0].isalpha() else 16)
        yield bytes(int(cell) for cell in cells) + bytes([ord(letter) - ord("A")])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    table = list(rows(sys.argv[1]))
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 17), }" % len(table)
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(sys.argv[2], "wb") as out:
        out.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + b"".join(table))


main()
