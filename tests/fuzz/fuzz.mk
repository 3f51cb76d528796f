# `make fuzz`: each target for FUZZ_SECONDS, from its corpus. New inputs stay in the build folder.
FUZZ_SECONDS ?= 10
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_FLAGS := CC=clang VARIANT=-fuzz OPT='-O1 -g -fno-omit-frame-pointer' HARDEN=-fPIE \
	SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'

fuzz:
	@.ci/setup fuzz
	@$(MAKE) --no-print-directory $(FUZZ_FLAGS) $(FUZZ:%=$(B)/fuzz/%)
	@$(MAKE) --no-print-directory $(FUZZ:%=fuzz-%)
fuzz-%:
	@echo "fuzz $*"; mkdir -p $(B)/fuzz-corpus/$*; $(B)/fuzz/$* -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=$(B)/fuzz-corpus/found-$*- $(B)/fuzz-corpus/$* tests/fuzz/corpus/$* >$(B)/fuzz-corpus/$*.log 2>&1 \
		|| { tail -40 $(B)/fuzz-corpus/$*.log; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */  $* tried: /p' $(B)/fuzz-corpus/$*.log
# what is fuzzed stands on the lower floors
$(O)/libfloors.a: $(filter-out $(foreach f,cli http serve gate,$(O)/core/$(f)/% $(O)/test/core/$(f)/%),$(TOBJ))
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/fuzz/%: tests/fuzz/fuzz_%.c $(O)/libfloors.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit -Itests/fuzz -DCAMPUSD_TEST $(CFLAGS) -MF $(O)/fuzz_$(@F).d -o $@ $< $(O)/libfloors.a $(LDFLAGS) \
		-fsanitize=fuzzer -lcmocka $(LIBS)
