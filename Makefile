# Scrim. `make` alone prints help. Variables: CC, CFLAGS, SAN=1, BUILD, PREFIX, DESTDIR, V=1 (show commands).

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := $(if $(findstring clang,$(CC)),clang++,g++)
endif
AR ?= ar
OBJCOPY ?= objcopy
CLANG_FORMAT ?= clang-format
# The one that Debian's python3-torch belongs to.
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
# The command looks for filters that come along in ../share/scrim from where it is.
MODELDIR := $(PREFIX)/share/scrim

VERSION := $(shell sed -n 's/^.define SCRIM_VERSION "\(.*\)"/\1/p' include/scrim/version.h)
SONAME := libscrim.so.$(firstword $(subst ., ,$(VERSION)))

# A sanitised build lives apart, so that both can be kept warm. UBSan and ASan stop at the first finding.
ifdef SAN
BUILD ?= build/san
OPTIMISE := -O1 -fno-omit-frame-pointer
SANITISE := -fsanitize=address,undefined -fno-sanitize-recover=all
else
BUILD ?= build
OPTIMISE := -O3
NO_UNDEFINED := -Wl,--no-undefined
endif

# The backend for GPUs is a shared object of its own, which the library opens if it is there. WITH_CUDA=auto builds it
# where an nvcc is found that knows Blackwell (12.8 and later), and cuBLAS beside it; yes insists on it; no leaves it
# out, as sanitised builds do. CUDA_ARCH: code for Turing, Ampere (Ada runs it too), Hopper and Blackwell, and PTX for
# what comes between and after.
WITH_CUDA ?= $(if $(SAN),no,auto)
NVCC ?= $(firstword $(shell command -v nvcc 2>/dev/null) $(wildcard /usr/local/cuda/bin/nvcc))
NO_CUDA := no nvcc was found
ifeq ($(WITH_CUDA),no)
override NVCC :=
NO_CUDA := WITH_CUDA=no
else ifneq ($(NVCC),)
CUDA_HOME := $(patsubst %/bin/nvcc,%,$(realpath $(shell command -v $(NVCC) 2>/dev/null)))
ifeq ($(WITH_CUDA)$(filter sm_120,$(shell $(NVCC) --list-gpu-code 2>/dev/null)),auto)
NO_CUDA := $(NVCC) is older than 12.8
override NVCC :=
else ifeq ($(WITH_CUDA)$(wildcard $(CUDA_HOME)/include/cublas_v2.h),auto)
NO_CUDA := beside $(NVCC) there is no cuBLAS
override NVCC :=
endif
endif
CUDA_ARCH ?= $(foreach n,75 80 90 120,-gencode arch=compute_$(n),code=sm_$(n)) -gencode arch=compute_90,code=compute_90

# pkg-config may be missing when `make demo` starts on a fresh machine: the answers are then empty, the packages are
# installed, and make is started again.
PACKAGES := openblas fftw3f libcjson libcrypto sndfile soxr
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
# What src/serve needs besides: the command has it, the library has not.
SERVE_PACKAGES := libevent_core libevent_openssl libssl
SERVE_CFLAGS := $(shell pkg-config --cflags $(SERVE_PACKAGES) 2>/dev/null)
SERVE_LIBS := $(shell pkg-config --libs $(SERVE_PACKAGES) 2>/dev/null)

# The target is the plain x86-64 baseline: vector code is chosen when the program runs. Contraction is switched off by
# name because clang would otherwise fuse multiplications with additions where gcc does not.
WARN := -Wall -Wextra -Werror
BASE := -std=c11 -D_POSIX_C_SOURCE=200809L $(OPTIMISE) -g -ffp-contract=off -fno-math-errno $(WARN) $(SANITISE)
LIB_CFLAGS := $(BASE) -fPIC -fvisibility=hidden -pthread -DSCRIM_BUILD -Iinclude -Isrc $(PACKAGE_CFLAGS) $(CFLAGS)
TOOL_CFLAGS := $(BASE) -pthread -Iinclude $(CFLAGS)
TEST_CFLAGS := $(LIB_CFLAGS) $(SERVE_CFLAGS) -Itests -Ibench
LIBS := $(PACKAGE_LIBS) -lm -pthread
# Kernels are C++ in what nvcc asks for only. A GPU contracts as it likes; the emulation does as the CPU does.
NVCC_FLAGS := -std=c++17 -O3 -Werror all-warnings -Iinclude -Isrc \
  -Xcompiler -fPIC,-fvisibility=hidden,-fno-exceptions,-Wall,-Wextra -DSCRIM_BUILD
CXX_FLAGS := -std=c++17 $(OPTIMISE) -g -ffp-contract=off -fno-math-errno $(WARN) -Wno-unknown-pragmas $(SANITISE) \
  -fPIC -pthread \
  -DSCRIM_BUILD -Iinclude -Isrc $(PACKAGE_CFLAGS)
LINK := -Wl,--as-needed $(SANITISE) $(LDFLAGS)

SERVE := $(sort $(wildcard src/serve/*.c))
CUDA := $(sort $(wildcard src/cuda/*.c))
KERNELS := $(sort $(wildcard src/cuda/*.cu))
EMULATION := $(sort $(wildcard tests/emulated_cuda/*.cc))
SRC := $(filter-out $(SERVE) $(CUDA),$(sort $(wildcard src/*.c src/*/*.c)))
TOOLS := $(sort $(wildcard tools/*.c))
TESTS := $(sort $(wildcard tests/test_*.c))
TEST_PROGRAMS := $(sort $(wildcard tests/programs/*.c))
TEST_SUPPORT := $(filter-out $(TESTS),$(sort $(wildcard tests/*.c tests/support/*.c)))
BENCH_CUDA := bench/bench_cuda.c $(sort $(wildcard bench/cuda_*.c))
BENCHES := $(filter-out $(BENCH_CUDA),$(sort $(wildcard bench/bench_*.c)))
LAB := $(sort $(wildcard bench/lab.c bench/lab_*.c))
BENCH_SUPPORT := $(filter-out $(BENCHES) $(BENCH_CUDA) $(LAB),$(sort $(wildcard bench/*.c)))
FUZZERS := $(sort $(wildcard fuzz/fuzz_*.c))
EXAMPLES := $(sort $(wildcard examples/*.c))
MODELS := $(sort $(wildcard models/*.scrim))
HEADERS := $(sort $(wildcard include/*.h include/scrim/*.h))

# A line a file, or with V=1 the commands.
ifndef V
say = @echo "  $(1) $@" &&
endif

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
cuda_objects = $(patsubst %,$(BUILD)/%.o,$(1))
emulated_objects = $(patsubst %,$(BUILD)/emulated/%.o,$(1))
programs = $(patsubst %.c,$(BUILD)/%,$(1))

ALL_LIB := $(BUILD)/libscrim-all.a
STATIC_LIB := $(BUILD)/libscrim.a
SERVE_LIB := $(BUILD)/libserve-all.a
COMMAND_LIB := $(BUILD)/libscrim-command.a
SHARED_LIB := $(BUILD)/libscrim.so.$(VERSION)
TEST_LIB := $(BUILD)/tests/libsupport.a
BENCH_LIB := $(BUILD)/bench/libsupport.a
COMMAND := $(BUILD)/scrim
CUDA_LIB := $(BUILD)/libscrim-cuda.so
EMULATED_LIB := $(BUILD)/emulated/libcuda-all.a
EMULATED_CUDA_LIB := $(BUILD)/emulated/libscrim-cuda.so

.PHONY: help lib cuda tools demo test bench acceptance examples fuzz format install uninstall clean packages
.PHONY: check-format check-symbols check-headers check-man check-corpus tests \
  run-demo run-test run-bench run-acceptance run-fuzz FORCE

help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
	  while IFS='	' read -r target text; do printf '  make %-14s %s\n' "$$target" "$$text"; done
	@echo '  Variables: CC=clang, SAN=1 (ASan and UBSan, in build/san), CFLAGS, BUILD, PREFIX, DESTDIR.'

## ---- what is built

lib: $(STATIC_LIB) $(SHARED_LIB) cuda ## the library, static and shared, and the backend for GPUs
cuda: ## the backend for GPUs, if nvcc is there: build/libscrim-cuda.so
tools: $(COMMAND) ## the scrim command: build/scrim
tests: $(call programs,$(TESTS) $(TEST_PROGRAMS)) ## the test programs, not run
examples: $(call programs,$(EXAMPLES)) ## the programs of examples/

# The whole library with its internal symbols: for tests and benches, which link before any of them is hidden.
$(ALL_LIB): $(call objects,$(SRC))
$(SERVE_LIB): $(call objects,$(SERVE))
$(TEST_LIB): $(call objects,$(TEST_SUPPORT))
$(BENCH_LIB): $(call objects,$(BENCH_SUPPORT))
$(ALL_LIB) $(SERVE_LIB) $(TEST_LIB) $(BENCH_LIB): $(BUILD)/sources
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $(filter %.o,$^)

# One object whose internal symbols are local: a user's program may have an arena_create of its own. The command's has
# the proxy in it as well.
$(STATIC_LIB): $(call objects,$(SRC))
$(COMMAND_LIB): $(call objects,$(SRC) $(SERVE))
$(STATIC_LIB) $(COMMAND_LIB): $(BUILD)/sources
	@rm -f $@
	$(call say,AR)ld -r -o $(@:.a=.o) $(filter %.o,$^) && \
	  $(OBJCOPY) --wildcard --keep-global-symbol='scrim_*' $(@:.a=.o) && $(AR) rcs $@ $(@:.a=.o)

$(SHARED_LIB): $(call objects,$(SRC)) $(BUILD)/sources build-aux/scrim.map
	$(call say,LD)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=build-aux/scrim.map $(NO_UNDEFINED) \
	  -Wl,-z,relro,-z,now $(LINK) -o $@ $(filter %.o,$^) $(LIBS)
	@ln -sf $(@F) $(BUILD)/$(SONAME)
	@ln -sf $(SONAME) $(BUILD)/libscrim.so

# The command and the examples link archives of public symbols: they cannot reach into the library.
$(COMMAND): $(call objects,$(TOOLS)) $(COMMAND_LIB)
	$(call say,LD)$(CC) $(LINK) -o $@ $^ $(LIBS) $(SERVE_LIBS)
$(BUILD)/examples/%: $(BUILD)/examples/%.o $(STATIC_LIB)
	$(call say,LD)$(CC) $(LINK) -o $@ $^ $(LIBS)

# The kernels by nvcc, their adapters by the C compiler. It needs nothing of the library at run time: what it shares
# with it is linked from the archive.
# Not ifdef: NVCC may be a search that finds nothing.
ifneq ($(NVCC),)
cuda: $(CUDA_LIB)
else ifeq ($(WITH_CUDA),yes)
cuda:
	@echo 'WITH_CUDA=yes, but there is no nvcc: set NVCC' && false
else
cuda:
	@echo '  no backend for GPUs: $(NO_CUDA)'
endif
CUDA_LIBS := -L$(CUDA_HOME)/lib64 -Wl,-rpath,$(CUDA_HOME)/lib64 -lcublas -lcufft -lcudart_static -lstdc++ -ldl -lrt
$(CUDA_LIB): $(call cuda_objects,$(CUDA) $(KERNELS)) $(ALL_LIB) build-aux/scrim.map
	$(call say,LD)$(CC) -shared -Wl,--version-script=build-aux/scrim.map $(NO_UNDEFINED) -Wl,-z,relro,-z,now $(LINK) \
	  -o $@ $(filter %.o,$^) $(ALL_LIB) $(CUDA_LIBS) $(LIBS)
# Each has the kernels in it, and beside it the object that filters open.
$(BUILD)/bench_cuda: $(call cuda_objects,$(BENCH_CUDA) $(CUDA) $(KERNELS)) $(ALL_LIB)
	$(call say,LD)$(CC) $(LINK) -o $@ $^ $(CUDA_LIBS) $(LIBS)
$(BUILD)/emulated/bench_cuda: $(call emulated_objects,$(BENCH_CUDA)) $(EMULATED_LIB) $(ALL_LIB)
	$(call say,LD)$(CXX) $(LINK) -o $@ $^ $(LIBS)

# The same sources on the processor, for tests: tests/emulated_cuda stands before the toolkit's headers.
$(EMULATED_LIB): $(call emulated_objects,$(CUDA) $(KERNELS) $(EMULATION)) $(BUILD)/sources
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $(filter %.o,$^)
$(EMULATED_CUDA_LIB): $(EMULATED_LIB) $(ALL_LIB) build-aux/scrim.map
	$(call say,LD)$(CXX) -shared -Wl,--version-script=build-aux/scrim.map $(LINK) -o $@ \
	  -Wl,--whole-archive $(EMULATED_LIB) -Wl,--no-whole-archive $(ALL_LIB) $(LIBS)
$(BUILD)/tests/test_backend_open: $(EMULATED_CUDA_LIB)
$(BUILD)/tests/test_cuda_%: $(BUILD)/tests/test_cuda_%.o $(EMULATED_LIB) $(TEST_LIB) $(ALL_LIB)
	$(call say,LD)$(CXX) $(LINK) -o $@ $^ $(LIBS) -lcmocka

# A test's own objects come first, so that a test may bring its own builtin_filters.
$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(TEST_LIB) $(SERVE_LIB) $(ALL_LIB)
	$(call say,LD)$(CC) $(LINK) -o $@ $^ $(LIBS) $(SERVE_LIBS) -lcmocka
# What the scripts of tests/cli talk to.
$(BUILD)/tests/programs/%: $(BUILD)/tests/programs/%.o $(TEST_LIB)
	$(call say,LD)$(CC) $(LINK) -o $@ $^ $(LIBS) $(SERVE_LIBS)
$(BUILD)/bench/bench_%: $(BUILD)/bench/bench_%.o $(BENCH_LIB) $(TEST_LIB) $(ALL_LIB)
	$(call say,LD)$(CC) $(LINK) -o $@ $^ $(LIBS) -lz
$(BUILD)/bench/lab: $(call objects,$(LAB)) $(BENCH_LIB) $(ALL_LIB)
	$(call say,LD)$(CC) $(LINK) -o $@ $^ $(LIBS) -lz

# The command line and the list of sources are kept beside the objects: other flags rebuild everything, a source that
# came or went rebuilds the archives.
remember = @mkdir -p $(@D) && echo '$(1)' | cmp -s - $@ || echo '$(1)' >$@
$(BUILD)/flags: FORCE
	$(call remember,$(CC) $(LIB_CFLAGS) $(LINK) $(LIBS) $(SERVE_LIBS))
$(BUILD)/sources: FORCE
	$(call remember,$(SRC) $(SERVE) $(CUDA) $(KERNELS) $(EMULATION) $(TEST_SUPPORT) $(BENCH_SUPPORT) $(TOOLS))

define compile
@mkdir -p $(@D)
$(call say,CC)$(CC) $(1) -MMD -MP -c $< -o $@
endef
define compile_cxx
@mkdir -p $(@D)
$(call say,CXX)$(CXX) $(CXX_FLAGS) $(1) -MMD -MP -c $< -o $@
endef
$(BUILD)/tools/%.o: tools/%.c $(BUILD)/flags
	$(call compile,$(TOOL_CFLAGS))
$(BUILD)/tools/cmd_scores_serve.o: TOOL_CFLAGS += -Isrc
$(BUILD)/examples/%.o: examples/%.c $(BUILD)/flags
	$(call compile,$(TOOL_CFLAGS))
$(BUILD)/src/cuda/%.c.o: src/cuda/%.c $(BUILD)/flags
	$(call compile,$(LIB_CFLAGS) -isystem $(CUDA_HOME)/include)
$(BUILD)/bench/%.c.o: bench/%.c $(BUILD)/flags
	$(call compile,$(LIB_CFLAGS) -isystem $(CUDA_HOME)/include)
$(BUILD)/src/cuda/%.cu.o: src/cuda/%.cu $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,NVCC)$(NVCC) $(NVCC_FLAGS) $(CUDA_ARCH) -MMD -MP -c $< -o $@
# What has a twin on the CPU that it must equal bit for bit, or whose ties the index decides, does not contract.
EXACT := places neighbours scene marker prior epsilon sets
$(EXACT:%=$(BUILD)/src/cuda/kernels_%.cu.o): NVCC_FLAGS += -fmad=false
$(BUILD)/emulated/%.c.o: %.c $(BUILD)/flags
	$(call compile,-Itests/emulated_cuda $(LIB_CFLAGS))
$(BUILD)/emulated/%.cu.o: %.cu $(BUILD)/flags
	$(call compile_cxx,-Itests/emulated_cuda -x c++)
$(BUILD)/emulated/%.cc.o: %.cc $(BUILD)/flags
	$(call compile_cxx,-Itests/emulated_cuda)
$(BUILD)/tests/test_cuda_%.o: TEST_CFLAGS += -Itests/emulated_cuda
$(BUILD)/src/serve/%.o: src/serve/%.c $(BUILD)/flags
	$(call compile,$(LIB_CFLAGS) $(SERVE_CFLAGS))
$(BUILD)/src/%.o: src/%.c $(BUILD)/flags
	$(call compile,$(LIB_CFLAGS))
$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call compile,$(TEST_CFLAGS))
.SECONDARY: # objects stay

-include $(patsubst %.o,%.d,$(call cuda_objects,$(BENCH_CUDA) $(CUDA) $(KERNELS)) \
  $(call emulated_objects,$(BENCH_CUDA) $(CUDA) $(KERNELS) $(EMULATION)))
-include $(patsubst %.c,$(BUILD)/%.d,$(SRC) $(SERVE) $(TOOLS) $(TESTS) $(TEST_PROGRAMS) $(TEST_SUPPORT) \
  $(BENCHES) $(LAB) $(BENCH_SUPPORT) \
  $(EXAMPLES) $(FUZZERS) fuzz/replay.c)

## ---- what is run: packages first, then make again, which by then finds pkg-config

packages: ## install the Debian packages that are missing (as root), or print the command that does
	@build-aux/install-packages build test

demo: ## train on real data, attack, and print the table: under 3 minutes
	@build-aux/install-packages build
	+@$(MAKE) --no-print-directory run-demo
run-demo: $(COMMAND) $(BUILD)/bench/lab $(BUILD)/examples/convert_table
	@BUILD=$(BUILD) demo/run

test: ## build and run every test
	@build-aux/install-packages build test
	+@$(MAKE) --no-print-directory run-test
run-test: lib tools tests examples
	@BUILD=$(BUILD) CC='$(CC)' SAN='$(SAN)' tests/run

bench: ## speed, as ratios against the same network in PyTorch
	@build-aux/install-packages build bench
	+@$(MAKE) --no-print-directory run-bench
run-bench: $(COMMAND) $(call programs,$(BENCHES))
	$(BUILD)/bench/bench_ops
	$(PYTHON) bench/bench_scores.py $(BUILD)/bench/bench_scores
	$(PYTHON) bench/bench_training.py $(BUILD)
	$(PYTHON) bench/bench_formats.py $(BUILD)
	bench/bench_serve.sh $(BUILD)
	bench/bench_points.sh $(BUILD)
	bench/bench_prior.py $(BUILD) models/cloud.scrim
	bench/bench_voice.py $(BUILD)

acceptance: ## slow checks: ten million rows, ten thousand faults, a Slurm array, model servers from PyPI
	@build-aux/install-packages build test acceptance
	+@$(MAKE) --no-print-directory run-acceptance
run-acceptance: tools $(BUILD)/tests/test_canary $(BUILD)/tests/programs/speech
	@BUILD=$(BUILD) tests/acceptance/run

## ---- fuzzing: one program a reader, its corpus in fuzz/corpus/<name>

FUZZ_SECONDS ?= 60

fuzz: ## fuzz each reader for FUZZ_SECONDS (needs clang)
	+@$(MAKE) --no-print-directory CC=clang SAN=1 BUILD=build/libfuzzer CFLAGS=-fsanitize=fuzzer-no-link run-fuzz
run-fuzz: $(patsubst fuzz/fuzz_%.c,$(BUILD)/fuzzing_%,$(FUZZERS))
	@for program in $^; do \
	  name=$${program##*/fuzzing_}; mkdir -p $(BUILD)/found/$$name; \
	  $$program -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(BUILD)/$$name- $(BUILD)/found/$$name \
	    fuzz/corpus/$$name >$(BUILD)/$$name.log 2>&1 || { tail -50 $(BUILD)/$$name.log; exit 1; }; \
	  echo "$$name: nothing found in $(FUZZ_SECONDS) s"; done
$(BUILD)/fuzzing_%: $(BUILD)/fuzz/fuzz_%.o $(SERVE_LIB) $(ALL_LIB)
	$(call say,LD)$(CC) -fsanitize=fuzzer $(LINK) -o $@ $^ $(LIBS) $(SERVE_LIBS)

# The same targets with a main of our own, under any compiler: every file of the corpus once.
check-corpus: $(call programs,$(FUZZERS)) ## replay the fuzzing corpus
	@for program in $^; do $$program fuzz/corpus/$${program##*/fuzz_} || exit 1; done
$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/fuzz_%.o $(BUILD)/fuzz/replay.o $(SERVE_LIB) $(ALL_LIB)
	$(call say,LD)$(CC) $(LINK) -o $@ $^ $(LIBS) $(SERVE_LIBS)

## ---- house rules

FORMATTED := $(wildcard include/*.h include/scrim/*.h src/*.[ch] src/*/*.[ch] tools/*.[ch] tests/*.[ch] \
  src/cuda/*.cu src/cuda/*.cuh tests/emulated_cuda/*.h tests/emulated_cuda/*.cc \
  tests/support/*.[ch] tests/programs/*.[ch] bench/*.[ch] fuzz/*.[ch] examples/*.[ch])

format: ## put every source file in the house's layout
	$(CLANG_FORMAT) -i $(FORMATTED)
check-format: ## fail if `make format` would change a file, or a comment is too long for it, and name it
	@status=0; for file in $(FORMATTED); do \
	  $(CLANG_FORMAT) $$file | cmp -s - $$file || { echo "$$file: not in the layout of .clang-format"; status=1; }; \
	  done; awk 'length > 120 { print FILENAME ":" FNR ": longer than 120 columns"; bad = 1 } END { exit bad }' \
	  $(FORMATTED) </dev/null || status=1; exit $$status

check-symbols: lib ## the libraries export scrim_ names and nothing else
	@build-aux/check-symbols $(SHARED_LIB) $(STATIC_LIB)

check-headers: ## each public header compiles alone, as C99 and as C++
	@for header in $(patsubst include/%,%,$(HEADERS)); do \
	  echo "#include <$$header>" | $(CC) -std=c99 -pedantic -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c - && \
	  echo "#include <$$header>" | g++ -std=c++98 -pedantic -Wno-long-long -Wall -Wextra -Werror -Iinclude \
	    -fsyntax-only -x c++ - || exit 1; done

check-man: ## the manual pages have no errors (needs mandoc)
	@mandoc -Tlint -W warning docs/man/scrim.1 docs/man/scrim-serve.5

## ---- installation

install: lib tools ## command, libraries, headers, filters, pkg-config file and manual pages, under DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/include/scrim \
	  $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MODELDIR)
	install -m 755 $(COMMAND) $(DESTDIR)$(PREFIX)/bin/scrim
	install -m 755 $(SHARED_LIB) $(DESTDIR)$(LIBDIR)/libscrim.so.$(VERSION)
	ln -sf libscrim.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libscrim.so
	install -m 644 $(STATIC_LIB) $(DESTDIR)$(LIBDIR)/libscrim.a
	$(if $(NVCC),install -d $(DESTDIR)$(LIBDIR)/scrim && install -m 755 $(CUDA_LIB) $(DESTDIR)$(LIBDIR)/scrim)
	install -m 644 include/scrim.h $(DESTDIR)$(PREFIX)/include/scrim.h
	install -m 644 $(wildcard include/scrim/*.h) $(DESTDIR)$(PREFIX)/include/scrim
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	  -e 's|@LIBS@|$(LIBS)|' scrim.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/scrim.pc
	install -m 644 $(MODELS) $(DESTDIR)$(MODELDIR)
	install -m 644 docs/man/scrim.1 $(DESTDIR)$(MANDIR)/man1/scrim.1
	install -m 644 docs/man/scrim-serve.5 $(DESTDIR)$(MANDIR)/man5/scrim-serve.5

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/scrim $(DESTDIR)$(LIBDIR)/libscrim.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME) \
	  $(DESTDIR)$(LIBDIR)/libscrim.so $(DESTDIR)$(LIBDIR)/libscrim.a $(DESTDIR)$(LIBDIR)/pkgconfig/scrim.pc \
	  $(DESTDIR)$(PREFIX)/include/scrim.h $(DESTDIR)$(MANDIR)/man1/scrim.1 \
	  $(DESTDIR)$(MANDIR)/man5/scrim-serve.5
	rm -rf $(DESTDIR)$(PREFIX)/include/scrim $(DESTDIR)$(MODELDIR) $(DESTDIR)$(LIBDIR)/scrim

clean: ## remove everything that was built
	rm -rf build
