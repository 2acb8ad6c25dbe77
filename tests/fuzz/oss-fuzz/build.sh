#!/bin/bash -eu
# SPDX-License-Identifier: MIT
#
# Builds every harness, with its seeds and dictionary, into $OUT from the tree
# $SRC/tlsfloor, in the form of OSS-Fuzz: CC, CXX, their flags and
# LIB_FUZZING_ENGINE say for which fuzzer. scripts/fuzz builds with it, too.

cd "$SRC/tlsfloor"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags=(-std=c11 -D_GNU_SOURCE -Icommon -Ipostfix-policyd -Idovecot-plugin -Iadmin -Itests/unit
    '-DTLSFLOOR_SYSCONFDIR="/etc/tlsfloor"')

compile() {
    # shellcheck disable=SC2086 # CFLAGS is a list of words
    $CC $CFLAGS "${flags[@]}" -c "$1" -o "$work/$(basename "$1" .c).o"
}

for source in common/*.c postfix-policyd/{adapter,request}.c dovecot-plugin/verdict.c \
    admin/probe-reply.c tests/unit/audit-line.c; do
    compile "$source"
done
ar rcs "$work/libtested.a" "$work"/*.o

for source in tests/fuzz/fuzz-*.c; do
    harness=$(basename "$source" .c)
    name=${harness#fuzz-}
    compile "$source"
    # A C++ compiler, as the fuzzer may be C++; libcdb from its archive, as it is not there later.
    # shellcheck disable=SC2086 # lists of words
    $CXX $CXXFLAGS "$work/$harness.o" "$work/libtested.a" $LIB_FUZZING_ENGINE -l:libcdb.a \
        -o "$OUT/$harness"
    python3 -m zipfile -c "$OUT/${harness}_seed_corpus.zip" "tests/fuzz/seeds/$name"/*
    [ ! -e "tests/fuzz/$name.dict" ] || cp "tests/fuzz/$name.dict" "$OUT/$harness.dict"
done
