# campusd: `make` builds, `make run` serves the sample school, `make test` tests everything.
# Sources are found, not listed: a new file in core/*/ or tests/unit/ is picked up.
# Targets that need packages run .ci/setup first, which installs what is missing and says what.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
CC := gcc
B := build
VARIANT ?=
Q := $(if $(V),,@)
O := $(B)/obj$(VARIANT)
LAZY := libcurl libpq pangocairo pangoft2 libqrencode
PKGS := sqlite3 yaml-0.1 libsodium libmicrohttpd jansson libcrypto lua5.4 libseccomp libutf8proc libzip expat zlib $(LAZY)
WARN := -std=c11 -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unknown-warning-option -Wno-clobbered
OPT ?= -O2 -g
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
# asked once, and only when something compiles: the packages may have been installed just before
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
# $(LAZY) are loaded when they are first needed (core/base/curl_lazy.c and its like)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(filter-out $(LAZY),$(PKGS))))$(PKG_LIBS)
CPPFLAGS = -D_GNU_SOURCE -Iinclude -Icore $(PKG_CFLAGS)
CFLAGS = $(WARN) $(OPT) $(HARDEN) $(SAN) -pthread -MMD -MP
# the exported ones: core/host/draw_lazy.c
LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--export-dynamic-symbol=g_thread_new,--export-dynamic-symbol=g_thread_unref,--export-dynamic-symbol=g_cond_wait $(SAN)
LIBS = $(PKG_LIBS) -lm -pthread

SRC := $(sort $(wildcard core/*/*.c))
MAIN := core/cli/main.c
LIBSRC := $(filter-out $(MAIN),$(SRC))
EMBED := $(sort $(wildcard core/host/*.lua))
OBJ := $(LIBSRC:%.c=$(O)/%.o) $(EMBED:%=$(O)/%.o) $(O)/pinyin.o
# only what has a seam is compiled twice
SEAMS := $(shell grep -lE 'CAMPUSD_TEST|fault(_vfs)?\.h"' $(LIBSRC))
TOBJ := $(SEAMS:%.c=$(O)/test/%.o) $(filter-out $(SEAMS:%.c=$(O)/%.o),$(OBJ))
UNIT := $(patsubst tests/unit/%.c,$(B)/unit$(VARIANT)/%,$(sort $(wildcard tests/unit/test_*.c)))

PROGRAMS := $(if $(wildcard $(MAIN)),$(B)/campusd$(VARIANT) $(B)/campusd-test$(VARIANT))

all:
	@.ci/setup build
	@$(MAKE) --no-print-directory $(B)/campusd$(VARIANT) $(B)/desk/.built
programs: $(PROGRAMS)

$(B)/campusd$(VARIANT): $(OBJ) $(MAIN:%.c=$(O)/%.o)
	@echo "  LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
# the same, with the three seams open to tests (clock, allocator, file system)
$(B)/campusd-test$(VARIANT): $(TOBJ) $(MAIN:%.c=$(O)/%.o)
	@echo "  LD $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(O)/libcampus.a: $(TOBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/unit$(VARIANT)/%: tests/unit/%.c $(O)/libcampus.a
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit -DCAMPUSD_TEST $(CFLAGS) -MF $(O)/$(@F).d -o $@ $< $(O)/libcampus.a $(LDFLAGS) -lcmocka $(LIBS)
$(B)/unit$(VARIANT)/test_convert: LDFLAGS += -lxlsxwriter
$(O)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(O)/test/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $< (test)"
	$(Q)$(CC) $(CPPFLAGS) -DCAMPUSD_TEST $(CFLAGS) -c -o $@ $<
# Lua that the child runs is carried inside the binary
$(O)/%.lua.o: %.lua
	@mkdir -p $(@D)
	$(Q)cd $(<D) && ld -r -b binary -z noexecstack -o $(abspath $@) $(<F)

# so are the readings of Han characters, out of the Unihan database (Debian: unicode-data)
UNIHAN ?= /usr/share/unicode/Unihan_Readings.txt.bz2
$(O)/pinyin.txt: core/record/pinyin.awk
	@mkdir -p $(@D)
	$(Q)bzip2 -dc $(UNIHAN) | LC_ALL=C awk -f $< | LC_ALL=C sort > $@.new && test -s $@.new && mv $@.new $@
$(O)/pinyin.o: $(O)/pinyin.txt
	$(Q)cd $(<D) && ld -r -b binary -z noexecstack -o $(abspath $@) $(<F)

unit: $(UNIT)
	@PARTS=unit B=$(B) VARIANT=$(VARIANT) tests/run

run: all
	@test -e home/campusd.yaml || $(B)/campusd init --sample school
	$(B)/campusd serve

test:
	@.ci/setup test
	@$(MAKE) --no-print-directory programs $(UNIT) $(B)/desk/.built
	@B=$(B) VARIANT=$(VARIANT) tests/run

# The whole suite once more under the sanitizers, beside the plain build.
# (the optimiser sees less there, and warns of what is none)
NO_FORTIFY := HARDEN='-fstack-protector-strong -fPIE -Wno-maybe-uninitialized'
test-asan:
	@ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 LIMIT=1200 \
	$(MAKE) --no-print-directory test VARIANT=-asan OPT='-O1 -g -fno-omit-frame-pointer' $(NO_FORTIFY) \
		SAN='-fsanitize=address,undefined -fno-sanitize-recover=all'
test-tsan:
	@TSAN_OPTIONS='halt_on_error=1 suppressions=$(CURDIR)/tests/tsan.supp' LIMIT=1200 \
	$(MAKE) --no-print-directory test VARIANT=-tsan OPT='-O1 -g -fno-omit-frame-pointer' $(NO_FORTIFY) \
		SAN='-fsanitize=thread'

bench: all
	@.ci/setup bench
	@B=$(B) tests/bench/run
soak:
	@CAMPUSD_KILLS=1000 CAMPUSD_SEEDS=20000 CAMPUSD_RELOADS=500 LIMIT=36000 $(MAKE) --no-print-directory test
setup:
	@.ci/setup test
clean:
	rm -rf $(B)

.PHONY: all programs unit run test test-asan test-tsan bench soak setup clean lint layers fuzz
.SECONDARY:
include tests/lint.mk
-include tests/*/*.mk
include plugins/desk/desk.mk
-include $(shell find $(O) -name '*.d' 2>/dev/null)
