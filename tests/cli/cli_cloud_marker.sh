# scrim cloud scenes and cloud train marker: frames made, a marker trained on them, and used.
. "$(dirname "$0")/lib.sh"

expect "make frames" 0 "" "$scrim" cloud scenes -o snow -n 3 --seed 5
[ "$(ls snow | tr '\n' ' ')" = "000000.bin 000000.label 000001.bin 000001.label 000002.bin 000002.label " ] &&
  [ "$(wc -c <snow/000000.bin)" -eq $((4 * $(wc -c <snow/000000.label))) ]
verdict "four floats and a label a point" $?
expect "again" 0 "" "$scrim" cloud scenes -o again -n 3 --seed 5
diff -r snow again
verdict "the same seed gives the same frames" $?

expect "train" 0 "marker_iou" \
  "$scrim" cloud train marker --format kitti --frames snow --labels snow -o marker.scrim --set marker_epochs=3
expect "info" 0 "" "$scrim" info marker.scrim
grep -q "^marker_frames  *3$" stdout && grep -q "^marker_procedural  *0$" stdout
verdict "info tells what it was trained on" $?
expect "again, with more threads" 0 "" "$scrim" cloud train marker --format kitti --frames snow --labels snow \
  -o again.scrim --set marker_epochs=3 -q

apply() { "$scrim" cloud apply -f marker.scrim --format kitti "$@"; }
expect "mark" 0 "" apply --mode mark snow -o marked
cmp -s marked/000001.bin snow/000001.bin && [ "$(wc -c <marked/000001.bin.mark)" -eq $(($(wc -c <snow/000001.bin) / 16)) ]
verdict "points stay, and marks lie beside them" $?
expect "remove, in a thread" 0 "" apply --mode remove -j 1 --report report.json snow -o removed
ones=$(od -An -v -tu1 -w1 marked/000001.bin.mark | awk '{ s += $1 } END { print s }')
[ "$(wc -c <removed/000001.bin)" -eq $(($(wc -c <snow/000001.bin) - 16 * ones)) ] &&
  grep "000001" report.json | grep -q "\"marked\": $ones,"
verdict "what was marked is gone" $?
expect "by a rule instead" 0 "" apply --mode mark --set measure=8 --set k=5 snow/000001.bin -o rule.bin
expect "move" 0 "" apply --set floor=0 --set iterations=1 snow/000002.bin -o moved.bin
cmp -s moved.bin snow/000002.bin
[ $? -eq 1 ]
verdict "what is no flake was moved" $?

mkdir one && cp snow/000000.bin one && cp marked/000000.bin.mark one/000000.mark
refuse "one frame" 65 "1 frames" "$scrim" cloud train marker --format kitti --frames one --labels one -o out.npy
rm one/000000.mark
refuse "no labels" 74 "cannot read the labels of '000000.bin'" \
  "$scrim" cloud train marker --format kitti --frames one --labels one -o out.npy
head -c 400 snow/000000.label >one/000000.label
refuse "labels of another frame" 65 "labels of .* expected" \
  "$scrim" cloud train marker --format kitti --frames one --labels one -o out.npy
refuse "a folder that is not there" 74 "cannot write in folder" "$scrim" cloud train marker -o nowhere/out.npy
refuse "frames without labels" 64 "or neither" "$scrim" cloud train marker --frames snow -o out.npy
refuse "another number of neighbours" 64 "trained with 9" \
  "$scrim" cloud apply -f marker.scrim --set k=12 --mode mark --format kitti snow/000000.bin -o out.npy
refuse "scenes into a file" 74 "cannot write" "$scrim" cloud scenes -o marker.scrim/none -n 1
finish
