# scrim sign, scrim verify.
. "$(dirname "$0")/lib.sh"

openssl genpkey -algorithm ed25519 -out ed.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem 2>/dev/null
openssl genpkey -algorithm ed25519 -out other.pem 2>/dev/null
for key in ed p256 other; do openssl pkey -in $key.pem -pubout -out $key.pub; done
printf 'weights' >data

for key in ed p256; do
  expect "$key: sign" 0 "" "$scrim" sign data -k $key.pem
  expect "$key: verify" 0 "" "$scrim" verify data -p $key.pub
  id=$(openssl pkey -pubin -in $key.pub -outform DER | sha256sum | cut -d ' ' -f 1)
  grep -q "^signed by .* key $id\$" stdout && grep -q -x "key: $id" data.sig
  verdict "$key: the id is the hash of the public key" $?
  # The openssl command agrees: the last line is a signature of the first four.
  head -4 data.sig >statement
  sed -n 's/^signature: //p' data.sig | openssl base64 -d -A >signature
  case $key in
    ed) openssl pkeyutl -verify -pubin -inkey ed.pub -rawin -in statement -sigfile signature >/dev/null 2>&1 ;;
    p256) openssl dgst -sha256 -verify p256.pub -signature signature statement >/dev/null 2>&1 ;;
  esac
  verdict "$key: openssl verifies it too" $?
  grep -q -x "content: sha256:$(sha256sum <data | cut -d ' ' -f 1)" data.sig
  verdict "$key: the content is its SHA-256" $?

  printf 'weighty' >changed
  expect "$key: wrong bytes" 77 "wrong content" "$scrim" verify changed -s data.sig -p $key.pub
  head -c 100 data.sig >cut.sig
  expect "$key: cut in its head" 77 "malformed signature" "$scrim" verify data -s cut.sig -p $key.pub
  head -c -5 data.sig >cut.sig
  expect "$key: cut at its end" 77 "malformed signature" "$scrim" verify data -s cut.sig -p $key.pub
  sed 's/^\(signature: .*\)..\(==*\)*$/\1AA\2/' data.sig >changed.sig
  expect "$key: changed" 77 "signature" "$scrim" verify data -s changed.sig -p $key.pub
  cp data moved && expect "$key: renamed" 0 "" "$scrim" verify moved -s data.sig -p $key.pub
done
expect "wrong scheme" 77 "wrong scheme: an ecdsa-p256-sha256 signature" "$scrim" verify data -p ed.pub
"$scrim" sign data -k ed.pem
expect "wrong key" 77 "wrong key" "$scrim" verify data -p other.pub
expect "json" 0 "" "$scrim" verify data -p ed.pub --json
grep -q -x '{"scheme": "ed25519", "key": "[0-9a-f]\{64\}"}' stdout
verdict "json says who" $?
cp data.sig kept.sig
"$scrim" sign data -k ed.pem
cmp -s data.sig kept.sig
verdict "Ed25519 signs the same bytes with the same bytes" $?

rm data.sig
refuse "no signature" 74 "data.sig.: No such file" "$scrim" verify data -p ed.pub
refuse "no file" 74 "none.: No such file" "$scrim" sign none -k ed.pem
chmod 644 ed.pem
refuse "a private key open to others" 77 "must be 0600" "$scrim" sign data -k ed.pem
chmod 600 ed.pem
refuse "a public key cannot sign" 77 "" "$scrim" sign data -k ed.pub
refuse "a private key does not verify" 77 "no public key" "$scrim" verify data -p ed.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem 2>/dev/null
refuse "another curve" 77 "must be Ed25519, or EC on the curve P-256" "$scrim" sign data -k p384.pem
refuse "no key" 64 "key is missing" "$scrim" sign data
refuse "head without log" 64 "head is for --log" "$scrim" verify data -p ed.pub --head 00
finish
