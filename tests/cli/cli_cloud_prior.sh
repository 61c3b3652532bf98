# scrim cloud shapes and cloud train prior: objects made, a prior trained, and used.
. "$(dirname "$0")/lib.sh"
small="--set width=8 --set latent=4 --set epochs=3 --set batch=5 --set points=64"

expect "make objects" 0 "monitor" "$scrim" cloud shapes -o objects.npy --labels labels.npy -n 40 --points 200 --seed 3
expect "again" 0 "" "$scrim" cloud shapes -q -o again.npy -n 40 --points 200 --seed 3
cmp -s objects.npy again.npy && [ ! -s stderr ]
verdict "the same seed gives the same objects" $?
expect "another seed" 0 "" "$scrim" cloud shapes -q -o other.npy -n 40 --points 200 --seed 4
cmp -s objects.npy other.npy
[ $? -eq 1 ]
verdict "gives others" $?
"$convert" labels.npy labels.csv && [ "$(wc -l <labels.csv)" -eq 40 ] && [ "$(sed -n 22p labels.csv)" = 1 ]
verdict "labels are the families in turn" $?
refuse "no objects" 64 "must be a whole number" "$scrim" cloud shapes -n 0 -o out.npy

expect "train" 0 "held_out_loss" "$scrim" cloud train prior --objects objects.npy -o whole.scrim $small
expect "info" 0 "" "$scrim" info whole.scrim
grep -q "^procedural  *0$" stdout
verdict "info tells what it was trained on" $?
expect "from a checkpoint that is not there yet" 0 "" \
  "$scrim" cloud train prior --objects objects.npy -o resumed.scrim --checkpoint state --resume -q $small
cmp -s whole.scrim resumed.scrim && [ ! -e state ]
verdict "the same bits" $?
expect "train on procedural objects" 0 "procedural  *1" \
  "$scrim" cloud train prior -o free.scrim $small --set shapes=20 --set epochs=1

apply() { "$scrim" cloud apply -f whole.scrim --set floor=0 --set step=5 "$@"; }
expect "restore" 0 "" apply --report report.json other.npy out.npy
[ "$(grep -c '"time_step": 5,' report.json)" -eq 40 ] && [ "$(wc -c <out.npy)" -eq "$(wc -c <other.npy)" ]
verdict "every object was diffused" $?
expect "on more threads" 0 "" apply -j 3 other.npy -o threads.npy
cmp -s out.npy threads.npy
verdict "the same bits" $?
"$scrim" key new other.key
expect "with a key" 0 "" apply --set noise=1 -k other.key other.npy -o keyed.npy
cmp -s out.npy keyed.npy
[ $? -eq 1 ]
verdict "other noise" $?

mkdir -p moved/bin moved/share/scrim
cp "$scrim" moved/bin/scrim
refuse "no filter came along" 64 "filter is missing, and no filter came along" \
  moved/bin/scrim cloud apply other.npy out.npy
cp whole.scrim moved/share/scrim/cloud.scrim
expect "the filter that came along" 0 "" moved/bin/scrim cloud apply --set floor=0 --set step=5 other.npy -o along.npy
cmp -s out.npy along.npy
verdict "is used without -f" $?

refuse "labels for objects" 65 "rank 1" "$scrim" cloud train prior --objects labels.npy -o out.npy
refuse "objects as operands" 64 "by --objects" "$scrim" cloud train prior objects.npy -o out.npy
refuse "a folder that is not there" 74 "cannot write in folder" "$scrim" cloud train prior -o nowhere/out.npy
refuse "a seed for frames" 64 "is not for frames" "$scrim" cloud train --seed 3 -o out.npy
expect "resume without checkpoint" 64 "resume needs --checkpoint" "$scrim" cloud train prior --resume -o out.npy
finish
