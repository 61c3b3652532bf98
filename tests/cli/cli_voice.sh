# scrim voice apply: one recording and many, formats that stay as they are, lists, and what is refused.
. "$(dirname "$0")/lib.sh"
small_voice_filter
apply() { "$scrim" voice apply -f small.scrim -k my.key "$@"; }
frames() { sed -n 's/.*"frames": \([0-9]*\),.*/\1/p' "$1"; }
kind() { sed -n 's/.*"container": \("[^"]*", "encoding": "[^"]*", "rate": [0-9]*, "channels": [0-9]*\),.*/\1/p' "$1"; }

# Every format, rate, width and odd length comes out as it went in.
n=0
for shape in "wav8 8000 1 1" "wav16 11025 2 2" "wav24 16000 1 7999" "wav32 44100 3 12347" "wavf 48000 6 1001" \
  "flac 96000 1 20011" "flac24 44100 2 4097" "aiff 22050 1 5003" "w64 8000 2 16001" "caf 16000 4 3001" \
  "ogg 16000 1 16001" "opus 48000 2 9601" "mp3 16000 1 8009" "wav16 16000 1 159"; do
  set -- $shape
  ending=${1%%[0-9f]*}
  [ "$1" = flac ] || [ "$1" = flac24 ] && ending=flac
  [ "$1" = aiff ] && ending=aiff
  [ "$1" = w64 ] && ending=w64
  [ "$1" = caf ] && ending=caf
  n=$((n + 1))
  mkdir -p kinds
  speech "kinds/$n.$ending" "$1" "$2" "$3" "$4" 3 $n
  expect "$shape" 0 "" apply "kinds/$n.$ending" -o "kept/" --manifest one.json
  expect "$shape again" 0 "" apply "kept/$n.$ending" -o "twice/" --manifest two.json
  [ "$(frames one.json)" = "$4" ] && [ "$(frames two.json)" = "$4" ] && [ "$(kind one.json)" = "$(kind two.json)" ]
  verdict "$shape keeps kind and length" $?
  ! cmp -s "kinds/$n.$ending" "kept/$n.$ending" || [ "$4" -lt 3 ]
  verdict "$shape is not as it was" $?
done

speech a.wav wav16 16000 1 30001 1 1
speech b.wav wav16 16000 2 20001 2 1
expect "a file to a file" 0 "" apply a.wav -o out.wav
expect "a file to a folder" 0 "" apply a.wav -o folder
cmp -s out.wav folder/a.wav
verdict "it is the same" $?
apply <a.wav | cmp -s - out.wav
verdict "so is a stream" $?
cat a.wav | apply - -o - | cat | cmp -s - out.wav
verdict "so is a pipe" $?
"$scrim" key new other.key
"$scrim" voice apply -f small.scrim -k other.key a.wav -o other.wav
! cmp -s other.wav out.wav
verdict "another key, another voice" $?

mkdir -p in/s1/deep in/s2
cp a.wav in/s1/deep/a.wav
cp b.wav in/s2/b.wav
echo "words, not sound" >in/s1/text.wav
: >in/s2/empty.flac
head -c 20000 a.wav >in/s2/cut.wav
echo "not listed" >in/README
expect "a folder with bad files" 65 "s1/text.wav.*not sound" apply in -o mirrored --manifest manifest.json
grep -q "in/s2/empty.flac. is empty" stderr && grep -q "in/s2/cut.wav. is cut" stderr &&
  grep -q "5 recordings: 2 done, 3 failed" stderr
verdict "each is named, and the rest goes on" $?
[ "$(cd mirrored && find . -type f -not -path './.scrim/*' | sort | tr '\n' ' ')" = "./s1/deep/a.wav ./s2/b.wav " ] &&
  cmp -s mirrored/s1/deep/a.wav out.wav
verdict "the tree is mirrored, with nothing of the bad ones" $?
[ "$(grep -c '"status": "done"' manifest.json)" -eq 2 ] && [ "$(grep -c '"error": ' manifest.json)" -eq 3 ]
verdict "the manifest has a line for each" $?
expect "dry run" 65 "2 to do, 3 failed" apply in -o nothing --dry-run
printf 'in/s1/deep/a.wav\tnothing/s1/deep/a.wav\nin/s2/b.wav\tnothing/s2/b.wav\n' | cmp -s - stdout && [ ! -e nothing ]
verdict "it writes nothing" $?
rm in/s1/text.wav in/s2/empty.flac in/s2/cut.wav

# One session after the other: what failed leaves nothing for the next.
mkdir turns
speech turns/1.wav wav16 16000 1 0 1 1
speech turns/2.wav wav16 16000 1 9001 1 1
speech turns/3.flac flac 16000 1 90000 1 1
head -c 60000 turns/3.flac >turns/4.flac
cp turns/2.wav turns/5.wav
speech turns/6.wav wavf 16000 1 9001 1 1
printf '\000\000\300\177' | dd of=turns/6.wav bs=1 seek=$(($(wc -c <turns/6.wav) - 400)) conv=notrunc 2>/dev/null
speech turns/7.wav wav16 2000 1 900 1 1
cp turns/2.wav turns/8.wav
expect "failures between" 65 "4 done, 4 failed" apply turns -o turned -j 1
grep -q "turns/1.wav' holds no frame" stderr && grep -q "turns/4.flac' is broken after frame" stderr &&
  grep -q "turns/6.wav: row 8901, column 0: nan is not finite" stderr && grep -q "turns/7.wav: a rate of 2000 Hz" stderr
verdict "each says why" $?
cmp -s turned/2.wav turned/5.wav && cmp -s turned/2.wav turned/8.wav
verdict "the same recordings come out the same" $?

printf 'u1 in/s1/deep/a.wav\nu2 in/s2/b.wav\n' >wav.scp
printf 'u1 ann\nu2 ann\n' >utt2spk
expect "a Kaldi list" 0 "" apply --list wav.scp --pseudonym-by speaker --speakers utt2spk -o kaldi --manifest ann.json
[ -f kaldi/u1.wav ] && [ -f kaldi/u2.wav ] && [ "$(grep -c '"id": "u[12]", "speaker": "ann"' ann.json)" -eq 2 ]
verdict "names by utterance, speakers by table" $?
printf 'u1 in/s2/b.wav\nu2 touch pwned |\n' >pipe.scp
refuse "a pipe in a list" 64 "'pipe.scp' line 2: a command, which is never run" apply --list pipe.scp -o out
[ ! -e pwned ]
verdict "it is not run" $?
printf '{"audio_filepath": "in/s2/b.wav", "speaker": 7}\n' >nemo.jsonl
expect "a NeMo list" 0 "" apply --list nemo.jsonl --root in/ --pseudonym-by speaker -o nemo
[ -f nemo/s2/b.wav ]
verdict "names below the root" $?
find in -name '*.wav' -print0 | apply --list - -o nul -q && find in -name '*.wav' | apply --list - -o plain -q &&
  diff -r nul plain
verdict "paths on standard input" $?
cmp -s nul/in/s1/deep/a.wav out.wav
verdict "the same as by name" $?

apply a.wav -o by/one.wav --pseudonym-by folder --manifest one.json && grep -q '"speaker": "' one.json
verdict "a folder's name for a speaker" $?
refuse "no speaker known" 65 "nothing says who speaks in 'a.wav'" apply a.wav -o out.csv --pseudonym-by speaker
refuse "a folder onto itself" 64 "would be written over the input" apply in -o in
refuse "a file of another container" 64 "an output file ends as its input does" apply a.wav -o out.flac
refuse "a file onto itself" 64 "would be written over the input" apply a.wav -o ./a.wav
refuse "two of one name" 64 "would both become 'a.wav'" apply a.wav in/s1/deep/a.wav -o out.npy
refuse "standard input into a folder" 64 "standard input has no name" apply -o out <a.wav
refuse "standard input as flac" 64 "standard input has no name" apply - -o a.flac <a.wav
refuse "no output" 64 "say with -o" apply a.wav
refuse "no such file" 74 "gone.wav.*No such file" apply gone.wav -o gone
refuse "no such shard" 64 "the first is 1/2" apply in -o out --shard 3/2
refuse "no array" 64 "neither SLURM_ARRAY_TASK_ID nor" apply in -o out --shard auto
refuse "a list with .." 64 "has no place in an output folder" sh -c \
  "echo ../a.wav | '$scrim' voice apply -f small.scrim -k my.key --list - -o out"
expect "a full disk" 74 "No space left" apply a.wav -o /dev/full
touch file
expect "a folder that cannot be" 74 "a file is in its place" apply in -o file/out
(ulimit -f 20; apply a.wav b.wav -o limited 2>stderr)
[ $? -eq 74 ] && grep -q "File too large" stderr && [ -z "$(find limited -name '*.wav' -o -name '*.tmp')" ]
verdict "a disk that fills up leaves nothing" $?
finish
