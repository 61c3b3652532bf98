# scrim encrypt, scrim decrypt.
. "$(dirname "$0")/lib.sh"

"$scrim" key new kek.key
"$scrim" key new other.key
head -c 150000 /dev/urandom >plain
expect "encrypt" 0 "" "$scrim" encrypt plain sealed -k kek.key
[ "$(head -c 15 sealed)" = scrim-encrypt-1 ]
verdict "it says what it is" $?
expect "decrypt" 0 "" "$scrim" decrypt sealed back -k kek.key
cmp -s plain back
verdict "the same bytes" $?
[ "$(stat -c %a back)" = 600 ]
verdict "only its owner reads what was decrypted" $?
"$scrim" encrypt plain again -k kek.key
cmp -s sealed again
[ $? -eq 1 ]
verdict "never the same bytes twice" $?

rm back again
refuse "another key" 77 "sealed.: encrypted under another key" "$scrim" decrypt sealed back -k other.key
head -c 100000 sealed >cut
refuse "cut" 65 "cut.: chunk 1 of the encrypted file was cut" "$scrim" decrypt cut back -k kek.key
head -c 65660 sealed >cut # 108 + 65536 + 16: behind the first chunk
refuse "cut between two chunks" 65 "chunk 0 of the encrypted file was cut" "$scrim" decrypt cut back -k kek.key
(head -c 120000 sealed && printf x && tail -c +120002 sealed) >changed
refuse "changed" 65 "chunk 1" "$scrim" decrypt changed back -k kek.key
refuse "not encrypted" 65 "no encrypted file" "$scrim" decrypt plain back -k kek.key
touch there
refuse "no file is overwritten by plain bytes" 74 "there.: File exists" "$scrim" decrypt sealed there -k kek.key
refuse "no key" 74 "none.key" "$scrim" encrypt plain out -k none.key
refuse "one name" 64 "is missing" "$scrim" encrypt plain -k kek.key
finish
