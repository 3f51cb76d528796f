# SPDX-License-Identifier: MIT
# Copyright 2026 The campusd authors
#
# Unihan_Readings.txt -> one line a syllable: "wang 王望亡…". A character's main reading comes from
# kMandarin; kTGHZ2013 (通用规范汉字字典) and kXHC1983 add the others, surnames among them. Only the
# characters that the table of pinyin.c has room for.
function hex(s, n, i) {
    for (i = 1; i <= length(s); i++) n = n * 16 + index("123456789ABCDEF", substr(s, i, 1))
    return n
}
# UTF-8 of U+0800 to U+FFFF
function text(cp) {
    return sprintf("%c%c%c", 224 + int(cp / 4096), 128 + int(cp / 64) % 64, 128 + cp % 64)
}
function plain(s) {
    gsub(/ā|á|ǎ|à/, "a", s); gsub(/ē|é|ě|è/, "e", s); gsub(/ī|í|ǐ|ì/, "i", s)
    gsub(/ō|ó|ǒ|ò/, "o", s); gsub(/ū|ú|ǔ|ù/, "u", s); gsub(/ǖ|ǘ|ǚ|ǜ|ü/, "v", s)
    return s ~ /^[a-z]+$/ && length(s) <= 6 ? s : ""
}
function add(cp, s) {
    if (s == "" || index(has[cp], " " s " ")) return
    has[cp] = has[cp] " " s " "
    line[s] = line[s] text(cp)
}
BEGIN { FS = "\t" }
$2 == "kMandarin" || $2 == "kTGHZ2013" || $2 == "kXHC1983" {
    cp = hex(substr($1, 3))
    if (cp < 13312 || cp > 40959) next
    n = split($3, part, " ")
    for (i = 1; i <= n; i++) {
        if ($2 == "kMandarin" && i > 1) break
        sub(/^[^:]*:/, "", part[i])
        add(cp, plain(part[i]))
    }
}
END { for (s in line) print s, line[s] }
