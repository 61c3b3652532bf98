# scrim voice apply over many recordings: the same bytes for any order, shard and number of threads; a batch that is
# killed at any moment and resumed ends as one that was left alone.
. "$(dirname "$0")/lib.sh"
small_voice_filter
apply() { "$scrim" voice apply -f small.scrim -k my.key "$@"; }

# Twelve recordings of three speakers.
mkdir -p in/a in/b in/c
for i in 1 2 3 4; do
  speech in/a/$i.wav wav16 16000 1 $((8000 * i + 1)) 1 $i
  speech in/b/$i.flac flac 44100 2 $((12000 + i)) 2 $i
  speech in/c/$i.ogg ogg 16000 1 $((5000 * i)) 3 $i
done
expect "undisturbed" 0 "12 recordings: 12 done" apply in -o whole -j 1 --manifest whole.json
same() { diff -r whole "$1" >diff && [ -z "$(find "$1" -name '*.tmp')" ]; }

expect "on five threads" 0 "" apply in -o five -j 5 --manifest five.json
same five
verdict "the same bytes" $?
sed 's|"five/|"whole/|' five.json | cmp -s - whole.json
verdict "the same manifest" $?
for i in 3 1 2; do apply in -o shards --shard $i/3 -q; done
same shards
verdict "shards in any order make the same bytes" $?
for i in 0 2 4 6; do
  SLURM_ARRAY_TASK_ID=$i SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=4 \
    apply in -o slurm --shard auto -q
done
same slurm
verdict "so do tasks of a Slurm array" $?
for i in 0 1; do JOB_COMPLETION_INDEX=$i JOB_COMPLETION_COUNT=2 apply in -o kubernetes --shard auto -q; done
same kubernetes
verdict "so do indices of a Kubernetes job" $?
find in -type f | sort -r | apply --list - --root in -o reversed -q
same reversed
verdict "so does the reverse order" $?

# Killed after so many milliseconds, again and again, until it is done.
for moment in 20 35 50 75 110; do
  "$scrim" voice apply -f small.scrim -k my.key in -o killed -j 2 --resume -q &
  sleep 0.$(printf '%03d' $moment)
  kill -9 $! 2>/dev/null
  wait $! 2>/dev/null
  for file in $(cd killed 2>/dev/null && find . -type f -not -name '.*' -not -path './.scrim/*'); do
    cmp -s "whole/$file" "killed/$file" || flunk "killed after $moment ms" "$file is not whole"
  done
done
expect "resumed" 0 "12 recordings" apply in -o killed -j 2 --resume --manifest killed.json
find killed -name '.scrim-*.tmp' -o -name '*.receipt.*.tmp' | xargs -r rm # what the killed left, under no final name
same killed
verdict "a batch killed five times ends in the same bytes" $?
sed 's|"killed/|"whole/|' killed.json | cmp -s - whole.json
verdict "and in the same manifest" $?

expect "resumed when all is done" 0 "0 done, 12 done before" apply in -o killed --resume
speech in/a/2.wav wav16 16000 1 5000 1 9
expect "a changed input" 0 "1 done, 11 done before" apply in -o killed --resume
rm killed/c/1.ogg
echo x >>killed/b/2.flac
rm killed/.scrim/b/3.flac.receipt
echo x >>killed/.scrim/c/4.ogg.receipt
expect "outputs or receipts that are gone or changed" 0 "4 done, 8 done before" apply in -o killed --resume
apply in -o changed -q
diff -r changed killed
verdict "all are done again" $?
expect "other settings" 0 "12 done" apply in -o killed --resume --set strength=3
expect "these are kept" 0 "12 done before" apply in -o killed --resume --set strength=3
"$scrim" key new other.key
expect "another key" 0 "12 done" "$scrim" voice apply -f small.scrim -k other.key in -o killed --resume
expect "another pseudonym" 0 "12 done" apply in -o killed --resume --pseudonym-by folder
expect "tags kept" 0 "12 done" apply in -o killed --resume --pseudonym-by folder --keep-tags
! grep -r -q -e "$(sha256sum <in/a/1.wav | cut -c1-64)" killed
verdict "receipts do not tell what the input was" $?

# An end that is asked for puts away what it was at.
"$scrim" voice apply -f small.scrim -k my.key in -o stopped -j 1 -q --set steps=200 2>stderr &
sleep 0.3
kill -TERM $!
wait $!
[ $? -eq 75 ] && [ -z "$(find stopped -name '*.tmp')" ]
verdict "SIGTERM leaves no partial file" $?
finish
