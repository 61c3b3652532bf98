"""Makes the files of this folder, with numpy 1.24: python3 make.py"""
import struct
import numpy as np

VALUES = [[0, 1, 2], [3, 100, 7]]


def versioned(name, array, version):
    with open(name, "wb") as file:
        np.lib.format.write_array(file, array, version=version)


for code in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1".split():
    np.save(f"{code}.npy", np.array(VALUES).astype(code))
np.save("signed.npy", np.array([[-1, -128, 127]], "i1"))
np.save("half.npy", np.array([0, 1, -2, 65504, 6e-8, 6.1e-5, 1 / 3, np.inf, -np.inf, np.nan], "f2"))
np.save("double.npy", np.array([0.1, 1e300, -1e300, 1e-300, np.nan, np.inf], "f8"))
np.save("labels.npy", np.array([5, 0, 16777216, -3], "i8"))
np.save("cube.npy", np.arange(24, dtype="f4").reshape(2, 3, 4))
np.save("rank4.npy", np.arange(16, dtype="f4").reshape(2, 2, 2, 2))
np.save("no_rows.npy", np.zeros((0, 3), "f4"))
versioned("version2.npy", np.array(VALUES, "f4"), (2, 0))
versioned("version3.npy", np.array(VALUES, "f4"), (3, 0))

np.save("bad_fortran.npy", np.asfortranarray(np.array(VALUES, "f4")))
np.save("bad_big_endian.npy", np.array(VALUES, ">f4"))
np.save("bad_object.npy", np.array([["a", 1]], object))
np.save("bad_records.npy", np.array([(1, 2)], [("a", "f4"), ("b", "i4")]))
np.save("bad_complex.npy", np.array(VALUES, "c8"))
np.save("bad_text.npy", np.array(["one"]))
np.save("bad_scalar.npy", np.array(1, "f4"))
np.save("bad_rank5.npy", np.zeros((1, 1, 1, 1, 2), "f4"))
np.save("bad_no_columns.npy", np.zeros((3, 0), "f4"))

numbers = [0.1, 1 / 3, 0.5, 1, 10, 123456, 16777216, 33554432, 1e8, 1e15, 1e16, 3.4028235e38, 1.1754944e-38, 1e-45,
           5.9e-39, 1e-3, 1e-5, 0.00012345678, 9.999999e-5, 0.99999994, 2**-24, 2**87 * 1.5, np.pi, 2 / 7, 8.5e-30]
with open("shortest.txt", "w") as file:
    for number in np.array(numbers, "f4"):
        text = repr(number)
        print(struct.pack(">f", number).hex(), text[:-2] if text.endswith(".0") else text, file=file)
