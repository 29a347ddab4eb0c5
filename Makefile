# penstock: one Makefile, non-recursive. `make help` lists the targets.
#
# Variables: BUILD (where objects go), PREFIX, SYSCONFDIR, DESTDIR, WERROR=1,
# LTO=1, PGO=1 (by the profile of PROFILE, or one that is taken first), V=1 (whole
# command lines), FUZZ_SECONDS. CC, CPPFLAGS, CFLAGS and LDFLAGS come last on every
# command line and win; HARDEN= and HARDEN_LD= leave the hardening out.
BUILD ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
CC ?= cc
AR ?= ar
VERSION := 0.1.0

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 \
	-Wnull-dereference -Wswitch-enum -Wconversion -Wno-sign-conversion \
	-Wdouble-promotion
ifneq (,$(findstring clang,$(shell $(CC) --version 2>/dev/null)))
WARN += -Wno-gnu-zero-variadic-macro-arguments
else
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches \
	-Wimplicit-fallthrough=5
# False alarms where nothing is optimised.
WARN_NOT := -Wno-format-truncation -Wno-maybe-uninitialized
endif

# Hardening: only what this compiler takes. _FORTIFY_SOURCE is left to the
# packager where CPPFLAGS or CFLAGS name it.
accepts = $(shell for f in $(1); do \
	$(CC) -Werror $$f -x c -c -o /dev/null /dev/null 2>/dev/null && \
	printf '%s ' $$f; done)
ifeq (undefined,$(origin HARDEN))
HARDEN := $(call accepts,-fstack-protector-strong -fstack-clash-protection \
	-fcf-protection) -fPIE
ifeq (,$(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)))
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
endif
HARDEN_LD ?= -pie -Wl,-z,relro,-z,now

# GCC clears and copies what is not small by "rep stos" and "rep movs", which
# take some 25 ns to begin with, ten times as long as a loop over vectors.
comma := ,
OPTIMISED := $(call accepts,\
	-mmemset-strategy=vector_loop:512:noalign$(comma)libcall:-1:noalign \
	-mmemcpy-strategy=libcall:-1:noalign)
ifdef LTO
OPTIMISED += -flto=auto
AR := $(if $(findstring clang,$(CC)),llvm-ar,gcc-ar)
endif

# A profile has a .gcda for each source, of the same compiler. Functions that
# have changed since, or were not trained, are made as without it; warnings about
# them, and those that come of inlining otherwise, are no errors. A cache of
# objects would not see that the profile is another.
PROFILE ?= $(BUILD)/profile
ifdef PGO
ifneq (,$(findstring clang,$(shell $(CC) --version 2>/dev/null)))
$(error PGO=1 is for gcc 12 and later)
endif
# It looks for the profile of such an object at its whole path, and says nothing.
ifneq (,$(filter /%,$(BUILD)))
$(error PGO=1 finds its profile only where BUILD is relative)
endif
OPTIMISED += -fprofile-use=$(abspath $(PROFILE)) -fprofile-partial-training \
	-fprofile-correction -fprofile-prefix-path=$(abspath $(BUILD)) \
	-Wno-missing-profile -Wno-coverage-mismatch -Wno-null-dereference \
	-Wno-maybe-uninitialized -Wno-error
export CCACHE_DISABLE := 1
ifeq (file,$(origin PROFILE))
TRAINED := $(PROFILE)/trained
endif
endif

LEVEL := -O2 -g
BASE_CFLAGS = -I. -D_GNU_SOURCE -DPENSTOCK_VERSION='"$(VERSION)"' \
	-std=gnu17 $(LEVEL) $(WARN)
FLAGS = $(BASE_CFLAGS) $(HARDEN) $(OPTIMISED) $(CPPFLAGS) $(CFLAGS)
COMPILE = $(CC) $(BASE_CFLAGS) $(if $(WERROR),-Werror) $(HARDEN) \
	$(OPTIMISED) $(CPPFLAGS) $(CFLAGS)
SAY = $(if $(V),,@echo "$(1) $@";)
LINK = $(call SAY,LD) $(COMPILE) $(HARDEN_LD) $(LDFLAGS) -o $@ $(filter %.o %.a,$^)

# Layers, left to right (includes may only point left).
src = $(sort $(wildcard $(addsuffix /*.c,$(1))))
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
COMMON_SRC := $(call src,common/base common/net common/http common/jose)
SHM_SRC := $(call src,shm)
HELPER_SRC := $(call src,helper)
MASTER_SRC := $(filter-out master/main.c,$(call src,master))
WORKER_SRC := $(call src,worker/flow worker/origin worker/filter worker/watch \
	worker)
TOOLS_SRC := $(call src,tools)
# What several of the tools, and their tests, are made of.
TOOLS_LIB_SRC := $(filter-out tools/penstockctl.c tools/penstocklog.c \
	tools/demo_upstream.c tools/gen_manual.c,$(TOOLS_SRC))
UNIT_SRC := $(call src,tests/unit/* tests/unit/*/*)
FUZZ_SRC := $(call src,tests/fuzz)
TLS_LIBS := -lssl -lcrypto
# libjwt 3 is another library of that name.
ifeq (yes,$(shell pkg-config --atleast-version=3 libjwt 2>/dev/null && echo yes))
$(warning libjwt 3 does not build here: common/jose/issue.c needs 1.10 to 2.x)
endif
JWT_LIBS := $(shell pkg-config --libs 'libjwt < 3' 2>/dev/null || echo -ljwt)
# Of libcurl's builds the one with OpenSSL: two libraries of TLS are one too many.
CURL_LIBS := $(shell pkg-config --libs libcurl 2>/dev/null || echo -lcurl)
LIBS := -lconfig -lpcre2-8 -lseccomp -lnghttp2 $(TLS_LIBS) $(JWT_LIBS) -lcares \
	-ljansson $(CURL_LIBS) -lcrypt -lm

.PHONY: all
all: $(BUILD)/penstock $(BUILD)/penstockctl $(BUILD)/penstocklog \
	$(BUILD)/demo-upstream man \
	$(BUILD)/penstock.service

# Objects are made again when the flags change (-Werror apart).
FLAGS_FILE := $(BUILD)/flags
ifneq ($(shell cat $(FLAGS_FILE) 2>/dev/null),$(strip $(CC) $(FLAGS)))
.PHONY: $(FLAGS_FILE)
endif
$(FLAGS_FILE):
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(strip $(CC) $(FLAGS)))' >$@

$(BUILD)/%.o: %.c $(FLAGS_FILE) $(TRAINED)
	@mkdir -p $(@D)
	$(call SAY,CC) $(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/lib%.a:
	@rm -f $@
	$(call SAY,AR) $(AR) rcs $@ $^
$(BUILD)/libcommon.a: $(call obj,$(COMMON_SRC))
$(BUILD)/libshm.a: $(call obj,$(SHM_SRC))
$(BUILD)/libhelper.a: $(call obj,$(HELPER_SRC))
$(BUILD)/libmaster.a: $(call obj,$(MASTER_SRC))
$(BUILD)/libworker.a: $(call obj,$(WORKER_SRC))
$(BUILD)/libtools.a: $(call obj,$(TOOLS_LIB_SRC))
BASE_LIBS := $(BUILD)/libshm.a $(BUILD)/libcommon.a
ALL_LIBS := $(BUILD)/libmaster.a $(BUILD)/libworker.a $(BUILD)/libhelper.a \
	$(BASE_LIBS)

$(BUILD)/penstock: $(BUILD)/master/main.o $(ALL_LIBS)
	$(LINK) $(LIBS)

$(BUILD)/penstockctl: $(BUILD)/tools/penstockctl.o $(BUILD)/libtools.a \
    $(BASE_LIBS)
	$(LINK) -ljansson -lconfig

$(BUILD)/penstocklog: $(BUILD)/tools/penstocklog.o $(BUILD)/libtools.a \
    $(BASE_LIBS)
	$(LINK) $(TLS_LIBS) $(CURL_LIBS)

$(BUILD)/demo-upstream: $(BUILD)/tools/demo_upstream.o \
    $(BUILD)/tools/demo_pages.o $(BUILD)/libcommon.a
	$(LINK) $(TLS_LIBS)

# The manual: its tables come from the rows that the program itself uses.
$(BUILD)/gen-manual: $(BUILD)/tools/gen_manual.o $(BUILD)/libtools.a \
    $(ALL_LIBS)
	$(LINK) $(LIBS)

$(BUILD)/man/%.mdoc: $(BUILD)/gen-manual
	@mkdir -p $(@D)
	@$(BUILD)/gen-manual $* >$@.new && mv $@.new $@

# A line "@options@" becomes the table of that name.
TABLES := options reasons filters log_fields audit_events metrics
INSERT = sed $(foreach t,$(TABLES),-e '/^@$(t)@$$/{' \
	-e 'r $(BUILD)/man/$(t).mdoc' -e 'd;}')
$(BUILD)/man/%: man/%.in $(TABLES:%=$(BUILD)/man/%.mdoc)
	@$(INSERT) $< >$@

$(BUILD)/man/%: man/%
	@mkdir -p $(@D)
	@cp $< $@

MAN_PAGES := $(addprefix $(BUILD)/man/,penstock.8 penstock.conf.5 penstockctl.1 \
	penstocklog.1 penstock-metrics.7 penstock-reasons.7)
.PHONY: man
man: $(MAN_PAGES)

# PREFIX and SYSCONFDIR may differ from those of the last build.
.PHONY: $(BUILD)/penstock.service
$(BUILD)/penstock.service: etc/penstock.service.in
	@mkdir -p $(@D)
	@sed -e 's|@sbindir@|$(PREFIX)/sbin|' -e 's|@sysconfdir@|$(SYSCONFDIR)|' \
	    $< >$@

# Unit tests: tests/unit/<folder>/<file>_test.c mirrors <folder>/<file>.c; each
# is a program of its own and links its own layer and those to its left.
UNIT_BIN := $(patsubst %.c,$(BUILD)/%,$(filter %_test.c,$(UNIT_SRC)))
CHECK_LIBS := -lnghttp2 $(TLS_LIBS) $(JWT_LIBS) -ljansson -lcheck -lsubunit -lm -lrt \
	-pthread -Wl,--wrap=_mark_point
UNIT := $(BUILD)/tests/unit
$(UNIT_BIN): $(UNIT)/marks.o
$(UNIT)/common/%_test: $(UNIT)/common/%_test.o $(BUILD)/libcommon.a
	$(LINK) $(CHECK_LIBS)
$(UNIT)/shm/%_test: $(UNIT)/shm/%_test.o $(BASE_LIBS)
	$(LINK) $(CHECK_LIBS)
$(UNIT)/master/%_test: $(UNIT)/master/%_test.o $(ALL_LIBS)
	$(LINK) $(LIBS) $(CHECK_LIBS)
$(UNIT)/tools/%_test: $(UNIT)/tools/%_test.o $(BUILD)/libtools.a $(BASE_LIBS)
	$(LINK) $(LIBS) $(CHECK_LIBS)
$(UNIT)/helper/%_test: $(UNIT)/helper/%_test.o $(BUILD)/libhelper.a \
    $(BASE_LIBS)
	$(LINK) $(CHECK_LIBS) -lcrypt
$(UNIT)/worker/%_test: $(UNIT)/worker/%_test.o $(ALL_LIBS)
	$(LINK) $(LIBS) $(CHECK_LIBS)

# What is tested keeps its flags, also where shm's storms include it; the tests
# themselves are compiled in a third of the time, and so is what the stepping ones
# include: a step is a call, which no optimiser moves a store across.
# _FORTIFY_SOURCE wants an optimiser.
ifeq (,$(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)))
UNIT_OWN := $(filter-out $(UNIT)/shm/storm_%,$(UNIT_BIN:=.o))
$(UNIT_OWN): private override LEVEL := -O0 -g1 $(WARN_NOT)
$(UNIT_OWN): private override HARDEN := -fPIE
$(UNIT_OWN): private override OPTIMISED :=
endif

.PHONY: unit-bin unit
unit-bin: $(UNIT_BIN)
unit: unit-bin
	@tests/unit/run.sh $(UNIT_BIN)

# Sanitizer builds live in folders of their own under BUILD.
# Half as long to build as with -O2 -g; what they find is the same.
SANITIZE := -fsanitize=address,undefined -fno-omit-frame-pointer
SUBMAKE = $(MAKE) --no-print-directory PGO= LTO= HARDEN= HARDEN_LD= \
	LEVEL='-O1 -g1'
ASAN = $(SUBMAKE) BUILD=$(BUILD)/asan CFLAGS='$(SANITIZE)'
FUZZ = $(SUBMAKE) BUILD=$(BUILD)/fuzz CC=clang \
	CFLAGS='-fsanitize=fuzzer-no-link $(SANITIZE)'
FUZZ_COVERAGE = $(SUBMAKE) BUILD=$(BUILD)/fuzz-coverage CC=clang \
	CFLAGS='-fprofile-instr-generate -fcoverage-mapping'

.PHONY: asan asan-bin
asan-bin:
	+$(ASAN) all unit-bin
asan: asan-bin
	+$(ASAN) unit

# Fuzzing: tests/fuzz/<name>_fuzz.c, seeds in tests/fuzz/corpus/<name>/.
FUZZ_SECONDS ?= 600
FUZZ_BIN := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SRC))
# What no target reaches need not be compiled for them.
FUZZ_NOT := $(addprefix tools/,ctl_% top_% log_% demo_%) \
	$(addprefix master/,crew% fetch% jwks% probe%) worker/client%
$(BUILD)/libfuzzed.a: $(call obj,$(filter-out $(FUZZ_NOT),$(TOOLS_LIB_SRC) \
    $(MASTER_SRC) $(WORKER_SRC) $(SHM_SRC) $(COMMON_SRC)))
$(BUILD)/tests/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(BUILD)/libfuzzed.a
	$(LINK) -fsanitize=fuzzer $(LIBS)

.PHONY: fuzz fuzz-bin fuzz-bin-here fuzz-coverage
fuzz-bin-here: $(FUZZ_BIN)
fuzz-bin:
	+$(FUZZ) fuzz-bin-here
fuzz: fuzz-bin
	@tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS)
fuzz-coverage:
	@tools/deps.sh fuzz
	+$(FUZZ_COVERAGE) fuzz-bin-here
	@tests/fuzz/coverage.sh $(BUILD)

# The benchmark: CPU per request beside nginx, haproxy and the floors, which
# are programs of its own.
BENCH := $(BUILD)/tests/bench
BENCH_NET := $(addprefix $(BENCH)/,origin relay relay_splice accept_close)
BENCH_TLS := $(addprefix $(BENCH)/,load handshake token_make)
BENCH_SRC := $(patsubst $(BUILD)/%,%.c,$(BENCH_NET) $(BENCH_TLS)) \
	$(addprefix tests/bench/,load_conn.c net.c tls.c)
$(BENCH_NET): $(BENCH)/%: $(BENCH)/%.o $(BENCH)/net.o
	$(LINK)
$(BENCH)/load: $(BENCH)/load_conn.o
$(BENCH_TLS): $(BENCH)/%: $(BENCH)/%.o $(BENCH)/net.o $(BENCH)/tls.o
	$(LINK) $(TLS_LIBS)

.PHONY: bench bench-bin
bench-bin: $(BENCH_NET) $(BENCH_TLS)
bench:
	@tools/deps.sh bench
	+@$(MAKE) --no-print-directory -j2 -s all bench-bin
	@BUILD=$(BUILD) /usr/bin/python3 tests/bench/bench.py $(BENCH_ARGS)

$(BUILD)/tests/bench/line_speed: $(BUILD)/tests/bench/line_speed.o \
    $(BUILD)/libtools.a $(BASE_LIBS)
	$(LINK) $(LIBS)

$(BUILD)/tests/bench/record_speed: $(BUILD)/tests/bench/record_speed.o \
    $(BUILD)/libworker.a $(BASE_LIBS)
	$(LINK) $(LIBS)

# Instructions and system calls per request, beside tests/bench/BASELINE, which
# BASELINE=1 writes anew.
PRELOADED := $(BUILD)/tests/bench/gate.so $(BUILD)/tests/bench/unconfined.so
$(PRELOADED): $(BUILD)/%.so: %.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call SAY,LD) $(COMPILE) -fno-lto -fPIC -shared -o $@ $<

.PHONY: count-bin bench-count
count-bin: $(PRELOADED)
bench-count:
	@tools/deps.sh check
	+@$(MAKE) --no-print-directory -s all count-bin
	@PENSTOCK_BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
	    tests/bench/count.py $(if $(BASELINE),--baseline)

# An instrumented build is put to work; what its processes have counted is the
# profile of PGO=1.
$(PROFILE)/trained:
	@tools/deps.sh train
	+@$(MAKE) --no-print-directory -s PGO= LTO= WERROR= BUILD=$(BUILD)/train \
	    CFLAGS='$(CFLAGS) -fprofile-generate -fprofile-update=atomic' \
	    all $(BUILD)/train/tests/bench/unconfined.so
	@PENSTOCK_BUILD=$(BUILD)/train PYTHONDONTWRITEBYTECODE=1 \
	    /usr/bin/python3 tests/bench/train.py $(PROFILE)
	@touch $@

# Drills: what clients notice of reloads and kills; DRILL='idle routes' some.
.PHONY: drill
drill:
	+@$(MAKE) --no-print-directory -j2 -s all
	@PENSTOCK_BUILD=$(BUILD) /usr/bin/python3 tests/bench/drill.py $(DRILL)

.PHONY: deps run check lint
deps:
	@tools/deps.sh check
run:
	@tools/deps.sh run
	+@$(MAKE) --no-print-directory -j2 -s all
	@BUILD=$(BUILD) tools/run-demo.sh
check:
	@tools/deps.sh check
	+@BUILD=$(BUILD) MAKE='$(MAKE)' tests/check.sh
lint:
	@tools/deps.sh check
	@BUILD=$(BUILD) tests/lint/lint.sh

.PHONY: install
INSTALL := install
MAN_DIR = $(DESTDIR)$(PREFIX)/share/man
CONF_DIR = $(DESTDIR)$(SYSCONFDIR)/penstock
SHARE_DIR = $(DESTDIR)$(PREFIX)/share/penstock
COMPLETION_DIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
UNIT_DIR = $(DESTDIR)$(PREFIX)/lib/systemd/system
install: all
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
	    $(MAN_DIR)/man1 $(MAN_DIR)/man5 $(MAN_DIR)/man7 $(MAN_DIR)/man8 \
	    $(CONF_DIR)/conf.d $(SHARE_DIR)/prometheus $(SHARE_DIR)/grafana \
	    $(DESTDIR)$(PREFIX)/share/doc/penstock/examples
	$(INSTALL) -m 755 $(BUILD)/penstock $(DESTDIR)$(PREFIX)/sbin/
	$(INSTALL) -m 755 $(BUILD)/penstockctl $(BUILD)/penstocklog \
	    $(DESTDIR)$(PREFIX)/bin/
	$(INSTALL) -m 644 $(BUILD)/man/penstock.8 $(MAN_DIR)/man8/
	$(INSTALL) -m 644 $(BUILD)/man/penstock.conf.5 $(MAN_DIR)/man5/
	$(INSTALL) -m 644 $(BUILD)/man/penstockctl.1 \
	    $(BUILD)/man/penstocklog.1 $(MAN_DIR)/man1/
	$(INSTALL) -m 644 $(BUILD)/man/penstock-metrics.7 $(MAN_DIR)/man7/
	$(INSTALL) -m 644 etc/prometheus/rules.yml \
	    $(SHARE_DIR)/prometheus/penstock.rules.yml
	$(INSTALL) -m 644 etc/grafana/penstock.json $(SHARE_DIR)/grafana/
	$(INSTALL) -m 644 $(BUILD)/man/penstock-reasons.7 $(MAN_DIR)/man7/
	$(INSTALL) -m 644 etc/penstock.conf etc/demo.conf etc/demo.users \
	    $(DESTDIR)$(PREFIX)/share/doc/penstock/examples/
	$(INSTALL) -d $(UNIT_DIR) $(COMPLETION_DIR)
	$(INSTALL) -m 644 etc/penstockctl.bash $(COMPLETION_DIR)/penstockctl
	$(INSTALL) -m 644 etc/penstocklog.bash $(COMPLETION_DIR)/penstocklog
	$(INSTALL) -m 644 $(BUILD)/penstock.service $(UNIT_DIR)/
	test -e $(CONF_DIR)/penstock.conf || \
	    $(INSTALL) -m 644 etc/penstock.conf $(CONF_DIR)/penstock.conf

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: help
help:
	@echo 'make          build the gateway, penstockctl, the demo, the manual'
	@echo '              (LTO=1 PGO=1: as for packages, slower to build)'
	@echo 'make run      the demo: two upstreams and the gateway on port 8080'
	@echo 'make check    every test; ends in "N passed, N failed"'
	@echo 'make unit     unit tests only'
	@echo 'make lint     format, layers, includes, cppcheck, clang-tidy ...'
	@echo 'make asan     unit tests under address and UB sanitizers'
	@echo 'make fuzz     each fuzz target for FUZZ_SECONDS (600)'
	@echo 'make fuzz-coverage  lines and regions of the parsers that seeds reach'
	@echo 'make bench    CPU per request beside nginx, haproxy and floors'
	@echo '              (BENCH_ARGS=--quick)'
	@echo 'make bench-count  instructions and system calls per request, beside'
	@echo '              a baseline (BASELINE=1: write it anew)'
	@echo 'make drill    reloads, kills, idleness, what identities cost'
	@echo 'make install  under DESTDIR, PREFIX (/usr/local), SYSCONFDIR (/etc)'
	@echo 'make deps     install what make check needs (Debian 12)'
	@echo 'make clean    remove BUILD (build)'

.SECONDARY:
-include $(patsubst %.c,$(BUILD)/%.d,$(COMMON_SRC) $(SHM_SRC) $(MASTER_SRC) \
	master/main.c $(WORKER_SRC) $(HELPER_SRC) $(TOOLS_SRC) $(UNIT_SRC) $(FUZZ_SRC) \
	tests/unit/marks.c tests/bench/line_speed.c tests/bench/record_speed.c \
	$(BENCH_SRC))
