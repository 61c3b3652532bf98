# scrim verify --log, of logs that are made here by hand from the description in audit_line.h, with openssl and sha256sum.
. "$(dirname "$0")/lib.sh"

openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out key.pub
openssl genpkey -algorithm ed25519 -out other.pem 2>/dev/null
openssl pkey -in other.pem -pubout -out other.pub
id=$(openssl pkey -pubin -in key.pub -outform DER | sha256sum | cut -d ' ' -f 1)

start() {
  : >log
  seq=0 previous=0000000000000000000000000000000000000000000000000000000000000000
}
# line KIND FIELDS: one more line of the log.
line() {
  text="{\"seq\":$seq,\"time\":\"2026-01-31T23:59:59.000Z\",\"kind\":\"$1\",\"previous\":\"$previous\"$2"
  previous=$(printf %s "$text" | sha256sum | cut -d ' ' -f 1)
  printf '%s,"hash":"%s"}\n' "$text" "$previous" >>log
  seq=$((seq + 1))
}
# sign KIND KEY: a checkpoint or a close.
sign() {
  fields=",\"key\":\"$id\",\"scheme\":\"ed25519\""
  text="{\"seq\":$seq,\"time\":\"2026-01-31T23:59:59.000Z\",\"kind\":\"$1\",\"previous\":\"$previous\"$fields"
  printf 'scrim-audit-checkpoint-1\n%s' "$text" >message
  openssl pkeyutl -sign -inkey "$2" -rawin -in message -out signature
  line "$1" "$fields,\"signature\":\"$(openssl base64 -A -in signature)\""
}
answers() { for i in 1 2 3; do line answer ",\"actor\":\"$i\",\"rows\":$i"; done; }
verify() { "$scrim" verify --log log -p key.pub "$@"; }

start
line open ',"unsigned":0'
answers
head=$previous
sign checkpoint key.pem
answers
expect "an open log" 0 "" verify
grep -q -x 'lines *8' stdout && grep -q -x 'unsigned *3' stdout && grep -q -x 'closed *no' stdout &&
  grep -q -x "head *$previous" stdout
verdict "what was found" $?
sign close key.pem
expect "a closed log" 0 "" verify --json
grep -q -x "{\"lines\": 9, \"checkpoints\": 2, \"unsigned\": 0, \"torn\": 0, \"closed\": true, \"head\": \"$previous\"}" stdout
verdict "what was found, as json" $?
cp log good
expect "a head from before" 0 "" verify --head "$head"
expect "a head that never was" 65 "no line has the hash" verify --head "$id"
expect "a head that is none" 64 "not 64" verify --head 00

expect "another key" 77 "line 4: wrong key" "$scrim" verify --log log -p other.pub
sed '3s/"rows":2/"rows":3/' good >log
expect "a changed line" 65 "line 2: was changed" verify
sed 3d good >log
expect "a line taken out" 65 "line 2: has the number 3" verify
sed '3{h;d};4{G}' good >log
expect "two lines exchanged" 65 "line 2: has the number 3" verify
sed '3p' good >log
expect "a line doubled" 65 "line 3: has the number 2" verify
sed '3s/.*/garbage/' good >log
expect "a line overwritten" 65 "line 2: has the number 3" verify
head -c -20 good >log
expect "a cut end" 65 "line 8, the last, was cut" verify
head -7 good >log
expect "cut between lines: only the head tells" 0 "" verify
expect "and it does" 65 "no line has the hash" verify --head "$previous"
: >log
expect "an empty log" 65 "is empty" verify
expect "no log" 74 "No such file" "$scrim" verify --log none -p key.pub

# All lines made anew behind a change: the chain holds, the signature does not.
start
line open ',"unsigned":0'
line answer ',"actor":"1","rows":100'
sign checkpoint other.pem
expect "a chain made anew" 77 "line 2: the signature was not made by key" verify

# A run was killed in the middle of a line, and the next one tells of it.
start
line open ',"unsigned":0'
answers
printf '{"seq":4,"ti' >>log
torn=$(printf '{"seq":4,"ti' | sha256sum | cut -d ' ' -f 1)
expect "killed" 65 "line 4, the last, was cut" verify
printf '\n' >>log
line open ",\"unsigned\":4,\"torn_bytes\":12,\"torn_hash\":\"$torn\""
sign close key.pem
expect "taken up again" 0 "" verify
grep -q -x 'torn *1' stdout
verdict "and told of" $?
sed 's/"ti$/"tj/' log >changed && mv changed log
expect "what was cut is guarded too" 65 "line 4: tells of a cut line, and that line was changed" verify
finish
