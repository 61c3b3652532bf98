#!/bin/sh
# bench_cuda.sh [-o OUT] [-b BUILD] [--frame FRAME.bin] [--small] [PART...]
# bench_cuda.sh --pack FOLDER [-b BUILD]
#
# What a GPU makes of Scrim, in at most eight minutes: tables on standard output, and with -o OUT also OUT.md and
# OUT.json. A part that cannot run says what is missing, and the others go on. All of them, unless some are named:
#   roofs clouds operations diffusion frames scores    build/bench_cuda (bench/bench_cuda.c)
#   voice       seconds of speech that the slow mode hides in a second, by `scrim voice apply`
#   training    one run of each filter's training: two processors against the GPU, by `scrim ... train`
#   pytorch     a step of each training against PyTorch on the same GPU (bench_cuda.py)
# --frame: a frame of KITTI for `frames`. --small: little sizes on the emulation of the tests, where there is no GPU, to
# see that everything runs; its times mean nothing. Exit code 77: there is no GPU.
#
# With gcc, make, nvcc (CUDA 12 or 13) and the [build] packages of packages.txt it builds what it needs. The library
# wants OpenBLAS, FFTW, cJSON, libcrypto, libsndfile and libsoxr, all of them, for every filter is in it; the command
# and the tests want libevent and libcmocka as well. Where they are not to be had, take a build along that was made
# where they are, with an older or equal C library and the same major version of CUDA:
#   there  bench/bench_cuda.sh --pack packed            for every GPU; with the packages' libraries 70 MB, packed up 23
#   here   bench/bench_cuda.sh -b packed -o result      wants a driver, cuBLAS and cuFFT, and no compiler
# The folder also has what tests/acceptance/gpu and tests/acceptance/cuda need (BUILD=packed).
set -u
MOST_SECONDS=480
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
out='' build='' pack='' frame='' small='' parts=''
usage() {
  sed -n '2,3s/^# //p' "$0" >&2
  exit 64
}
while [ $# -gt 0 ]; do
  case $1 in
  -o | -b | --frame | --pack) [ $# -gt 1 ] || usage ;;
  esac
  case $1 in
  -o) out=$2 && shift ;;
  -b) build=$2 && shift ;;
  --frame) frame=$2 && shift ;;
  --pack) pack=$2 && shift ;;
  --small) small=1 ;;
  -*) usage ;;
  *) parts="$parts $1" ;;
  esac
  shift
done
parts=${parts:-roofs clouds operations diffusion frames scores voice training pytorch}
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
jobs=$(getconf _NPROCESSORS_ONLN)
packed=$build build=${build:-build}
case $build in /*) ;; *) build=$root/$build ;; esac

missing() { echo "missing: $*"; }

# ---- libraries: those of a packed build, and the toolkit's wherever it is, PyTorch's own among them

add_libraries() {
  own_libraries=${LD_LIBRARY_PATH:-}
  for folder in "$build/lib" "${CUDA_HOME:-/usr/local/cuda}/lib64" /usr/local/nvidia/lib64 \
    "$(dirname "$(command -v nvcc 2>/dev/null || echo /none/bin/nvcc)")/../lib64" \
    $(python3 -c 'import nvidia; print("/lib ".join(__import__("glob").glob(nvidia.__path__[0] + "/*")) + "/lib")' \
      2>/dev/null); do
    [ -d "$folder" ] && LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
  done
  export LD_LIBRARY_PATH
}

# ---- what is built

# The architecture of this machine's GPU alone, which is a quarter of the work; for a pack those of the Makefile.
# $targets is a list of words.
# shellcheck disable=SC2086
build_all() {
  targets="$build/scrim $build/tests/programs/speech"
  if [ -n "$small" ]; then
    make -k -j"$jobs" BUILD="$build" $targets "$build/emulated/bench_cuda" "$build/emulated/libscrim-cuda.so"
    return
  fi
  [ -x "$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)" ] || missing "nvcc"
  capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1 | tr -d .)
  for test in tests/test_gpu_*.c; do targets="$targets $build/${test%.c}"; done
  [ -z "$pack" ] ||
    targets="$targets $build/emulated/libscrim-cuda.so $build/bench/bench_ops $build/bench/bench_training"
  set -- BUILD="$build" $targets "$build/bench_cuda" "$build/libscrim-cuda.so"
  [ -z "$capability" ] || [ -n "$pack" ] ||
    set -- "$@" CUDA_ARCH="-gencode arch=compute_$capability,code=sm_$capability"
  make -k -j"$jobs" "$@"
}

# Everything that this script and tests/acceptance run, without symbols, and beside it the shared objects that machines
# have no copy of: not those of the C compiler, the toolkit and the driver.
pack_all() {
  rm -rf "$pack"
  mkdir -p "$pack/lib" "$pack/tests/programs" "$pack/bench" "$pack/emulated"
  cp "$build/scrim" "$build/bench_cuda" "$build/libscrim-cuda.so" "$pack" || return
  cp "$build/tests/programs/speech" "$pack/tests/programs" || return
  cp "$build/bench/bench_ops" "$build/bench/bench_training" "$pack/bench" || return
  cp "$build/emulated/libscrim-cuda.so" "$pack/emulated" || return
  for test in tests/test_gpu_*.c; do cp "$build/${test%.c}" "$pack/tests" || return; done
  find "$pack" -type f -exec strip {} + -exec ldd {} + | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    grep -v -E '/(libc|libm|libdl|librt|libpthread|ld-linux[^/]*|libgcc_s|libstdc\+\+|libcu[a-zA-Z]*)\.(so|[0-9])' |
    xargs -I '{}' cp -L '{}' "$pack/lib"
  du -sh "$pack"
}

# ---- parts

# limited SECONDS COMMAND...: nobody takes the others' time, and all of them no more than there is.
limited() {
  left=$((started + MOST_SECONDS - $(date +%s))) limit=$1
  shift
  [ "$left" -gt 2 ] || { echo "no time is left"; return 124; }
  timeout $((left < limit ? left : limit)) "$@"
}

# tell WHAT VALUE UNIT NOTE: a row, and a line of JSON
tell() {
  echo "| $1 | $2 $3 | $4 |"
  echo "{\"part\": \"$part\", \"what\": \"$1\", \"value\": $2, \"unit\": \"$3\", \"note\": \"$4\"}" >>"$json"
}

now() { date +%s.%N; }
# seconds LIMIT COMMAND...: in $took how long it took, if it succeeded
seconds() {
  began=$(now)
  limited "$@" >"$work/said" 2>&1 || {
    missing "an end to '$part': exit code $?, $(tail -1 "$work/said")"
    return 1
  }
  took=$(echo "$began $(now)" | awk '{ printf "%.3f", $2 - $1 }')
}

run_bench() {
  program=$build/bench_cuda
  [ -z "$small" ] || program=$build/emulated/bench_cuda
  [ -x "$program" ] || { missing "$program"; return; }
  set -- --json "$json" --models "$root/models" ${small:+--small}
  [ -z "$frame" ] || set -- "$@" --frame "$frame"
  limited 90 "$program" "$@" "$part" || missing "an end to '$part': exit code $?"
}

# speak FOLDER CLIPS SECONDS: clips of four made-up speakers, and a list of them
speak() {
  mkdir -p "$1"
  printf 'file\tspeaker\n' >"$1/list.tsv"
  for clip in $(seq "$2"); do
    "$build/tests/programs/speech" "$1/$clip.wav" wav16 16000 1 $((16000 * $3)) $((clip % 8)) "$clip" || return
    printf '%d.wav\t%d\n' "$clip" $((clip % 8)) >>"$1/list.tsv"
  done
}

run_voice() {
  clips=32 length=10 at_once='1 4 16' steps=40
  [ -z "$small" ] || { clips=1 length=1 at_once=1 steps=1; }
  [ -x "$scrim" ] || { missing "$scrim"; return; }
  speak "$work/voice" $clips $length || { missing "speech"; return; }
  [ -e "$work/key" ] || "$scrim" key new "$work/key"
  printf '\n| slow mode, %s steps, %d clips of %d s | measured | note |\n| --- | --- | --- |\n' $steps $clips $length
  for at in $at_once; do
    # The filter is loaded once and takes a moment; a batch is as long as batches are.
    seconds 120 "$scrim" voice apply -k "$work/key" -f models/voice.scrim --device cuda -j "$at" \
      --set mode=0 --set steps=$steps -o "$work/hidden$at" "$work/voice" || continue
    tell "$at at once" "$(echo "$clips $length $took" | awk '{ printf "%.2f", $1 * $2 / $3 }')" \
      "times real time" "aim: at least 20; $took s"
  done
}

# A table of `$1` rows of 100 probabilities.
scores() {
  awk -v n="$1" 'BEGIN { srand(7); for (i = 0; i < n; i++) { sum = 0; label = int(100 * rand())
    for (k = 0; k < 100; k++) sum += x[k] = rand() + (k == label ? 40 : 0)
    for (k = 0; k < 100; k++) printf "%.6f%s", x[k] / sum, k < 99 ? "," : "\n" } }'
}

# train NAME COMMAND...: on two processors, then on the GPU, without tensor cores and with them
train() {
  name=$1
  shift
  seconds 100 taskset -c 0,1 "$scrim" "$@" --device cpu || return 0
  cpu=$took
  seconds 100 "$scrim" "$@" --device cuda || return 0
  tell "$name" "$(echo "$cpu $took" | awk '{ printf "%.2f", $1 / $2 }')" "times faster" "$cpu s, $took s"
  seconds 100 "$scrim" "$@" --device cuda-tf32 || return 0
  tell "$name, tf32" "$(echo "$cpu $took" | awk '{ printf "%.2f", $1 / $2 }')" "times faster" "$cpu s, $took s"
}

run_training() {
  rows=10000 epochs=30 shapes=600 points=512 clips=64 crops=64 batch=32
  [ -z "$small" ] || { rows=60 epochs=1 shapes=20 points=32 clips=8 crops=1 batch=8; }
  [ -x "$scrim" ] || { missing "$scrim"; return; }
  printf '\n| training, whole | two processors over the GPU | note: seconds |\n| --- | --- | --- |\n'
  scores $rows >"$work/scores.csv"
  for each in 50 1024; do
    train "scores, 100 classes, $rows rows, batches of $each" scores train --reference "$work/scores.csv" -q \
      -o "$work/scores.scrim" --set epochs=$epochs --set patience=0 --set batch=$each
  done
  train "cloud, the prior, $shapes objects" cloud train prior -q -o "$work/cloud.scrim" --set shapes=$shapes \
    --set points=$points --set epochs=3
  speak "$work/talkers" $clips 4 || { missing "speech"; return; }
  for kind in statistics tdnn; do
    [ -z "$small" ] || [ $kind = statistics ] || continue
    train "voice, an encoder of kind $kind" voice train encoder --kind $kind -q -l "$work/talkers/list.tsv" \
      -o "$work/encoder" --set epochs=3 --set crops=$crops --set batch=$batch ${small:+--set width=8 --set seconds=0.5}
  done
}

# Python keeps the machine's own libraries; bench_cuda.py gives the others to Scrim.
run_pytorch() (
  export SCRIM_LIBRARIES="$LD_LIBRARY_PATH" LD_LIBRARY_PATH="$own_libraries"
  for python in "${PYTHON:-python3}" /usr/bin/python3 ''; do
    "$python" -c 'import torch' 2>/dev/null && break
  done
  [ -n "$python" ] || { missing "a python3 that has torch"; return; }
  program=$build/bench_cuda
  [ -z "$small" ] || program=$build/emulated/bench_cuda
  limited 120 "$python" bench/bench_cuda.py "$program" "$json" ${small:+--small} ||
    missing "an end to '$part': exit code $?"
)

# ---- all of it

if [ -n "$pack" ]; then
  build_all && pack_all
  exit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
json=$work/json
: >"$json"
started=$(date +%s)
if [ -d "$packed/lib" ]; then
  [ -z "$small" ] || usage
else
  build_all >"$work/make" 2>&1 || { tail -15 "$work/make"; missing "some of what is built"; }
fi
add_libraries
scrim=$build/scrim
if [ -n "$small" ]; then
  cp "$build/scrim" "$build/emulated/libscrim-cuda.so" "$work" && scrim=$work/scrim
fi
if "$scrim" devices 2>/dev/null | grep '^cuda  not there'; then
  echo "skipped: no device"
  exit 77
fi
{
  nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.max.sm,clocks.mem,memory.total,power.limit \
    --format=csv 2>/dev/null || missing "nvidia-smi"
  nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem --format=csv,noheader 2>/dev/null |
    sed 's/.*/{"part": "device", "what": "&"}/' >>"$json"
  echo "$jobs processors: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
  for part in $parts; do
    case $part in
    roofs | clouds | operations | diffusion | frames | scores) run_bench ;;
    voice | training | pytorch) "run_$part" ;;
    *) missing "a part '$part'" ;;
    esac
    nvidia-smi --query-gpu=clocks.sm,clocks.mem,temperature.gpu --format=csv,noheader 2>/dev/null |
      sed "s/^/clocks and temperature after $part: /"
  done
  printf '\n%d seconds in all\n' $(($(date +%s) - started))
} 2>&1 | if [ -n "$out" ]; then tee "$out.md"; else cat; fi
if [ -n "$out" ]; then
  { echo '['; sed '$!s/$/,/' "$json"; echo ']'; } >"$out.json"
fi
