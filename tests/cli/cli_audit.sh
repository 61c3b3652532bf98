# scrim scores audit: the report as text and JSON, the gate, the external classifier.
. "$(dirname "$0")/lib.sh"
small_filter
scores 300 3 5 4 members # surer on what it was trained on: a leak
scores 300 3 6 1.5 others
audit() {
  "$scrim" scores audit -f three.scrim -k my.key --members members.csv --labels-members members.labels.csv \
    --nonmembers others.csv --labels-nonmembers others.labels.csv "$@"
}

expect "audit" 0 "" audit
grep -q "^none  *confidence" stdout && grep -q "^scrim  *confidence" stdout && grep -q "^Labels alone leak" stdout
verdict "text names defences, attacks and what labels leak" $?
cp stdout first
expect "audit again" 0 "" audit
cmp -s stdout first
verdict "the same seed gives the same report" $?
for jobs in 1 3; do
  expect "audit, $jobs threads" 0 "" audit -j $jobs
  cmp -s stdout first
  verdict "$jobs threads give the same report" $?
done
expect "no threads" 64 "jobs is '0'" audit -j 0
sed -n '/^The strongest attack/,/^$/{ n; n; p; }' first | grep -q . &&
  grep -q "^scrim    adaptive  .*trains filters of his own" first && ! grep -q "^none .*knows" first
verdict "text sums up who gets furthest" $?
expect "audit as JSON" 0 "" audit --json
grep -q '"attack": "confidence"' stdout && grep -q '"utilities": ' stdout && ! grep -q -e nan -e inf stdout
verdict "JSON has attacks and utilities" $?

expect "gate that holds" 0 "" audit --max-auc 1
expect "gate that does not" 1 "above --max-auc 0.3" audit --max-auc 0.3
expect "gate that is no number" 64 "max-auc is 'low'" audit --max-auc low

head -299 others.labels.csv >short.csv
expect "labels of another table" 65 "short.csv: 299 labels for 300 rows" audit --labels-nonmembers short.csv
expect "shadow scores without shadow-in" 64 "shadow-scores needs --shadow-in" audit --shadow-scores members.csv
expect "no key" 64 "key is missing" "$scrim" scores audit -f three.scrim
audit_to_full_disk() { audit >/dev/full; }
expect "report on a full disk" 74 "standard output" audit_to_full_disk

# ---- a classifier in a program of its own: class 0 when its one input is negative
awk '{ print ($1 == 0 ? "-" : "") "0.5" }' members.labels.csv >in_members.csv
awk '{ print ($1 == 0 ? "-" : "") "0.5" }' others.labels.csv >in_others.csv
inputs() { audit --inputs-members in_members.csv --inputs-nonmembers in_others.csv --classifier "$1"; }
expect "external classifier" 0 "" \
  inputs 'while read x; do case $x in -*) echo 0.8,0.1,0.1;; *) echo 0.1,0.8,0.1;; esac; done'
cmp -s stdout first
[ $? -eq 1 ]
verdict "it allows attacks on inputs" $?
expect "classifier that is not there" 74 "the classifier" inputs ./no_such_program
expect "classifier that talks" 65 "the classifier answered 'hello', not 3 numbers" \
  inputs 'while read x; do echo hello; done'
expect "classifier that stops" 74 "the classifier" inputs 'read x; echo 0.1,0.8,0.1'
expect "classifier without inputs" 64 "classifier needs --inputs-members" audit --classifier true
finish
