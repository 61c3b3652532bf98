#!/bin/sh
# bench_points.sh BUILD [FRAME.bin]: neighbours and planes on one thread against the number of points; and, where the
# Point Cloud Library is installed (libpcl-dev), against it on the same frame: a KITTI one, or a made scene of 120,000
# points.
set -eu
build=$1
here=$(dirname "$0")
"$build/bench/bench_points"
libraries="pcl_features pcl_filters pcl_search"
# $libraries is a list of words, and so is what pkg-config answers.
# shellcheck disable=SC2086,SC2046
if ! pkg-config --exists $libraries; then
  echo "no comparison with PCL: libpcl-dev is not installed"
  exit 0
elif [ ! "$build/bench/bench_points_pcl" -nt "$here/bench_points_pcl.cpp" ]; then
  g++ -std=c++14 -O3 $(pkg-config --cflags $libraries) -o "$build/bench/bench_points_pcl" \
    "$here/bench_points_pcl.cpp" $(pkg-config --libs $libraries)
fi
frame=${2:-$build/bench/scene.bin}
[ $# -gt 1 ] || "$build/bench/bench_points" write 120000 "$frame"
"$build/bench/bench_points" "$frame"
"$build/bench/bench_points_pcl" "$frame"
