# scrim scores serve --check: the example's configuration, signed and encrypted filters, and what is refused where.
. "$(dirname "$0")/lib.sh"

small_filter
cp "$root/examples/serve/serve.json" .
cp three.scrim iris.scrim
cp my.key noise.key
"$scrim" key new audit.key
"$scrim" key new kek.key
openssl genpkey -algorithm ed25519 -out audit.pem 2>/dev/null
openssl genpkey -algorithm ed25519 -out owner.pem 2>/dev/null
openssl pkey -in owner.pem -pubout -out owner.pub
check() { "$scrim" scores serve --check --config "${1:-serve.json}"; }

expect "an unsigned filter" 77 "iris.scrim.: is not signed" check
"$scrim" sign iris.scrim -k owner.pem
expect "the example, signed" 0 "" check
mkdir elsewhere
(cd elsewhere && check ../serve.json)
verdict "names are taken from the configuration's folder" $?
[ ! -e audit.jsonl ]
verdict "a check writes nothing" $?

cp iris.scrim kept
printf x | dd of=iris.scrim bs=1 seek=1000 conv=notrunc 2>/dev/null
expect "a changed filter" 77 "iris.scrim.: wrong content" check
cp kept iris.scrim
openssl genpkey -algorithm ed25519 -out other.pem 2>/dev/null
"$scrim" sign iris.scrim -k other.pem
expect "somebody else's signature" 77 "iris.scrim.: wrong key" check
rm iris.scrim.sig
sed 's/"trusted_keys": .*/"allow_unsigned": true/' serve.json >unsigned.json
expect "unsigned, when told so" 0 "" check unsigned.json

"$scrim" encrypt iris.scrim iris.enc -k kek.key
"$scrim" sign iris.enc -k owner.pem
sed 's/"iris.scrim"/"iris.enc"/' serve.json >sealed.json
expect "encrypted, and no key" 77 "names no encryption_key" check sealed.json
sed 's/"iris.enc"/"iris.enc", "encryption_key": "kek.key"/' sealed.json >opened.json
expect "encrypted, and its key" 0 "" check opened.json
sed 's/kek.key/my.key/' opened.json >wrong.json
expect "encrypted, and another key" 77 "iris.enc.: encrypted under another key" check wrong.json

# change PATTERN REPLACEMENT MESSAGE: the configuration with one change is refused, and the place is named.
change() {
  sed "s/$1/$2/" unsigned.json >changed.json
  expect "$3" 64 "$3" check changed.json
}
change '"port": 8080' '"prot": 8080' 'changed.json.: \$.listen\[0\].prot: unknown field'
change '"port": 8080' '"port": "8080"' '\$.listen\[0\].port: must be a whole number'
change '"port": 8085' '"port": 0' '\$.upstream.port: 0 is not in 1..65535'
change '"classes": 3' '"classes": 4' 'iris.scrim.: takes 3 classes, and output .predict_proba. has 4'
change '"form": "prob' '"form": "Prob' '\$.models\[0\].outputs\[0\].form: .Probabilities. is none of'
change '"identity": "header",' '' '\$.budget.identity: is missing'
head -c 300 serve.json >cut.json
expect "not JSON" 65 "cut.json" check cut.json
expect "no file" 74 "none.json.: No such file" check none.json
expect "no configuration" 64 "config is missing" "$scrim" scores serve
finish
