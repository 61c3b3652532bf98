# Every bad input has its exit code and its message, and leaves no output behind.
. "$(dirname "$0")/lib.sh"
small_filter
apply() { "$scrim" scores apply -f three.scrim -k my.key "$@"; }
scores 9000 3 2 1.5 big
"$convert" big.csv big.npy

# ---- the table
: >empty.csv
: >empty.npy
refuse "empty csv" 65 "scrim: scores apply: .*empty.csv" apply empty.csv out.csv
refuse "empty npy" 65 "empty.npy" apply empty.npy out.npy
refuse "empty pipe" 65 "" apply - out.csv </dev/null
printf '0.2,0.3,0.5\n0.1,nan,0.9\n' >nan.csv
refuse "not a number" 65 "row 1.*nan" apply nan.csv out.csv
printf '0.2,0.3,0.5\n0.1,inf,0.9\n' >inf.csv
refuse "infinite" 65 "row 1.*inf" apply inf.csv out.csv
printf '0.2,0.3,0.5\n0.2,0.3,0.5\n0.2,0.3,0.6\n' >sum.csv
refuse "row that does not sum to 1" 65 "sum.csv: row 2.*1.1" apply sum.csv out.csv
printf '0.5,0.5\n' >two.csv
refuse "wrong number of classes" 65 "two.csv: 2 columns, but the filter takes 3" apply two.csv out.csv
printf '0.2,0.3,0.5\n0.2,0.8\n' >ragged.csv
refuse "ragged csv" 65 "ragged.csv" apply ragged.csv out.csv
printf '0.2,0.3,0.5\n0.2,0.3,half\n' >word.csv
refuse "csv cell that is no number" 65 "word.csv" apply word.csv out.csv
head -c 5000 big.npy >cut.npy
refuse "truncated npy" 65 "cut.npy" apply cut.npy out.npy
head -c 9 big.npy >stump.npy
refuse "npy without a header" 65 "stump.npy" apply stump.npy out.npy
refuse "csv that is called npy" 65 "" apply --format npy big.csv out.npy
refuse "file that is not there" 74 "none.csv.*No such file" apply none.csv out.csv

# ---- a bad row late in a long table: the row counts from its start, for any number of threads
awk 'NR == 8001 { print "0.5,0.5,0.5"; next } { print }' big.csv >late.csv
for threads in 1 3; do
  refuse "late bad row, $threads threads" 65 "late.csv: row 8000: .*1.5" apply -j $threads late.csv out.csv
done
echo kept >out.csv
expect "bad row, output already there" 65 "row 8000" apply late.csv out.csv
[ "$(cat out.csv)" = kept ]
verdict "an old output survives" $?
rm out.csv
i=0
while [ $i -lt 5 ]; do cat big.csv; i=$((i + 1)); done >long.csv
awk 'NR == 44001 { print "0.5,0.5,0.5"; next } { print }' long.csv >bad.csv
apply long.csv >good
for threads in 1 3; do
  expect "bad row late in a pipe, $threads threads" 65 "row 44000" apply -j $threads bad.csv
  released=$(wc -c <stdout)
  [ "$released" -gt 0 ] && head -c "$released" good | cmp -s - stdout && [ "$(wc -l <stdout)" -le 40960 ]
  verdict "what was released is right and ends before the bad block, $threads threads" $?
done

# ---- the output
refuse "folder of the output is not there" 74 "no/out.csv" apply big.csv no/out.csv
refuse "file size limit" 74 "out.csv" \
  sh -c 'ulimit -f 20; exec "$0" scores apply -f three.scrim -k my.key big.csv out.csv' "$scrim"
expect "disk full" 74 "No space left" sh -c '"$0" scores apply -f three.scrim -k my.key big.csv >/dev/full' "$scrim"
{ apply big.csv 2>stderr; echo $? >code; } | head -1 >/dev/null
[ "$(cat code)" -eq 74 ] && grep -q "Broken pipe" stderr
verdict "reader that went away" $?
refuse "csv pipe as npy to a pipe" 64 "" apply --out-format npy - - <big.csv

# ---- key, filter, settings
refuse "key that is not there" 74 "no.key" "$scrim" scores apply -f three.scrim -k no.key big.csv out.csv
echo "scrim-key-1 12345" >short.key
chmod 600 short.key
refuse "key cut short" 77 "short.key" "$scrim" scores apply -f three.scrim -k short.key big.csv out.csv
cp my.key open.key
chmod 644 open.key
refuse "key that others can read" 77 "open.key" "$scrim" scores apply -f three.scrim -k open.key big.csv out.csv
refuse "filter that is not there" 74 "no.scrim" "$scrim" scores apply -f no.scrim -k my.key big.csv out.csv
: >empty.scrim
refuse "empty filter" 65 "empty.scrim" "$scrim" scores apply -f empty.scrim -k my.key big.csv out.csv
printf '\377\377\377\377\377\377\377\177{}' >huge.scrim
refuse "filter whose header claims 8 EiB" 65 "huge.scrim" "$scrim" info huge.scrim
{ printf '\000\000\000\001\000\000\000\000'; head -c 70000 /dev/zero; } >zero.scrim
refuse "filter whose header is zeros" 65 "zero.scrim" "$scrim" info zero.scrim
header='{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
{ printf "\\$(printf %o ${#header})\\0\\0\\0\\0\\0\\0\\0%s" "$header"; printf '\0\0\0\0'; } >twice.scrim
refuse "filter with a name twice" 65 "twice.scrim" "$scrim" info twice.scrim
header='{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}'
{ printf "\\$(printf %o ${#header})\\0\\0\\0\\0\\0\\0\\0%s" "$header"; printf '\0\0\0\0'; } >wide.scrim
refuse "filter with an impossible shape" 65 "wide.scrim" "$scrim" info wide.scrim
head -c 3000 three.scrim >cut.scrim
refuse "truncated filter" 65 "cut.scrim" "$scrim" scores apply -f cut.scrim -k my.key big.csv out.csv
refuse "unknown parameter" 64 "colour" apply --set colour=1 big.csv out.csv
refuse "parameter out of range" 64 "strength" apply --set strength=2 big.csv out.csv
refuse "parameter that is no number" 64 "strength" apply --set strength=high big.csv out.csv
refuse "parameter without a value" 64 "strength" apply --set strength big.csv out.csv

# ---- training
train() { "$scrim" scores train --set epochs=2 -q "$@" -o out.npy; }
refuse "reference that is not there" 74 "none.csv" train --reference none.csv
refuse "bad row in the reference" 65 "row 8000" train --reference late.csv
refuse "labels of another table" 65 "big.labels.csv: 9000 labels for 400 rows" \
  train --reference ref.csv --reference-labels big.labels.csv
sed '7s/.*/3/' ref.labels.csv >beyond.csv
refuse "label that is no class" 65 "beyond.csv: row 6: 3 is no class number (0 to 2)" \
  train --reference ref.csv --reference-labels beyond.csv
refuse "members of another number of classes" 65 "two.csv: 2 columns" \
  train --reference ref.csv --members two.csv --members-labels ref.labels.csv
refuse "form that is none" 64 "form is 'guess'" train --reference ref.csv --form guess
refuse "folder of the filter is not there" 74 "no/f.scrim" "$scrim" scores train --reference ref.csv -o no/f.scrim
refuse "swapper without a key" 77 "" \
  train --reference ref.csv --members big.csv --members-labels big.labels.csv --set swap=1
members() { train --reference ref.csv --members big.csv --members-labels big.labels.csv "$@"; }
expect "members, and nothing to hold them against" 0 "strength is the default.*needs --reference-labels" members
expect "the same with a strength" 0 "" members --set strength=1
[ ! -s stderr ]
verdict "says nothing" $?
finish
