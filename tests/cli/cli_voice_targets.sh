# scrim voice train targets and generator: from tiny encoders to a filter that applies, slow and fast, and what is refused.
. "$(dirname "$0")/lib.sh"
tiny="--set width=4 --set dimensions=8 --set bands=12 --set epochs=1 --set crops=1 --set batch=8 --set seconds=0.5"
small="--set epochs=2 --set latent=4 --set hidden=16 --set near=1 --set steps=2 --set segment=1 --set cut=0.5"

mkdir rooms
printf 'speaker\tfile\n' >list.tsv
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  speech voice$i.wav wav16 16000 1 20000 "$i" 1
  printf 'talker%s\tvoice%s.wav\n' $i $i >>list.tsv
done
speech rooms/room.wav wav16 16000 1 800 1 1
"$scrim" key new my.key
expect "an encoder" 0 "" "$scrim" voice train encoder --list list.tsv -o a.scrim -q $tiny
expect "another" 0 "" "$scrim" voice train encoder --kind statistics --list list.tsv -o b.scrim -q $tiny --set cepstra=8

expect "targets" 0 "targets.drawn_nearest_50" \
  "$scrim" voice train targets --list list.tsv --rooms rooms --encoders a.scrim,b.scrim -o slow.scrim $small
expect "the same again" 0 "" \
  "$scrim" voice train targets --list list.tsv --rooms rooms --encoders a.scrim,b.scrim -o again.scrim -q $small
cmp -s slow.scrim again.scrim
verdict "the same bits" $?
expect "a generator" 0 "" "$scrim" voice train generator --list list.tsv -f slow.scrim -o fast.scrim \
  --set generator_epochs=1 --set generator_hidden=16
expect "slow" 0 "" "$scrim" voice apply -f slow.scrim -k my.key voice1.wav -o slow -q
expect "fast" 0 "" "$scrim" voice apply -f fast.scrim -k my.key voice1.wav -o fast -q --set mode=1
[ -s slow/voice1.wav ] && [ -s fast/voice1.wav ] && ! cmp -s slow/voice1.wav voice1.wav
verdict "both give speech" $?

train() { "$scrim" voice train "$@" -o out.scrim; }
refuse "no generator" 64 "needs a generator" "$scrim" voice apply -f slow.scrim -k my.key voice1.wav -o none --set mode=1
refuse "no encoders" 64 "are needed" train targets --list list.tsv
refuse "no encoder" 64 "1 to 8 paths" train targets --list list.tsv --encoders ,
refuse "an encoder that is not there" 74 "none.scrim" train targets --list list.tsv --encoders none.scrim
refuse "no encoder at all" 65 "list.tsv" train targets --list list.tsv --encoders list.tsv
head -11 list.tsv >few.tsv
refuse "too few speakers" 65 "20 speakers" train targets --list few.tsv --encoders a.scrim
refuse "no filter" 64 "are needed" train generator --list list.tsv
refuse "a filter of another kind" 65 "a.scrim" train generator --list list.tsv -f a.scrim
finish
