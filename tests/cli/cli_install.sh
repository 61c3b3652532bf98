# make install: what lands where, and whether a program builds against it by pkg-config alone.
. "$(dirname "$0")/lib.sh"
small_filter
prefix=/opt/scrim
at=$work/root$prefix
version=$("$scrim" --version | cut -d' ' -f2)
CC=${CC:-gcc}
run_make() { make -s -C "$root" "$@" BUILD="$BUILD" CC="$CC" SAN="${SAN:-}" DESTDIR="$work/root" PREFIX=$prefix; }

expect "install" 0 "" run_make install
for file in bin/scrim lib/libscrim.a "lib/libscrim.so.$version" lib/libscrim.so lib/pkgconfig/scrim.pc include/scrim.h \
  include/scrim/filter.h share/scrim/cloud.scrim share/man/man1/scrim.1 share/man/man5/scrim-serve.5; do
  [ -f "$at/$file" ]
  verdict "installs $file" $?
done
case $(readelf -d "$at/lib/libscrim.so") in *"[libscrim.so.${version%%.*}]"*) true ;; *) false ;; esac
verdict "the library's name carries the major version" $?

PKG_CONFIG_PATH=$at/lib/pkgconfig
export PKG_CONFIG_PATH
pc() { pkg-config --define-variable=prefix="$at" --define-variable=libdir="$at/lib" "$@" scrim; }
[ "$(pc --modversion)" = "$version" ]
verdict "pkg-config knows the version" $?
sanitise=${SAN:+-fsanitize=address,undefined}
# Flags are lists of words.
# shellcheck disable=SC2046,SC2086
expect "build against the shared library" 0 "" \
  $CC -std=c99 $sanitise $(pc --cflags) -o shared "$root/examples/wrap_classifier.c" $(pc --libs) -lm
expect "run it" 0 "" env LD_LIBRARY_PATH="$at/lib" ./shared three.scrim my.key
rm "$at"/lib/libscrim.so*
# shellcheck disable=SC2046,SC2086
expect "build against the static library" 0 "" \
  $CC -std=c99 $sanitise $(pc --cflags) -o static "$root/examples/wrap_classifier.c" $(pc --libs --static) -lm
expect "run it" 0 "" ./static three.scrim my.key

expect "uninstall" 0 "" run_make uninstall
[ -z "$(find "$work/root" -type f -o -type l)" ]
verdict "nothing is left" $?
finish
