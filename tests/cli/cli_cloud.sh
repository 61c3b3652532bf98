# scrim cloud train and apply: files, folders and streams of points; everything that is not moved stays byte for byte.
. "$(dirname "$0")/lib.sh"
apply() { "$scrim" cloud apply -f free.scrim "$@"; }

# points ROWS SEED FILE: a noisy ground, x, y, z and an intensity, as an ASCII PCD.
points() {
  awk -v rows="$1" -v seed="$2" 'BEGIN {
    srand(seed)
    printf "VERSION .7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\n"
    printf "WIDTH %d\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS %d\nDATA ascii\n", rows, rows
    for (i = 0; i < rows; i++)
      if (i % 50 == 7) printf "%.4f %.4f %.4f %d\n", 3 + 20 * rand(), 20 * rand(), 5 + 5 * rand(), i
      else printf "%.4f %.4f %.4f %d\n", 3 + 20 * rand(), 20 * rand(), 0.05 * rand(), i
  }' >"$3"
}
body() { sed '1,/^DATA/d' "$1"; }

points 2000 1 one.pcd
points 1500 2 two.pcd
expect "train without data" 0 "" "$scrim" cloud train -o free.scrim
expect "info" 0 "" "$scrim" info free.scrim
grep -q "^kind  *cloud$" stdout
verdict "info names the kind" $?

expect "move" 0 "" apply --mode move one.pcd -o moved.pcd
[ "$(body moved.pcd | wc -l)" -eq 2000 ] && body one.pcd | cut -d' ' -f4 >before && body moved.pcd | cut -d' ' -f4 | cmp -s - before
verdict "rows and intensities stay" $?
spread() { body "$1" | awk '$3 < 1 { n++; s += $3; q += $3 * $3 } END { print q / n - s * s / n / n }'; }
[ "$(echo "$(spread moved.pcd) $(spread one.pcd)" | awk '{ print ($1 < 0.5 * $2) }')" -eq 1 ]
verdict "the ground is smoother" $?
for threads in 1 2 5; do
  expect "$threads threads" 0 "" apply -j $threads one.pcd -o again.pcd
  cmp -s again.pcd moved.pcd
  verdict "$threads threads give the same bits" $?
done

expect "remove" 0 "" apply --mode remove --set measure=3 --set k=8 one.pcd -o removed.pcd
body removed.pcd >kept
[ "$(wc -l <kept)" -lt 2000 ] && [ "$(awk '$3 > 1' kept | wc -l)" -lt 15 ] && body one.pcd | grep -F -x -c -f - kept | grep -q -x "$(wc -l <kept)"
verdict "what is left is as it was, and few of the outliers are" $?
expect "nan" 0 "" apply --mode nan --set measure=3 --set k=8 one.pcd -o nan.pcd
[ "$(body nan.pcd | grep -c -i "^nan nan nan [0-9]*$")" -eq $((2000 - $(wc -l <kept))) ]
verdict "as many are not-a-number as were removed" $?
expect "mark" 0 "" apply --mode mark --set measure=3 --set k=8 one.pcd -o marked.pcd
[ "$(body marked.pcd | awk '$5 == 1' | wc -l)" -eq $((2000 - $(wc -l <kept))) ] &&
  body marked.pcd | cut -d' ' -f1-4 >before && body one.pcd | cmp -s - before
verdict "as many are marked, and nothing else changes" $?

for name in one two; do
  body $name.pcd | tr ' ' , >$name.csv
  "$convert" $name.csv $name.npy
  apply --mode mark --set measure=3 --out-format stream $name.npy - >$name.scrimpts
done
cat one.scrimpts two.scrimpts >both.scrimpts
expect "a stream of two frames" 0 "" apply --mode mark --report report.json - - <both.scrimpts
[ "$(wc -l <report.json)" -eq 2 ] && grep -q '"frame": 1, .*"points": 1500,' report.json
verdict "a line of the report for each" $?
head -c $(($(wc -c <both.scrimpts) - 5)) both.scrimpts >cut.scrimpts
expect "a stream cut within a frame" 65 "scrim: cloud apply" apply --mode mark - - <cut.scrimpts
cp stdout whole
apply --mode mark - - <one.scrimpts | cmp -s - whole
verdict "the frame before it came out whole" $?

mkdir in && cp one.pcd two.pcd in && echo "not points" >in/README
expect "a folder" 0 "" apply in -o out
cmp -s out/one.pcd moved.pcd && [ "$(ls out | wc -l)" -eq 2 ]
verdict "each file under its name" $?
refuse "two answers of one name" 64 "would both become" apply one.pcd two.pcd in/one.pcd -o out.npy

expect "train on clean frames" 0 "baseline" "$scrim" cloud train -o clean.scrim --set quantile=1 in
expect "clean frames pass" 0 "" "$scrim" cloud apply -f clean.scrim --set floor=1.01 --report report.json in -o passed
cmp -s passed/one.pcd one.pcd && cmp -s passed/two.pcd two.pcd && [ "$(grep -c '"passed": true' report.json)" -eq 2 ]
verdict "byte for byte" $?

expect "too many outliers" 0 "more outliers than 'cap' allows" \
  apply --mode remove --set measure=0 --set threshold=0 --set cap=0.25 one.pcd -o capped.pcd
[ "$(body capped.pcd | wc -l)" -eq 1500 ]
verdict "the cap holds" $?

small_filter
refuse "a filter of another kind" 64 "for scores, not for cloud" "$scrim" cloud apply -f three.scrim one.pcd -o out.npy
refuse "a mode that is none" 64 "must be move, mark, remove or nan" apply --mode shake one.pcd -o out.npy
refuse "a file that is not there" 74 "none.pcd" apply none.pcd -o out.npy
mkdir empty
refuse "an empty folder" 65 "no files of points" apply -o out.npy empty
expect "scores do not take cloud filters" 64 "for cloud, not for scores" \
  "$scrim" scores apply -f free.scrim -k my.key three.csv
finish
