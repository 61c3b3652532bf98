# scrim voice audit: made-up voices, a filter that knows nothing, a system that hides nobody.
. "$(dirname "$0")/lib.sh"
small_voice_filter

mkdir -p clips/a hidden/own/a hidden/attacker/a
printf 'file\tspeaker\n' >eval.tsv
for speaker in 1 2 3; do
  for clip in 1 2 3 4; do
    speech clips/a/$speaker-$clip.wav wav16 16000 1 12000 $speaker $clip
    cp clips/a/$speaker-$clip.wav hidden/own/a
    cp clips/a/$speaker-$clip.wav hidden/attacker/a
    printf 'a/%s-%s.wav\tspeaker %s\n' $speaker $clip $speaker >>eval.tsv
  done
done
printf 'file\tspeaker\n' >train.tsv
for speaker in 4 5 6 7; do
  for clip in 1 2; do
    speech clips/$speaker-$clip.wav wav16 16000 1 12000 $speaker $clip
    printf '%s-%s.wav\t%s\n' $speaker $clip $speaker >>train.tsv
  done
done
audit() { "$scrim" voice audit --eval eval.tsv --root clips --encoders small.encoder --enrol 2 "$@"; }

expect "audit" 0 "" audit -f small.scrim -k my.key --baselines --removal --others "copies=hidden" --train train.tsv \
  --train-root clips --train-speakers 3 --clips 3 --seconds 0.6 --keep kept --json
for system in none scrim "scrim, then mp3" "mcadams 0.8" "mcadams random" room copies; do
  grep -q "\"system\": \"$system\", \"listener\": \"small\", \"clips\": 9, \"speakers\": 3," stdout
  verdict "the report has $system" $?
done
[ "$(ls kept | tr '\n' ' ')" = "copies mcadams-0.8 mcadams-random none room scrim " ] && [ -s kept/scrim/9.wav ] &&
  [ ! -e kept/scrim/10.wav ]
verdict "what they made is kept" $?
if command -v python3 >/dev/null; then
  python3 -c '
import json
report = json.load(open("stdout"))
row = {r["system"]: r for r in report["results"]}
assert row["copies"]["eer_ignorant"] == row["none"]["eer_ignorant"]
assert row["copies"]["source_cosine"] > 0.999999
assert report["costs"][0]["distortion_db"] == 0 and report["peak_memory_bytes"] > 1e6'
  verdict "JSON can be read, and copies hide nobody" $?
fi

expect "the same as text" 0 "" audit -f small.scrim -k my.key --clips 2 --by-speaker -j 1
grep -q '^Listener small: 6 clips, 3 speakers' stdout && grep -q '^scrim  *[0-9.]* \[' stdout
verdict "has a row for the filter" $?
sed -n '/^Identified/,$p' stdout | grep -q '^small  *[0-9.]*  *[0-9.]*$'
verdict "who is recognised, at a glance" $?
expect "by its own encoders" 0 "" "$scrim" voice audit --eval eval.tsv --root clips -f small.scrim -k my.key --clips 2 \
  --own-encoders
grep -q '^Listener filter 0 (statistics): 6 clips' stdout
verdict "they listen" $?
expect "without a filter" 0 "" audit --clips 2
expect "the gate opens" 0 "" audit -f small.scrim -k my.key --clips 2 --min-eer 0
expect "the gate closes" 1 "below --min-eer 1" audit -f small.scrim -k my.key --clips 2 --min-eer 1

if command -v sox >/dev/null; then
  expect "pitch" 0 "" audit --clips 2 --pitch
  grep -q '^sox pitch -300 ' stdout && grep -q '^sox pitch random ' stdout
  verdict "sox's rows" $?
fi
# A recogniser that hears the same two words in every clip.
mkdir bin
cat >bin/pocketsphinx_batch <<'END'
#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in -ctl) list=$2 ;; -hyp) heard=$2 ;; esac
  shift
done
sed 's/\(.*\)/hello there (\1 -123)/' "$list" >"$heard"
END
chmod +x bin/pocketsphinx_batch
awk 'NR == 1 { print $0 "\ttext" } NR > 1 { print $0 "\t" (NR == 2 ? "" : NR == 3 ? "Well, hello!" : "hello there") }' \
  eval.tsv >said.tsv
words() { PATH=$PWD/bin:$PATH "$scrim" voice audit --root clips --encoders small.encoder --words "$@"; }
expect "words" 0 "" words --eval said.tsv --json
grep -q '"system": "none", .*"words": 22, "word_errors": 2,' stdout
verdict "are counted: one dropped, one more, nothing where no text is" $?
refuse "no text" 64 "needs a column 'text'" words --eval eval.tsv

refuse "no key" 64 "go together" audit -f small.scrim
refuse "nobody listens" 64 "nobody listens" "$scrim" voice audit --eval eval.tsv
refuse "no such list" 74 "none.tsv" "$scrim" voice audit --eval none.tsv --encoders small.encoder
refuse "another kind of filter" 65 "" audit --encoders voices.tsv
refuse "no folder" 64 "is not NAME=DIR" audit --others copies
refuse "others' clips are missing" 74 "voices/own/a/1-1.wav" audit --others nothing=voices --clips 2
refuse "a judge that is none" 65 "stem_w" audit --judge small.encoder
head -5 eval.tsv >one.tsv
refuse "one speaker" 65 "both kinds are needed" "$scrim" voice audit --eval one.tsv --root clips --encoders small.encoder
finish
