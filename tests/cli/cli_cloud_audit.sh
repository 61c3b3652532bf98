# scrim cloud audit: a small classifier is trained on discs and rods, then attacked behind every defence.
. "$(dirname "$0")/lib.sh"

# objects N SEED NAME: flat discs (class 0) and rods (class 1) of 40 points in NAME.csv, classes in NAME.labels.csv.
objects() {
  awk -v n="$1" -v seed="$2" -v labels="$3.labels.csv" 'BEGIN {
    srand(seed)
    for (i = 0; i < n; i++) {
      print i % 2 >labels
      for (j = 0; j < 40; j++) {
        a = 6.2831853 * rand(); r = sqrt(rand())
        printf "%s%.5f,%.5f,%.5f", j ? "," : "", r * cos(a), (i % 2 ? 0.02 * rand() : r * sin(a)), 0.02 * rand()
      }
      print ""
    }
  }' >"$3.csv"
}
objects 40 1 train
objects 20 2 test
"$scrim" cloud train -o free.scrim
audit() { "$scrim" cloud audit -f free.scrim --objects test.csv --labels test.labels.csv --victim v.safetensors "$@"; }

for network in pointnet edge attention; do
  expect "train a victim: $network" 0 "" "$scrim" cloud train victim --network $network --objects train.csv \
    --labels train.labels.csv --epochs 12 -o $network.safetensors
done
mv pointnet.safetensors v.safetensors
expect "attack it" 0 "" audit --attacks pgd-linf --budgets 0.3 --iterations 10 --json
grep -q '"defence": "plane x3", "attack": "pgd-linf", "attacker": "unaware", "budget": 0.3,' stdout
verdict "the report names defence, attack, attacker and budget" $?
accuracy() { sed -n "s/.*\"defence\": \"none\", \"attack\": \"$1\".*\"accuracy\": \([0-9.]*\),.*/\1/p" stdout; }
echo "$(accuracy clean) $(accuracy pgd-linf)" | awk '{ exit !($1 >= 0.9 && $2 < 0.5) }'
verdict "right on clean objects, wrong on attacked ones" $?
if command -v python3 >/dev/null; then
  python3 -c 'import json, sys; assert len(json.load(open("stdout"))["results"]) == 12'
  verdict "JSON can be read" $?
fi

expect "the same again, as text" 0 "" audit --attacks pgd-linf,cutout --budgets 0.1,0.3 --iterations 10 --adaptive
grep -q '^pgd-linf *0.3  adaptive, planes ' stdout && grep -q '^cutout *3  unaware ' stdout && grep -q '^plane x3 ' stdout
verdict "the table has a row for each attacker" $?
cp stdout first
audit --attacks pgd-linf,cutout --budgets 0.1,0.3 --iterations 10 --adaptive -j 1 >second
sed '/^What defences/,$d' first >first.table
sed '/^What defences/,$d' second | cmp -s - first.table
verdict "the threads do not matter" $?

"$scrim" key new kek.key
"$scrim" encrypt free.scrim free.sealed -k kek.key
expect "an encrypted filter" 0 "" "$scrim" cloud audit -f free.sealed --encryption-key kek.key --objects test.csv \
  --labels test.labels.csv --victim v.safetensors --attacks pgd-linf,cutout --budgets 0.1,0.3 --iterations 10 --adaptive
sed '/^What defences/,$d' stdout | cmp -s - first.table
verdict "fares as the plain one does" $?
expect "a part of objects and points" 0 "" audit --limit 7 --points 20 --attacks shear
grep -q "on 7 objects" stdout
verdict "as many as asked for" $?

expect "attack one, try it on another" 0 "" "$scrim" cloud audit -f free.scrim --objects test.csv \
  --labels test.labels.csv --victim attention.safetensors --source edge.safetensors --attacks pgd-linf --budgets 0.3 \
  --iterations 10
expect "the gate" 1 "'pgd-linf' leaves an accuracy of" audit --attacks pgd-linf --budgets 0.5 --min-accuracy 0.99
expect "two defences" 0 "" audit --defences "SOR,plane x3" --attacks shear
sed -n 3p stdout | grep -q 'attacker *none *SOR *plane x3$'
verdict "as they were named" $?
refuse "no such defence" 64 "no defence of this filter has the name 'step 3'" audit --defences "step 3"
refuse "no such attack" 64 "no attack has the name 'pgd'" audit --attacks pgd
refuse "a budget that is none" 64 "must be up to" audit --budgets 0.1,x
refuse "a victim without classes" 64 "needs --objects and --labels" "$scrim" cloud train victim --objects train.csv -o w
refuse "a folder that is not there" 74 "cannot write in folder" "$scrim" cloud train victim --objects train.csv \
  --labels train.labels.csv -o nowhere/w
refuse "a network that is none" 64 "no network has the name 'cnn'" "$scrim" cloud train victim --network cnn \
  --objects train.csv --labels train.labels.csv -o w
refuse "a victim that is none" 65 "" "$scrim" cloud audit -f free.scrim --objects test.csv --labels test.labels.csv \
  --victim free.scrim
printf '1,2\n3,4\n' >flat.csv
refuse "objects that are none" 65 "no objects: the shape must be" "$scrim" cloud audit -f free.scrim \
  --objects flat.csv --labels test.labels.csv --victim v.safetensors
sed 's/^1$/7/' test.labels.csv >wrong.csv
refuse "a class that the victim does not know" 65 "object 1: class 7, the classifier knows 0 to 1" "$scrim" cloud audit \
  -f free.scrim --objects test.csv --labels wrong.csv --victim v.safetensors
small_filter
refuse "a filter of another kind" 64 "for scores, not for cloud" "$scrim" cloud audit -f three.scrim --objects test.csv \
  --labels test.labels.csv --victim v.safetensors
finish
