# scrim voice train encoder: a tiny encoder from tiny speech, resumed to the same bits, and what is refused.
. "$(dirname "$0")/lib.sh"
tiny="--set width=4 --set dimensions=8 --set bands=12 --set epochs=3 --set crops=1 --set batch=3 --set seconds=0.5"

mkdir rooms rooms/small
printf 'speaker\tfile\n' >list.tsv
for i in 1 2 3 4 5; do
  speech voice$i.wav wav16 16000 1 20000 "$i" 1
  printf 'talker%s\tvoice%s.wav\n' $i $i >>list.tsv
done
speech rooms/small/room.wav wav16 16000 1 800 1 1

expect "train" 0 "EER of the held out" "$scrim" voice train encoder --list list.tsv --rooms rooms -o whole.scrim $tiny
expect "info" 0 "" "$scrim" info whole.scrim
grep -q "^kind  *tdnn" stdout && grep -q "^trained.speakers  *3" stdout
verdict "tells the kind and what training found" $?
expect "info as JSON" 0 "" "$scrim" info --json whole.scrim
grep -q '"trained.held_out": "2"' stdout
verdict "tells the same" $?
expect "from a checkpoint that is not there yet" 0 "" \
  "$scrim" voice train encoder --list list.tsv --rooms rooms -o resumed.scrim --checkpoint state --resume -q $tiny
cmp -s whole.scrim resumed.scrim && [ ! -e state ]
verdict "the same bits" $?
mkdir other
mv voice*.wav other
expect "files of another folder" 0 "" \
  "$scrim" voice train encoder --list list.tsv --root other --rooms rooms -o moved.scrim -q $tiny
cmp -s whole.scrim moved.scrim
verdict "the same bits from there" $?
expect "other kinds" 0 "" "$scrim" voice train encoder --kind resnet --list list.tsv --root other -o resnet.scrim -q $tiny
expect "their parameters" 0 "" "$scrim" voice train encoder --kind statistics --settings
grep -q "^cepstra  *24 " stdout
verdict "are those of the kind" $?

train() { "$scrim" voice train encoder --root other -o out.npy "$@"; }
refuse "no list" 64 "are needed" train
for part in encoder "targets --encoders none.scrim" "generator --filter none.scrim"; do
  refuse "a folder that is not there" 74 "cannot write in folder" "$scrim" voice train $part --list none.tsv -o nowhere/out
done
refuse "no such kind" 64 "there are: tdnn, resnet, statistics" train --list list.tsv --kind oracle
refuse "no such parameter" 64 "no parameter is called 'depth'" train --list list.tsv --set depth=3
refuse "no such part" 64 "is no part of a voice filter" "$scrim" voice train oracle
refuse "a list that is not there" 74 "cannot open 'none.tsv'" train --list none.tsv
printf 'name\tspeaker\nvoice1.wav\ta\n' >bad.tsv
refuse "a list without files" 65 "line 1: the header names no column 'file'" train --list bad.tsv
printf 'file\tspeaker\nvoice1.wav\n' >bad.tsv
refuse "a line without a speaker" 65 "line 2: file or speaker is missing" train --list bad.tsv
printf 'file\tspeaker\nvoice1.wav\ta\nvoice9.wav\tb\n' >bad.tsv
refuse "a clip that is not there" 74 "voice9.wav" train --list bad.tsv
head -4 list.tsv >bad.tsv
refuse "too few speakers" 65 "3 speakers, at least 4" train --list bad.tsv
mkdir empty
refuse "no rooms" 65 "no files of sound in folder 'empty'" train --list list.tsv --rooms empty
finish
