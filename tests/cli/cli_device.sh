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
finish
