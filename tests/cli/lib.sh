# Shared by the scripts of tests/cli: each works in a folder of its own and prints "ok NAME" or "not ok NAME: why".
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$root/build}
scrim=$BUILD/scrim
convert=$BUILD/examples/convert_table
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

pass() { echo "ok $1"; }
flunk() {
  echo "not ok $1: $2"
  failures=$((failures + 1))
}
# verdict NAME CODE: passes if CODE, of the command before, is 0.
verdict() { if [ "$2" -eq 0 ]; then pass "$1"; else flunk "$1" "exit code $2"; fi; }
finish() { [ "$failures" -eq 0 ]; exit; }

# expect NAME CODE PATTERN COMMAND...: the command exits with CODE, and stderr matches PATTERN on its only complaint.
# Sets nothing aside: stdout is in ./stdout, stderr in ./stderr.
expect() {
  name=$1 wanted=$2 pattern=$3
  shift 3
  "$@" >stdout 2>stderr
  code=$?
  if [ $code -ne "$wanted" ]; then
    flunk "$name" "exit code $code, not $wanted; stderr: $(cat stderr)"
  elif [ -n "$pattern" ] && ! grep -q -e "$pattern" stderr; then
    flunk "$name" "stderr does not match '$pattern': $(cat stderr)"
  else
    pass "$name"
  fi
}

# refuse NAME CODE PATTERN COMMAND...: the same, and neither `out.csv` nor `out.npy` nor a temporary file is left.
refuse() {
  ls -A >before
  expect "$@"
  ls -A | grep -v -x -e stdout -e stderr -e after -e before >after
  grep -v -x -e stdout -e stderr -e after -e before before | cmp -s - after || flunk "$1" "left files: $(diff before after)"
}

# scores ROWS CLASSES SEED BOOST FILE: confidence vectors in FILE.csv, and the true classes in FILE.labels.csv. The true
# class's logit is raised by BOOST, so that a larger one is a surer and better classifier.
scores() {
  awk -v rows="$1" -v k="$2" -v seed="$3" -v boost="$4" -v labels="$5.labels.csv" 'BEGIN {
    srand(seed)
    for (i = 0; i < rows; i++) {
      y = int(rand() * k)
      print y >labels
      sum = 0
      for (j = 0; j < k; j++) {
        g = rand() + rand() + rand() + rand() + rand() + rand() - 3 # nearly normal
        e[j] = exp(1.4 * g + (j == y) * boost)
        sum += e[j]
      }
      for (j = 0; j < k; j++) printf "%.7f%s", e[j] / sum, j + 1 < k ? "," : "\n"
    }
  }' >"$5.csv"
}

# A key and a filter that takes 3 classes, trained on 400 rows in a moment: my.key, three.scrim.
small_filter() {
  scores 400 3 1 1.5 ref
  "$scrim" key new my.key &&
    "$scrim" scores train --reference ref.csv --reference-labels ref.labels.csv --set epochs=5 -q -o three.scrim ||
    { echo "not ok setup: no filter"; exit 1; }
}

# speech FILE FORMAT RATE CHANNELS FRAMES SPEAKER SEED: a recording of made-up speech.
speech() { "$BUILD/tests/programs/speech" "$@" || { echo "not ok setup: no speech"; exit 1; }; }

# A key and a voice filter that knows nothing, trained in a moment on two seconds of each of 20 made-up speakers: my.key,
# small.scrim.
small_voice_filter() {
  mkdir voices rooms
  printf 'file\tspeaker\n' >voices.tsv
  for speaker in $(seq 20); do
    speech voices/$speaker.wav wav16 16000 1 32000 $speaker 1
    printf 'voices/%d.wav\t%d\n' $speaker $speaker >>voices.tsv
  done
  speech rooms/room.wav wavf 16000 1 800 1 1
  "$scrim" key new my.key &&
    "$scrim" voice train encoder --kind statistics -l voices.tsv --rooms rooms --set epochs=1 --set width=8 \
      --set dimensions=8 --set crops=1 --set seconds=0.5 -q -o small.encoder &&
    "$scrim" voice train targets --encoders small.encoder -l voices.tsv --rooms rooms --set epochs=2 --set clips=1 \
      --set hidden=16 --set latent=4 --set steps=2 -q -o small.scrim ||
    { echo "not ok setup: no voice filter"; exit 1; }
}
