# `make lint` and `make layers`: part of the Makefile, kept apart because they build nothing.
CFILES := $(SRC) $(wildcard tests/unit/*.c tests/fuzz/*.c tests/bench/*.c examples/*.c)
HFILES := $(wildcard include/campus/*.h core/*/*.h tests/unit/*.h)
LUAFILES = $(shell git ls-files '*.lua')
SHELLFILES = $(shell git grep -lE '^\#!/bin/(ba)?sh' -- ':!*.md')

lint: layers
	@.ci/setup lint
	clang-format --dry-run -Werror $(CFILES) $(HFILES)
	@echo clang -Werror
	@$(MAKE) --no-print-directory -s CC=clang VARIANT=-clang programs $(UNIT:$(B)/unit/%=$(B)/unit-clang/%)
	@echo clang-tidy
	@printf '%s\n' $(filter core/%,$(CFILES)) | xargs -P 2 -n 4 sh -c \
		'clang-tidy --quiet "$$@" -- -std=c11 $(CPPFLAGS) -DCAMPUSD_TEST -Itests/unit 2>/dev/null || exit 255' sh
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,portability --suppress=missingIncludeSystem \
		--suppress=nullPointerOutOfMemory --suppress=internalAstError --suppress=preprocessorErrorDirective --suppress=comparePointers --suppress=arrayIndexThenCheck \
		'-Djson_array_foreach(a,i,v)=for(i=0;i<json_array_size(a)&&(v=json_array_get(a,i));i++)' \
		'-Djson_object_foreach(o,k,v)=for(k=json_object_iter_key(json_object_iter(o));k&&(v=json_object_get(o,k));)' -j 2 -Iinclude -Icore core
	luacheck -q $(LUAFILES)
	shellcheck $(SHELLFILES)
	@echo lint: clean

# An include may only point down this list; host, vault and db do not know each other. Public headers
# belong to the floor of the .c that implements them, private ones to their folder.
layers:
	@CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' tests/layers
