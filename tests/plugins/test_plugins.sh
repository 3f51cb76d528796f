#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright 2026 The campusd authors
#
# The plugins' own tests: those that ship, and the worked example.
cd "$(dirname "$0")/../.." || exit 1
home=$(mktemp -d) status=0
trap 'rm -rf "$home"' EXIT
printf 'storage: sqlite:campusd.db\nplugins: { path: ["%s/examples/plugins"] }\n' "$PWD" >"$home/campusd.yaml"
for tests in plugins/*/tests examples/plugins/*/tests; do
    [[ -d $tests ]] || continue
    plugin=$(basename "$(dirname "$tests")")
    echo "# $plugin"
    CAMPUSD_SHARE=$PWD "${CAMPUSD:-build/campusd}" --home "$home" plugin test "$plugin" || status=1
done
exit $status
