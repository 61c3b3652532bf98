# scrim scores apply: files, pipes and formats; the same bits whatever the batch, the order or the number of threads.
. "$(dirname "$0")/lib.sh"
small_filter
apply() { "$scrim" scores apply -f three.scrim -k my.key "$@"; }
scores 9000 3 2 1.5 big

expect "csv to csv" 0 "" apply big.csv out.csv
[ "$(awk -F, 'NF == 3' out.csv | wc -l)" -eq 9000 ]
verdict "same shape" $?
paste -d, big.csv out.csv | awk -F, '
  function top(a) { return $a >= $(a + 1) && $a >= $(a + 2) ? 0 : $(a + 1) >= $(a + 2) ? 1 : 2 }
  top(1) != top(4) || $4 + $5 + $6 < 0.999 || $4 + $5 + $6 > 1.001 { bad = 1 } END { exit bad }'
verdict "labels stay, rows sum to 1" $?
cmp -s big.csv out.csv
[ $? -eq 1 ]
verdict "scores have changed" $?

expect "stdin to stdout" 0 "" apply <big.csv
cmp -s stdout out.csv
verdict "as from files" $?
expect "dashes" 0 "" apply - - <big.csv
cmp -s stdout out.csv
verdict "dashes are stdin and stdout" $?
for threads in 1 2 7; do
  expect "$threads threads" 0 "" apply -j $threads big.csv
  cmp -s stdout out.csv
  verdict "$threads threads give the same bits" $?
done
tac big.csv | apply | tac | cmp -s - out.csv
verdict "order does not matter" $?
{ head -1 big.csv | apply; tail -n +2 big.csv | head -4500 | apply; tail -n +4502 big.csv | apply; } | cmp -s - out.csv
verdict "batches do not matter" $?

expect "csv to npy" 0 "" apply big.csv out.npy
"$convert" out.npy back.csv && cmp -s back.csv out.csv
verdict "npy holds the same numbers" $?
"$convert" big.csv big.npy
expect "npy to npy" 0 "" apply big.npy out2.npy
"$convert" out2.npy back.csv && cmp -s back.csv out.csv
verdict "npy in, npy out, the same numbers" $?
expect "npy to csv" 0 "" apply --out-format csv big.npy -
cmp -s stdout out.csv
verdict "npy in, csv out, the same numbers" $?
expect "npy through a pipe" 0 "" apply --format npy <big.npy
cmp -s stdout out2.npy
verdict "a pipe gives the same npy" $?
{ echo "a,b,c"; head -5 big.csv; } >header.csv
expect "csv with a header" 0 "" apply header.csv
{ echo "a,b,c"; head -5 out.csv; } | cmp -s - stdout
verdict "the header stays" $?
cp big.csv same.csv
expect "a file onto itself" 0 "" apply same.csv same.csv
cmp -s same.csv out.csv
verdict "a file may replace itself" $?

noisy() { "$scrim" scores apply -f three.scrim --set noise=1 --set strength=0 --set decimals=6 "$@"; }
expect "noise" 0 "" noisy -k my.key big.csv noise.csv
expect "noise again" 0 "" noisy -k my.key big.csv again.csv
cmp -s noise.csv again.csv
verdict "asking again averages nothing out" $?
"$scrim" key new other.key
expect "other key" 0 "" noisy -k other.key big.csv other.csv
cmp -s noise.csv other.csv
[ $? -eq 1 ]
verdict "another key gives other noise" $?

expect "info" 0 "" "$scrim" info three.scrim
grep -q "^kind  *scores$" stdout && grep -q "^columns  *3$" stdout
verdict "info names kind and columns" $?
expect "info as JSON" 0 "" "$scrim" info --json three.scrim
grep -q '^{"kind": "scores", "columns": 3, ' stdout
verdict "info as JSON names kind and columns" $?

expect "example" 0 "" "$BUILD/examples/wrap_classifier" three.scrim my.key
mv stdout example
printf '0.536303,0.197295,0.266402\n' >raw.csv # what the example's classifier answers
expect "the same row by the command" 0 "" "$scrim" scores apply -f three.scrim -k my.key raw.csv example.csv
awk -F'[ ,]' 'NR == FNR { for (j = 1; j <= 3; j++) wanted[j] = $j; next }
  { for (j = 1; j <= 3; j++) if ($j - wanted[j] > 1e-3 || wanted[j] - $j > 1e-3) exit 1 }' example.csv example
verdict "the example releases what the command releases" $?
finish
