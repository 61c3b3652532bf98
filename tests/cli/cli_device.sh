# --device: a GPU where there is one, and elsewhere the CPU with a word of why, or an error.
. "$(dirname "$0")/lib.sh"
small_filter
"$scrim" devices >devices 2>&1
verdict "devices" $?
grep -q '^cpu   always there$' devices
verdict "the CPU is always there" $?
train() { "$scrim" scores train --reference ref.csv -q -o "$1" --set epochs=1 --device "$2"; }
expect "a device that is none" 64 "--device is 'gpu', but must be cpu, cuda or auto" train other.scrim gpu
expect "the CPU" 0 "" train cpu.scrim cpu
if grep -q '^cuda  not there: ' devices; then
  why=$(sed -n 's/^cuda  not there: //p' devices)
  expect "a GPU that is not there" 69 "scrim: scores train: $why" train cuda.scrim cuda
  expect "the CPU instead" 0 "device: the CPU ($why)" train auto.scrim auto
  cmp -s cpu.scrim auto.scrim
  verdict "to the same bits" $?
  echo "skipped: no device"
else
  expect "the GPU" 0 "device: " train cuda.scrim cuda
  expect "the GPU again" 0 "device: " train auto.scrim auto
  cmp -s cuda.scrim auto.scrim
  verdict "to the same bits" $?
fi

# The kernels on the processor, as tests/emulated_cuda runs them, behind the whole command: all that trains, and results
# that are the CPU's. Answers of a filter are rounded, so that they are the same to the last digit.
mkdir emulated
cp "$scrim" "$BUILD/emulated/libscrim-cuda.so" emulated
gpu=emulated/scrim
expect "an emulated device" 0 "" "$gpu" devices
grep -q '^cuda  emulated on the processor' stdout
verdict "is beside the command" $?
expect "train for scores" 0 "" "$gpu" scores train --reference ref.csv -q -o gpu.scrim --set epochs=1 --device cuda
for noise in 0 1; do
  for device in cpu cuda; do
    expect "apply to scores, noise $noise, $device" 0 "" "$gpu" scores apply -f three.scrim -k my.key --device $device \
      --set strength=0 --set noise=$noise ref.csv $device.csv
  done
  cmp -s cpu.csv cuda.csv
  verdict "gives the CPU's answers, noise $noise" $?
done
expect "shapes" 0 "" "$gpu" cloud shapes -n 22 --points 64 -o shapes.npy --labels families.npy -q
expect "train a victim" 0 "" "$gpu" cloud train victim --objects shapes.npy --labels families.npy --epochs 1 \
  -o victim.scrim --device cuda
expect "train a prior" 0 "" "$gpu" cloud train prior --objects shapes.npy --set points=64 --set epochs=1 -q \
  -o prior.scrim --device cuda
for device in cpu cuda; do
  expect "audit, $device" 0 "" "$gpu" cloud audit -f prior.scrim -k my.key --objects shapes.npy --labels families.npy \
    --victim victim.scrim --limit 2 --attacks fgm --defences scrim --budgets 0.05 --json --device $device
  tr ',' '\n' <stdout | grep accuracy >audit.$device
done
[ -s audit.cpu ] && cmp -s audit.cpu audit.cuda
verdict "finds what the CPU finds" $?

# A ring of ground with something above it. Marks and projections are the CPU's to the byte, objects within rounding.
awk 'BEGIN {
  srand(1)
  print "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1000\nHEIGHT 1\nPOINTS 1000\nDATA ascii"
  for (i = 0; i < 1000; i++) {
    angle = 6.283 * rand()
    range = 3 + 20 * rand()
    printf "%.4f %.4f %.4f\n", range * cos(angle), range * sin(angle), (i % 20 ? 0.05 : 3) * rand()
  }
}' >ring.pcd
for how in "--mode mark" "--mode remove --set measure=3 --set k=8" "--mode move --set objects=0" \
  "--mode move --set passes=1"; do
  for device in cpu cuda; do
    expect "apply to points, $how, $device" 0 "" "$gpu" cloud apply -f prior.scrim -k my.key --device $device $how \
      ring.pcd -o $device.pcd
  done
  if [ "$how" = "--mode move --set passes=1" ]; then
    paste -d' ' cpu.pcd cuda.pcd | awk 'NF == 6 && /^-?[0-9]/ {
      n++
      for (i = 1; i <= 3; i++) off += ($i - $(i + 3)) ^ 2
    } END { exit !(n == 1000 && off / n < 1e-10) }'
  else
    cmp -s cpu.pcd cuda.pcd
  fi
  verdict "gives the CPU's points, $how" $?
done
finish
