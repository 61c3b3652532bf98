# scrim scores serve: the command around the proxy. Answers equal those of scores apply; signals reload and end it.
. "$(dirname "$0")/lib.sh"
small_filter
talk=$BUILD/tests/programs/talk
children=
trap 'kill $children 2>/dev/null; rm -rf "$work"' EXIT

# wait_for FILE: until it holds a line, 10 s at most.
wait_for() {
  for _ in $(seq 200); do
    [ -s "$1" ] && return
    sleep 0.05
  done
}

# config PORT FILTER: serve.json with both protocols in front of the stub.
config() {
  out="\"outputs\": [{\"name\": \"scores\", \"form\": \"probabilities\", \"classes\": 3,
    \"filter\": \"$2\", \"key\": \"my.key\"}]"
  cat >serve.json <<EOF
{
  "listen": [{"address": "127.0.0.1", "port": $1}],
  "upstream": {"host": "127.0.0.1", "port": $(cat upstream.port)},
  "models": [{"name": "good", "dialect": "oip2", $out}, {"name": "slow", "dialect": "oip2", $out},
             {"name": "rows", "dialect": "kserve1", $out}],
  "logs": {"access": "access.log"},
  "allow_unsigned": true
}
EOF
}

# request METHOD TARGET [BODY-FILE]: one request, and its answer in ./answer.
request() {
  body=${3:-/dev/null}
  { printf '%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' "$1" "$2" "$(wc -c <"$body")"
    cat "$body"; } | "$talk" "$port" >answer
}
# same NAME: the numbers of the last line of ./answer are those of due.csv, digit by digit.
same() {
  { tail -1 answer | sed 's/.*\("data":\|"predictions":\)//; s/[^0-9.,e-]//g' | tr , '\n'; echo; } >got
  tr , '\n' <due.csv | cmp -s - got
  verdict "$1" $?
}
answers() { head -1 answer | grep -q "^HTTP/1.1 $1 "; }

"$BUILD/tests/programs/upstream" >upstream.port &
children=$!
wait_for upstream.port

# ---- start
config 0 three.scrim
expect "check" 0 "" "$scrim" scores serve --check --config serve.json
"$scrim" scores serve --config serve.json 2>events &
serve=$!
children="$children $serve"
wait_for events
port=$(sed -n 's/.*"listening on 127.0.0.1:\([0-9]*\)".*/\1/p' events)
[ -n "$port" ]
verdict "says where it listens" $?
request GET /v2/health/ready
answers 200
verdict "is ready" $?

# ---- the same numbers as scores apply: 1,000 rows, both protocols
scores 1000 3 2 1.5 big
"$scrim" scores apply -f three.scrim -k my.key big.csv due.csv
{ printf '{"inputs": [{"name": "x", "shape": [1000, 3], "datatype": "FP32", "data": ['
  paste -s -d, big.csv | tr -d '\n'
  printf ']}]}'; } >infer.json
request POST /v2/models/good/infer infer.json
same "OIP answers as scores apply does"
{ printf '{"instances": ['
  sed 's/.*/[&]/' big.csv | paste -s -d, | tr -d '\n'
  printf ']}'; } >predict.json
request POST /v1/models/rows:predict predict.json
same "KServe v1 answers as scores apply does"
head -c 60 infer.json >half.json
request POST /v2/models/good/infer half.json
answers 400 && ! grep -q '"data"' answer
verdict "half a request is refused" $?

# ---- what may be said about it
grep -q '"route":"infer","model":"good","status":200' access.log
verdict "the access log has the request" $?
first=$(head -1 big.csv | cut -d, -f1)
! grep -q -e "$first" access.log events
verdict "no log has a score" $?

# ---- SIGHUP
echo "{" >serve.json
kill -HUP $serve
for _ in $(seq 100); do grep -q '"error","event":"reload"' events && break; sleep 0.05; done
grep -q '"level":"error","event":"reload"' events
verdict "a bad configuration is logged" $?
request POST /v2/models/good/infer infer.json
answers 200
verdict "and the old one stays" $?
"$scrim" scores train --reference ref.csv --set epochs=5 --set decimals=1 -q -o rough.scrim
config 0 rough.scrim
kill -HUP $serve
for _ in $(seq 100); do grep -q '"info","event":"reload"' events && break; sleep 0.05; done
"$scrim" scores apply -f rough.scrim -k my.key big.csv due.csv
request POST /v2/models/good/infer infer.json
same "a good one is in force at once"

# ---- SIGTERM
head -2 big.csv >two.csv
echo '{"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [0.7,0.2,0.1]}]}' >one.json
request POST /v2/models/slow/infer one.json &
asking=$!
sleep 0.3
kill -TERM $serve
sleep 0.2
"$talk" "$port" </dev/null >/dev/null
[ $? -eq 1 ] || sleep 0.2
wait $asking
answers 200
verdict "the request under way is finished" $?
wait $serve
verdict "SIGTERM ends it well" $?
"$talk" "$port" </dev/null >/dev/null
[ $? -eq 1 ]
verdict "nobody listens any more" $?

# ---- command lines and configurations that are no good
expect "no configuration" 64 "scores serve: --config is missing" "$scrim" scores serve
expect "absent configuration" 74 "absent.json" "$scrim" scores serve --config absent.json
config 0 absent.scrim
expect "absent filter" 74 "absent.scrim" "$scrim" scores serve --config serve.json
config 0 three.scrim
sed -i 's/"allow_unsigned": true/"allow_unsigned": false/' serve.json
expect "unsigned filter" 64 "trusted_keys" "$scrim" scores serve --config serve.json
config 0 three.scrim
sed -i 's/"listen"/"lissten"/' serve.json
expect "unknown field" 64 "lissten" "$scrim" scores serve --check --config serve.json
config "$(cat upstream.port)" three.scrim
expect "port in use" 74 "cannot listen on 127.0.0.1" "$scrim" scores serve --config serve.json
finish
