#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright 2026 The campusd authors
#
# One season of admissions with curl, from the plan to arrival, against a home of its own; stops at the first surprise.
#   examples/walkthrough.sh [FOLDER OF campusd]
set -eu
bin=${1:-$(dirname "$0")/../build}
folder=$(mktemp -d)
export CAMPUSD_HOME=$folder/home LC_ALL=C.UTF-8
campusd() { "$bin/campusd" "$@"; }
finish() {
    local code=$?
    [ -z "${load:-}" ] || kill "$load" 2>/dev/null || true
    [ -z "${server:-}" ] || { kill "$server"; wait "$server"; } || true
    [ $code = 0 ] || { echo "SURPRISE:" "${answer:-}" >&2; tail -n 5 "$folder/log" >&2 || true; }
    rm -rf "$folder"
}
trap finish EXIT

step() { printf '%s\n' "· $*"; }
# want STATUS WHO METHOD PATH [JSON]: asks, and goes on only if that is the answer; its body is in $answer.
want() {
    local status=$1 who=$2 method=$3 path=$4 got
    local args=(-s -o "$folder/body" -w '%{http_code}' -X "$method")
    [ "$who" = public ] || args+=(-H "Authorization: Bearer ${token[$who]}")
    [ $# -lt 5 ] || args+=(-H 'Content-Type: application/json' -d "$5")
    got=$(curl "${args[@]}" "$url$path")
    answer=$(tr -d '\0' <"$folder/body")
    [ "$got" = "$status" ] || { answer="$method $path: $got, not $status: $answer"; return 1; }
}
# The first value of a key in $answer.
value() { grep -o "\"$1\":\"[^\"]*" <<<"$answer" | head -n 1 | cut -d'"' -f4; }
has() { grep -qF -- "$1" <<<"$answer" || { answer="no $1 in $answer"; return 1; }; }
# until_is STATE WHO PATH: what the system does by itself takes a moment.
until_is() {
    for _ in $(seq 150); do
        want 200 "$2" GET "$3"
        ! grep -qF "$1" <<<"$answer" || return 0
        sleep 0.1
    done
    return 1
}
# A GB 11643 number of nobody: county 110199, the serial, the check digit.
id_number() {
    local body="110199${1//-/}$2" weights=(7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2) sum=0 i
    for i in {0..16}; do sum=$((sum + ${body:i:1} * weights[i])); done
    local digits=10X98765432
    echo "$body${digits:sum % 11:1}"
}

step 'a school of its own'
campusd init --sample first-day >"$folder/init" 2>&1
: >"$folder/out"
campusd serve --listen 127.0.0.1:0 >"$folder/out" 2>"$folder/log" &
server=$!
for _ in $(seq 600); do url=$(sed -n 's/listening on //p' "$folder/out"); [ -z "$url" ] || break; sleep 0.1; done
declare -A token id
for who in zhou.lan qian.yu lin.mei xu.tao shen.jia; do
    token[$who]=$(campusd token create "$who" --label walkthrough | sed -n 's/^token: //p')
    want 200 "$who" GET /api/v1/session
    id[$who]=$(value id)
done
A=/api/v1/admissions

step 'the plan: written by the director, signed by the school leader, unusable before (ADM-1)'
want 201 qian.yu POST /api/v1/basics/majors '{"code":"520201","name":"护理","years":3}'
major=$(value id)
want 201 qian.yu POST /api/v1/basics/school_years '{"name":"2027-2028","starts_on":"2027-09-01","ends_on":"2028-07-10"}'
year=$(value id)
want 201 qian.yu POST /api/v1/basics/classes "{\"name\":\"护理2701\",\"major\":\"$major\",\"school_year\":\"$year\"}"
class=$(value id)
want 201 lin.mei POST $A/plans "{\"season\":\"2027\",\"name\":\"2027 年招生计划\",\"rests_on_development\":\"学校发展规划\",\"rests_on_demand\":\"本地护理人才需求\",\"strategy\":\"立足本市\",\"headcount\":2,\"lines\":[{\"major\":\"$major\",\"major_name\":\"护理\",\"region\":\"浙江\",\"quota\":2}]}"
plan=$(value id)
want 200 lin.mei POST "$A/plans/$plan/submit"
want 403 lin.mei POST "$A/plans/$plan/approve"
want 200 lin.mei GET "$A/plan_lines?plan=$plan"
has '"items":[]'
want 200 zhou.lan GET /api/v1/inbox
has "$plan"
want 200 zhou.lan POST "$A/plans/$plan/approve" '{"approval":{"note":"同意"}}'
until_is '"quota":2' lin.mei "$A/plan_lines?plan=$plan"
line=$(value id)

step 'a lead at an event, who becomes an applicant without being typed again (ADM-3)'
want 201 xu.tao POST $A/activities '{"name":"清河咨询会","type":"fair","season":"2027"}'
event=$(value id) code=$(value capture_code)
want 200 xu.tao POST "$A/activities/$event/prepare" "{\"starts_at\":\"2027-05-01T01:00:00Z\",\"place\":\"体育馆\",\"content\":\"咨询\",\"form\":\"on_site\",\"roster\":[{\"person\":\"${id[xu.tao]}\"},{\"person\":\"${id[lin.mei]}\"}]}"
want 201 public POST /public/admissions/lead "{\"name\":\"李小红\",\"phone\":\"14500000002\",\"region\":\"浙江\",\"interest\":\"护理\",\"activity\":\"$code\"}"
want 200 lin.mei GET "$A/leads?phone=14500000002"
lead=$(value id)
want 200 xu.tao POST "$A/leads/$lead/take" "{\"officer\":\"${id[xu.tao]}\"}"
want 200 xu.tao POST $A/actions/convert "{\"lead\":\"$lead\",\"id_number\":\"$(id_number 2010-06-10 002)\",\"birth_date\":\"2010-06-10\",\"education\":\"junior\",\"score\":\"388\",\"campus\":\"东校区\"}"
first=$(value applicant)

step 'materials, review by somebody else, a seat, and only then a notice (ADM-4 to ADM-6)'
printf '%%PDF-1.4\n%%%%EOF\n' >"$folder/id.pdf"
scan=$(curl -s "$url/api/v1/files?name=id.pdf" -H "Authorization: Bearer ${token[xu.tao]}" -H 'Content-Type: application/pdf' --data-binary "@$folder/id.pdf" | grep -o '"id":"[^"]*' | cut -c7-)
want 200 xu.tao PATCH "$A/applicants/$first" "{\"id_card_scan\":\"$scan\",\"documents\":[\"diploma\"]}"
want 200 xu.tao POST "$A/applicants/$first/review"
want 403 xu.tao POST "$A/applicants/$first/qualify"
want 200 lin.mei POST "$A/applicants/$first/qualify"
has '"pass":true'
notice='"report_on":"2027-09-01","report_place":"东校区体育馆"'
want 409 lin.mei POST "$A/applicants/$first/send_notice" "{$notice}"
want 200 lin.mei POST "$A/applicants/$first/admit" "{\"plan_line\":\"$line\"}"
want 200 lin.mei POST $A/actions/send_notice "{\"applicant\":\"$first\",$notice,\"purpose\":\"notices\"}"
document=$(value document) number=$(value number)
want 200 lin.mei GET "/api/v1/documents/$document?format=pdf&purpose=print"
has '%PDF-'

step 'registered by the public; the quota is full, so there is a waiting list, which moves by itself (ADM-6)'
register() {
    want 201 public POST /public/admissions/register "{\"name\":\"$1\",\"id_number\":\"$(id_number 2010-06-10 "$2")\",\"birth_date\":\"2010-06-10\",\"education\":\"junior\",\"score\":\"$3\",\"campus\":\"东校区\",\"region\":\"浙江\",\"major\":\"护理\",\"consent\":true}"
    tracking=$(value code)
    want 200 lin.mei GET "$A/applicants?tracking=$tracking"
    applicant=$(value id)
    want 200 lin.mei POST "$A/applicants/$applicant/review"
    want 200 lin.mei POST "$A/applicants/$applicant/qualify"
    want 200 lin.mei POST $A/actions/offer "{\"applicant\":\"$applicant\",\"plan_line\":\"$line\"}"
}
register 王小明 011 400
has '"state":"admitted"'
second=$applicant
register 张小华 012 420
has '"state":"waiting"'
third=$applicant
want 200 public GET "/public/admissions/status/$tracking"
has '候补'
want 200 lin.mei POST "$A/applicants/$second/decline"
until_is '"state":"admitted"' lin.mei "$A/applicants/$third"

step 'confirmed by code, the notice scanned, arrived with the originals, and on the register (ADM-6, ADM-7)'
want 200 lin.mei GET "$A/applicants/$first?reveal=tracking&purpose=walkthrough"
tracking=$(value tracking)
want 200 public POST /public/admissions/confirm "{\"code\":\"$tracking\"}"
want 422 xu.tao POST "/api/v1/documents/$document/do/arrive" "{\"class\":\"$class\"}"
answer=$(campusd scan "$number" arrive "class=$class" originals_checked=true)
has arrived
until_is '"name":"李小红"' shen.jia "/api/v1/basics/students?came_from=admissions.applicants/$first"

step 'figures (ADM-8)'
want 200 lin.mei GET "$A/reports/by_plan_line"
has '"arrived":1'
for report in by_region by_channel by_officer funnel season_curve; do want 200 lin.mei GET "$A/reports/$report"; done

step 'the policy changes while people work, after a look at who would flip'
printf 'policy: admissions\nage: { min: 18 }\n' >"$folder/draft.yaml"
answer=$(campusd policy try admissions "$folder/draft.yaml")
has too_young
(while sleep 0.02; do curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer ${token[lin.mei]}" "$url$A/applicants?limit=5"; done >"$folder/load") &
load=$!
cp "$folder/draft.yaml" "$CAMPUSD_HOME/policies/admissions.yaml"
campusd reload >/dev/null
answer=$(campusd policy show admissions)
has 'age.min = 18'
sleep 0.5
kill "$load"; wait "$load" 2>/dev/null || true
load=
answer=$(sort "$folder/load" | uniq -c)
[ "$(sort -u "$folder/load")" = 200 ]

step 'and all of it is on record'
answer=$(campusd audit verify)
has good
echo 'the season went as it should'
