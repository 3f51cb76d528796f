# `make fuzz`: each target for FUZZ_SECONDS, from its corpus. New inputs stay in the build folder.
FUZZ_SECONDS ?= 10
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_FLAGS := CC=clang VARIANT=-fuzz OPT='-O1 -g -fno-omit-frame-pointer' HARDEN=-fPIE \
	SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'

fuzz:
	@.ci/setup fuzz
	@$(MAKE) --no-print-directory $(FUZZ_FLAGS) $(FUZZ:%=$(B)/fuzz/%)
	@set -e; for t in $(FUZZ); do mkdir -p $(B)/fuzz-corpus/$$t; \
		echo "fuzz $$t"; $(B)/fuzz/$$t -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=$(B)/fuzz-corpus/found-$$t- $(B)/fuzz-corpus/$$t tests/fuzz/corpus/$$t >$(B)/fuzz-corpus/$$t.log 2>&1 \
			|| { tail -40 $(B)/fuzz-corpus/$$t.log; exit 1; }; \
		sed -n 's/^stat::number_of_executed_units: */  inputs tried: /p' $(B)/fuzz-corpus/$$t.log; done
$(B)/fuzz/%: tests/fuzz/fuzz_%.c $(O)/libcampus.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit -Itests/fuzz -DCAMPUSD_TEST $(CFLAGS) -MF $(O)/fuzz_$(@F).d -o $@ $< $(O)/libcampus.a $(LDFLAGS) \
		-fsanitize=fuzzer -lcmocka $(LIBS)
