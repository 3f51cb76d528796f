# `make mutants`: each weakened build of tests/mutants/list.mjs must turn its test red.
mutants:
	@.ci/setup test
	@$(MAKE) --no-print-directory $(B)/desk/.built
	@node tests/mutants/run.mjs

.PHONY: mutants
