std = "lua54"
max_line_length = 140
-- what a plugin and its tests find in their environment
read_globals = { "campus" }
files["core/host/*.lua"] = { std = "lua54", globals = { "campus" }, max_line_length = false }
files["**/plugins/*/tests/*.lua"] = { read_globals = { "test", "as", "expect", "clock", "events", "messages", "policy", "decide" } }
files["tests/**/*.lua"] = { ignore = { ".*" } }      -- hostile on purpose
exclude_files = { "**/node_modules/**", "build/**", "home/**" }
