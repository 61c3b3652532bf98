# scrim key new.
. "$(dirname "$0")/lib.sh"

expect "new key" 0 "" "$scrim" key new my.key
[ "$(stat -c %a my.key)" = 600 ]
verdict "only its owner reads a key" $?
grep -q -x "scrim-key-1 [0-9a-f]\{64\}" my.key && [ "$(wc -l <my.key)" -eq 1 ]
verdict "a key is one line" $?
cp my.key copy
refuse "a key is never overwritten" 74 "scrim: key new: .*my.key" "$scrim" key new my.key
cmp -s my.key copy
verdict "the old key is as it was" $?
"$scrim" key new other.key
cmp -s my.key other.key
[ $? -eq 1 ]
verdict "two keys differ" $?
refuse "folder that is not there" 74 "no/such.key" "$scrim" key new no/such.key
finish
