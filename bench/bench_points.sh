#!/bin/sh
# bench_points.sh BUILD [FRAME.bin [PLOT.svg]]: neighbours and planes on one thread against the number of points; the scene
# filter on a frame; and, where the Point Cloud Library is installed (libpcl-dev), neighbours and planes against it on
# that frame: a KITTI one, or a made scene of 120,000 points.
set -eu
build=$1
here=$(dirname "$0")
libraries="pcl_features pcl_filters pcl_search"
frame=${2:-$build/bench/scene.bin}
[ $# -gt 1 ] || "$build/bench/bench_points" write 120000 "$frame"
set -- "$build" "$frame" --filter "$here/../models/snow.scrim" ${3:+--plot "$3"}
# $libraries is a list of words, and so is what pkg-config answers.
# shellcheck disable=SC2086,SC2046
if ! pkg-config --exists $libraries; then
  echo "no comparison with PCL: libpcl-dev is not installed"
else
  [ "$build/bench/bench_points_pcl" -nt "$here/bench_points_pcl.cpp" ] ||
    g++ -std=c++14 -O3 $(pkg-config --cflags $libraries) -o "$build/bench/bench_points_pcl" \
      "$here/bench_points_pcl.cpp" $(pkg-config --libs $libraries)
  set -- "$@" --pcl
fi
exec "${PYTHON:-/usr/bin/python3}" "$here/bench_points.py" "$@"
