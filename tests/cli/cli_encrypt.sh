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

# ---- filters
small_filter
"$scrim" encrypt three.scrim three.sealed -k kek.key
"$scrim" scores apply -f three.scrim -k my.key ref.csv due.csv
expect "apply an encrypted filter" 0 "" \
  "$scrim" scores apply -f three.sealed -k my.key --encryption-key kek.key ref.csv got.csv
cmp -s due.csv got.csv
verdict "gives what the plain one gives" $?
"$scrim" info three.scrim >due
expect "info on an encrypted filter" 0 "" "$scrim" info three.sealed --encryption-key kek.key
cmp -s due stdout
verdict "says what it says of the plain one" $?
scores 100 3 5 4 members
scores 100 3 6 1.5 others
expect "audit an encrypted filter" 0 "" "$scrim" scores audit -f three.sealed -k my.key --encryption-key kek.key \
  --members members.csv --labels-members members.labels.csv --nonmembers others.csv \
  --labels-nonmembers others.labels.csv
refuse "without its key" 77 "three.sealed.: an encrypted file" \
  "$scrim" scores apply -f three.sealed -k my.key ref.csv out.csv
refuse "with another" 77 "three.sealed.: encrypted under another key" \
  "$scrim" scores apply -f three.sealed -k my.key --encryption-key other.key ref.csv out.csv
refuse "a plain one with a key" 65 "no encrypted file" "$scrim" info three.scrim --encryption-key kek.key

# ---- filters of points; the audit of an encrypted one is with the others
"$scrim" cloud train -o free.scrim
"$scrim" encrypt free.scrim free.sealed -k kek.key
"$convert" ref.csv points.npy
"$scrim" cloud apply -f free.scrim points.npy due.npy
expect "cloud apply with an encrypted filter" 0 "" \
  "$scrim" cloud apply -f free.sealed --encryption-key kek.key points.npy got.npy
cmp -s due.npy got.npy
verdict "gives what the plain one gives" $?
refuse "cloud apply without its key" 77 "free.sealed.: an encrypted file" \
  "$scrim" cloud apply -f free.sealed points.npy out.npy
refuse "cloud apply with another" 77 "free.sealed.: encrypted under another key" \
  "$scrim" cloud apply -f free.sealed --encryption-key other.key points.npy out.npy
refuse "cloud audit without its key" 77 "free.sealed.: an encrypted file" \
  "$scrim" cloud audit -f free.sealed --objects points.npy --labels none.csv --victim none
finish
