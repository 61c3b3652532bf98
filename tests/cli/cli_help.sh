# Help, versions, and command lines that make no sense.
. "$(dirname "$0")/lib.sh"

expect "no command" 64 "" "$scrim"
expect "help" 0 "" "$scrim" --help
grep -q "scores train" stdout
verdict "help names the commands" $?
expect "help of a noun" 0 "" "$scrim" scores --help
expect "help of a verb" 0 "" "$scrim" scores train --help
grep -q "strength=" stdout
verdict "help lists the parameters" $?
expect "help of apply" 0 "" "$scrim" scores apply --help
grep -q "epochs=" stdout
[ $? -ne 0 ]
verdict "help of apply leaves out what only training reads" $?
expect "version" 0 "" "$scrim" --version
grep -q "^scrim [0-9]*\.[0-9]*\.[0-9]*$" stdout
verdict "version has three numbers" $?

expect "unknown noun" 64 "unknown command 'soup'" "$scrim" soup
expect "unknown verb" 64 "scores: unknown verb 'cook'" "$scrim" scores cook
expect "noun without a verb" 64 "" "$scrim" scores
expect "unknown long option" 64 "scrim: scores apply: unknown option --colour" "$scrim" scores apply --colour
expect "option with its words the other way round" 64 \
  "unknown option --members-labels; did you mean --labels-members?" "$scrim" scores audit --members-labels x
expect "unknown short option" 64 "unknown option -z" "$scrim" scores apply -z
expect "option without its value" 64 "option --filter needs a value" "$scrim" scores apply --filter
expect "switch with a value" 64 "option --json takes no value" "$scrim" info --json=1 x
expect "required option left out" 64 "scores apply: --key is missing" "$scrim" scores apply -f x
expect "argument too many" 64 "one argument too many: 'c'" "$scrim" scores apply -f x -k y a b c
expect "argument missing" 64 "info: FILE is missing" "$scrim" info
expect "number that is none" 64 "'four', but must be a whole number from 1" "$scrim" scores apply -f x -k y -j four
expect "number out of range" 64 "'0', but must be a whole number from 1" "$scrim" scores apply -f x -k y -j 0
expect "format that is none" 64 "format" "$scrim" scores apply -f x -k y --format xls
expect "members without labels" 64 "members needs --members-labels" \
  "$scrim" scores train --reference r.npy -o f.scrim --members m.npy
expect "resume without checkpoint" 64 "resume needs --checkpoint" \
  "$scrim" scores train --reference r.npy -o f.scrim --resume
expect "help on a full disk" 74 "standard output" sh -c '"$0" --help >/dev/full' "$scrim"
finish
