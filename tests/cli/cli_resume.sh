# Training that is killed and resumed ends in the same bytes as training that was left alone.
. "$(dirname "$0")/lib.sh"
scores 4000 10 3 2 ref
settings="--reference ref.csv --reference-labels ref.labels.csv --set epochs=12 --set patience=0 -q"
# $settings is a list of words.
# shellcheck disable=SC2086
train() { "$scrim" scores train $settings "$@"; }

expect "left alone" 0 "" train -o whole.scrim
expect "again" 0 "" train -o again.scrim
cmp -s whole.scrim again.scrim
verdict "the same seed gives the same bytes" $?
expect "other seed" 0 "" train --seed 2 -o other.scrim
cmp -s whole.scrim other.scrim
[ $? -eq 1 ]
verdict "another seed gives other weights" $?

# Killed as soon as a checkpoint was written, several times over, each time a little further on.
kills=0
while [ $kills -lt 3 ]; do
  touch mark
  # A shell function in the background would be a shell of its own: exec, so that the signal hits the command itself.
  # shellcheck disable=SC2086
  (exec "$scrim" scores train $settings --checkpoint state --resume -o killed.scrim) &
  child=$!
  while kill -0 $child 2>/dev/null && [ -z "$(find . -name state -newer mark)" ]; do sleep 0.02; done
  kill -9 $child 2>/dev/null || break
  wait $child 2>/dev/null
  kills=$((kills + 1))
done
[ $kills -ge 1 ] && [ -f state ] && [ ! -f killed.scrim ]
verdict "killed in the middle" $?
expect "resumed" 0 "" train --checkpoint state --resume -o killed.scrim
cmp -s whole.scrim killed.scrim
verdict "resumed to the same bytes" $?
[ ! -e state ]
verdict "the checkpoint is removed at the end" $?

# Stopped politely, it puts its files away and says so.
touch mark
(exec "$scrim" scores train --reference ref.csv --set epochs=100000 --set patience=0 -q --checkpoint stopped \
  -o stopped.scrim) 2>stderr &
child=$!
while kill -0 $child 2>/dev/null && [ ! -e stopped ]; do sleep 0.02; done
kill -TERM $child
wait $child
[ $? -eq 75 ] && [ -e stopped ] && [ ! -e stopped.scrim ]
verdict "stopped by a signal: exit code 75, the checkpoint stays" $?

head -c 100 whole.scrim >state
expect "checkpoint that is none" 65 "" train --checkpoint state --resume -o bad.scrim
expect "checkpoint of another training" 0 "" train --checkpoint state -o fresh.scrim
cmp -s whole.scrim fresh.scrim
verdict "without --resume an old checkpoint is not used" $?
finish
