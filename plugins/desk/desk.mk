# The web desk: npm packages by its lock file, then plain copies into $(B)/desk.
DESK_SRC := $(shell find plugins/desk/src -type f)
DESK_NPM := plugins/desk/node_modules/.lock

$(DESK_NPM): plugins/desk/package-lock.json
	@echo "  NPM plugins/desk"
	$(Q)cd plugins/desk && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 && cp package-lock.json node_modules/.lock
$(B)/desk/.built: $(DESK_SRC) $(DESK_NPM) plugins/desk/build
	@echo "  DESK $(B)/desk"
	$(Q)plugins/desk/build $(B)/desk
