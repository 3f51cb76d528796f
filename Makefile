# campusd: `make` builds, `make run` serves the sample school, `make test` tests everything.
# Sources are found, not listed: a new file in core/*/ or tests/unit/ is picked up.
CC ?= cc
B := build
VARIANT ?=
O := $(B)/obj$(VARIANT)
PKGS := sqlite3 yaml-0.1 libsodium libmicrohttpd jansson libcurl libcrypto lua5.4 libseccomp libutf8proc
WARN := -std=c11 -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unknown-warning-option -Wno-clobbered
OPT ?= -O2 -g
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
# lazily, so that the packages may be installed first
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS = $(shell pkg-config --libs $(PKGS))
CPPFLAGS = -D_GNU_SOURCE -Iinclude -Icore $(PKG_CFLAGS)
CFLAGS = $(WARN) $(OPT) $(HARDEN) $(SAN) -pthread -MMD -MP
LDFLAGS = -pie -Wl,-z,relro,-z,now $(SAN)
LIBS = $(PKG_LIBS) -lm -pthread

SRC := $(sort $(wildcard core/*/*.c))
MAIN := core/cli/main.c
LIBSRC := $(filter-out $(MAIN),$(SRC))
EMBED := $(sort $(wildcard core/host/*.lua))
OBJ := $(LIBSRC:%.c=$(O)/%.o) $(EMBED:%=$(O)/%.o)
TOBJ := $(LIBSRC:%.c=$(O)/test/%.o) $(EMBED:%=$(O)/%.o)
UNIT := $(patsubst tests/unit/%.c,$(B)/unit$(VARIANT)/%,$(sort $(wildcard tests/unit/test_*.c)))

all: $(B)/campusd$(VARIANT)

$(B)/campusd$(VARIANT): $(OBJ) $(MAIN:%.c=$(O)/%.o)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
# the same, with the three seams open to tests (clock, allocator, file system)
$(B)/campusd-test$(VARIANT): $(TOBJ) $(MAIN:%.c=$(O)/test/%.o)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(O)/libcampus.a: $(TOBJ)
	rm -f $@ && ar rcs $@ $^
$(B)/unit$(VARIANT)/%: tests/unit/%.c $(O)/libcampus.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit -DCAMPUSD_TEST $(CFLAGS) -MF $(O)/$(@F).d -o $@ $< $(O)/libcampus.a $(LDFLAGS) -lcmocka $(LIBS)
$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(O)/test/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DCAMPUSD_TEST $(CFLAGS) -c -o $@ $<
# Lua that the child runs is carried inside the binary
$(O)/%.lua.o: %.lua
	@mkdir -p $(@D)
	cd $(<D) && ld -r -b binary -z noexecstack -o $(abspath $@) $(<F)

unit: $(UNIT)
	@set -e; for t in $(UNIT); do echo "== $$t"; $$t; done

clean:
	rm -rf $(B)

.PHONY: all unit clean
.SECONDARY:
-include tests/*/*.mk
-include $(shell find $(O) -name '*.d' 2>/dev/null)
