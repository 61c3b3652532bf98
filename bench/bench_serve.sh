#!/bin/sh
# bench_serve.sh BUILD [SECONDS]: what scrim scores serve costs beside nginx that proxies and filters nothing, in one
# run of 15 times SECONDS (10). That its memory stays flat is for tests/acceptance/soak.
#
# The model server is nginx with a canned answer. It shares processor 1 with wrk; the proxy under test has processor 0
# for itself, with one worker, so that its share of a processor is what is compared. Rounds alternate, medians are
# printed.
#
#   throughput  10 classes, 32 connections that ask again at once: requests a second, and the proxy's processor time
#               for each
#   latency     100 classes, 20 connections that pause 0 to 40 ms at random between two requests: about 1,000 requests
#               a second. wrk has no rate of its own; its clock starts when the request is sent, after the pause.
#
# Needs an otherwise idle machine with two processors. So that one can tell, the load average is printed as it was
# before, and the spread of each 99th percentile over the rounds.
set -eu
build=$(cd "$1" && pwd)
seconds=${2:-10}
PATH=$PATH:/usr/sbin
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
rounds=3
loaded=$(cut -d' ' -f1 /proc/loadavg)
work=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"

# ---- parts

# answer K: what the model server says, with K classes.
answer() {
  awk -v k="$1" 'BEGIN {
    printf "{\"model_name\":\"m%d\",\"outputs\":[{\"name\":\"scores\",\"shape\":[1,%d],", k, k
    printf "\"datatype\":\"FP32\",\"data\":["
    for (i = 1; i <= k; i++) printf "%.9f%s", i * 2 / (k * (k + 1)), i < k ? "," : "]}]}"
  }'
}

# filter K: filter-K.scrim, trained for a moment; the network is as large as after an hour.
filter() {
  awk -v k="$1" 'BEGIN {
    srand(1)
    for (i = 0; i < 600; i++) {
      y = int(rand() * k); sum = 0
      for (j = 0; j < k; j++) sum += e[j] = exp(2 * rand() + (j == y) * 3)
      for (j = 0; j < k; j++) printf "%.8f%s", e[j] / sum, j + 1 < k ? "," : "\n"
    }
  }' >"scores-$1.csv"
  "$build/scrim" scores train --reference "scores-$1.csv" --set epochs=5 -q -o "filter-$1.scrim"
}

# nginx_conf FILE SERVERS...: one worker, nothing logged, files under this folder.
nginx_conf() {
  file=$1
  cat >"$file" <<EOF
worker_processes 1; daemon off; pid $work/$file.pid; error_log $work/$file.log;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
  $2
}
EOF
}

# start PROCESSOR COMMAND...: in the background on that processor; $! is its id.
start() {
  taskset -c "$1" sh -c 'shift; exec "$@"' start "$@" &
  pids="$pids $!"
}

# ---- what runs

model() { printf '{"name": "m%d", "dialect": "oip2", "outputs": [{"name": "scores", "form": "probabilities",
  "classes": %d, "filter": "filter-%d.scrim", "key": "key"}]}' "$1" "$1" "$1"; }

"$build/scrim" key new key
filter 10
filter 100
nginx_conf upstream.conf "server { listen 127.0.0.1:18301;
    location /v2/models/m10/ { return 200 '$(answer 10)'; } location /v2/models/m100/ { return 200 '$(answer 100)'; } }"
nginx_conf plain.conf "upstream model { server 127.0.0.1:18301; keepalive 64; }
  server { listen 127.0.0.1:18302;
    location / { proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection \"\"; } }"
cat >serve.json <<EOF
{"listen": [{"address": "127.0.0.1", "port": 18303}], "upstream": {"host": "127.0.0.1", "port": 18301},
 "models": [$(model 10), $(model 100)], "allow_unsigned": true}
EOF
cat >ask.lua <<'EOF'
wrk.method = "POST"
wrk.body = '{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}]}'
wrk.headers["Content-Type"] = "application/json"
EOF
cat ask.lua >pause.lua
echo 'function delay() return math.random(0, 40) end' >>pause.lua

start 1 nginx -c "$work/upstream.conf" 2>/dev/null
start 0 nginx -c "$work/plain.conf" 2>/dev/null
start 0 "$build/scrim" scores serve --config serve.json 2>serve.log
serve=$!
sleep 1
plain=$(pgrep -P "$(cat plain.conf.pid)")
kill -0 $serve

# ---- measuring

# ticks PID: processor time so far, in hundredths of a second.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# load NAME PORT PID: a round of throughput into NAME.rate and NAME.cost (us a request).
load() {
  before=$(ticks "$3")
  taskset -c 1 wrk -t1 -c32 -d"${seconds}s" -s ask.lua "http://127.0.0.1:$2/v2/models/m10/infer" >out
  after=$(ticks "$3")
  ! grep -q "Non-2xx" out || { cat out; exit 1; }
  awk '/requests in/ { print $1 / '"$seconds"' }' out >>"$1.rate"
  awk '/requests in/ { print ('"$after - $before"') * 10000 / $1 }' out >>"$1.cost"
}

# wait_times NAME PORT: a round of latency into NAME.p50, NAME.p99 (ms) and NAME.pace (requests a second).
wait_times() {
  taskset -c 1 wrk -t1 -c20 -d"${seconds}s" --latency -s pause.lua "http://127.0.0.1:$2/v2/models/m100/infer" >out
  ! grep -q "Non-2xx" out || { cat out; exit 1; }
  for p in 50 99; do
    awk -v p="$p%" '$1 == p { f = $2 ~ /us$/ ? 0.001 : $2 ~ /ms$/ ? 1 : 1000; print $2 * f }' out >>"$1.p$p"
  done
  awk '/Requests\/sec/ { print $2 }' out >>"$1.pace"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
spread() { sort -n "$1" | awk 'NR == 1 { least = $1 } END { printf "%.3f to %.3f", least, $1 }'; }
# verdict TEXT VALUE LEAST MOST
verdict() { awk -v t="$1" -v v="$2" -v l="$3" -v m="$4" 'BEGIN { print (v >= l && v <= m ? "yes" : "NO ") "  " t }'; }

for _ in $(seq $rounds); do
  load plain 18302 "$plain"
  load scrim 18303 $serve
  wait_times direct 18301
  wait_times plain 18302
  wait_times scrim 18303
done

printf 'load average %s before; medians of %d rounds of %d s\n\n' "$loaded" $rounds "$seconds"
printf 'throughput, 10 classes        requests/s   processor us each\n'
for name in plain scrim; do
  printf '  %-26s %12.0f %19.1f\n' $name "$(median $name.rate)" "$(median $name.cost)"
done
ratio=$(awk -v a="$(median scrim.rate)" -v b="$(median plain.rate)" 'BEGIN { printf "%.2f", a / b }')
awk -v r="$ratio" -v c="$(median scrim.cost)" -v d="$(median plain.cost)" \
  'BEGIN { printf "  %-26s %12.2f %19.2f\n\n", "scrim / plain", r, c / d }'
printf 'latency, 100 classes          requests/s     p50 ms     p99 ms   over the rounds\n'
for name in direct plain scrim; do
  printf '  %-26s %12.0f %10.3f %10.3f   %s\n' $name "$(median $name.pace)" "$(median $name.p50)" \
    "$(median $name.p99)" "$(spread $name.p99)"
done
for name in plain scrim; do
  added=$(awk -v a="$(median $name.p99)" -v b="$(median direct.p99)" 'BEGIN { printf "%.3f", a - b }')
  printf '  %-26s %12s %10s %10.3f\n' "added by $name" "" "" "$added"
done
echo
verdict "at least half of nginx's throughput on one processor with 10 classes" "$ratio" 0.5 1e9
verdict "at most 2 ms added to the 99th percentile with 100 classes" "$added" -1e9 2
