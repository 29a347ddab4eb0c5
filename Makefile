# penstock: one Makefile, non-recursive. `make help` lists the targets.
BUILD ?= build
PREFIX ?= /usr
DESTDIR ?=
SYSCONFDIR ?= /etc
CC ?= cc
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
endif
BASE_CPPFLAGS := -I. -D_GNU_SOURCE -DPENSTOCK_VERSION='"$(VERSION)"'
BASE_CFLAGS := -std=gnu17 -O2 -g $(WARN) $(if $(WERROR),-Werror)
HARDEN ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -fPIE
HARDEN_LD ?= -pie -Wl,-z,relro,-z,now
ALL_CFLAGS = $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(HARDEN) $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(LDFLAGS)

# Layers, left to right (architecture: includes may only point left).
src = $(sort $(wildcard $(1)/*.c))
COMMON_SRC := $(call src,common/base) $(call src,common/net) $(call src,common/http)
SHM_SRC := $(call src,shm)
MASTER_SRC := $(filter-out master/main.c,$(call src,master))
WORKER_SRC := $(call src,worker/flow) $(call src,worker/origin) \
	$(call src,worker/filter) $(call src,worker/watch) $(call src,worker)
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

LIBS_MASTER := -lconfig
LIBS_WORKER := -lpcre2-8
LIBS_ALL := $(LIBS_MASTER) $(LIBS_WORKER) -lseccomp

.PHONY: all
all: $(BUILD)/penstock $(BUILD)/penstockctl

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/lib%.a:
	rm -f $@
	ar rcs $@ $^
$(BUILD)/libcommon.a: $(call obj,$(COMMON_SRC))
$(BUILD)/libshm.a: $(call obj,$(SHM_SRC))
$(BUILD)/libmaster.a: $(call obj,$(MASTER_SRC))
$(BUILD)/libworker.a: $(call obj,$(WORKER_SRC))

ARCHIVES := $(BUILD)/libmaster.a $(BUILD)/libworker.a $(BUILD)/libshm.a $(BUILD)/libcommon.a

$(BUILD)/penstock: $(BUILD)/master/main.o $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_ALL)

$(BUILD)/penstockctl: $(BUILD)/tools/penstockctl.o $(BUILD)/libshm.a $(BUILD)/libcommon.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -ljansson

# Unit tests: tests/unit/<folder>/<file>_test.c mirrors <folder>/<file>.c; each
# is a program of its own.
UNIT_SRC := $(sort $(wildcard tests/unit/*/*_test.c tests/unit/*/*/*_test.c))
UNIT_BIN := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRC))
# A test links the archives of its own layer and those to the left of it.
$(BUILD)/tests/unit/common/%_test: $(BUILD)/tests/unit/common/%_test.o $(BUILD)/libcommon.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcheck -lsubunit -lm
$(BUILD)/tests/unit/shm/%_test: $(BUILD)/tests/unit/shm/%_test.o $(BUILD)/libshm.a $(BUILD)/libcommon.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcheck -lsubunit -lm
$(BUILD)/tests/unit/master/%_test: $(BUILD)/tests/unit/master/%_test.o $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_ALL) -lcheck -lsubunit -lm
$(BUILD)/tests/unit/worker/%_test: $(BUILD)/tests/unit/worker/%_test.o $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_ALL) -lcheck -lsubunit -lm
.PHONY: unit
unit: $(UNIT_BIN)
	@set -e; for t in $(UNIT_BIN); do echo "$$t"; $$t; done

.PHONY: clean
clean:
	rm -rf $(BUILD)

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
