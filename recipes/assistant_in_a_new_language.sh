#!/usr/bin/env bash
# An assistant that understands a language without labels, from English utterances and a word list;
# its report, a file to hand in, and a month of simulated sessions that improve it. One story, in order:
#
#     LANG_CODE=tr bash recipes/assistant_in_a_new_language.sh
#     LANG_CODE=kk LEXICON=kk.tsv OUT=runs/kazakh bash recipes/assistant_in_a_new_language.sh
#
# STEPS=3 tries the commands with so many updates. Each command goes on where it was stopped. Users are
# simulated (docs/NLU.md): what they change says how the method works, not what people would do.
set -euo pipefail

lang=${LANG_CODE:-}  # LANG is the locale's
out=${OUT:-runs/assistant-$lang}
steps=${STEPS:-280}
sessions=$((steps * 300))
switch=$lang${LEXICON:+=$LEXICON}
export LC_ALL=C.UTF-8

if [[ ! $lang =~ ^[a-z]{2,3}(-[a-z]+)?$ ]]; then
  echo "expected a language of xSID in LANG_CODE, such as LANG_CODE=tr; found \"$lang\"" >&2
  exit 2
fi

say() { printf '\n== %s\n' "$*" >&2; }

say "What there is to train on, and what the test set shares with it"
python -m nlu.sets xsid:train "xsid:test:$lang"

say "English utterances, and copies with words of the language put in"
python -m nlu.train --model multilingual-e5-small --freeze 4 --intents kernel --dtype bfloat16 --train xsid:train \
  --limit 2000 --dev xsid:dev:en --switch "$switch" --test "xsid:test:en,xsid:test:$lang" \
  --steps "$steps" --out "$out/model"

say "A file to hand in"
python -m nlu.submit --task xsid --model "$out/model" --out "$out/submission"

say "A month of sessions (simulated): users say it again, in the language or in English"
python -m nlu.self_learning simulate --set "xsid:test:$lang,xsid:test:en" --model "$out/model" \
  --sessions "$sessions" --out "$out/sessions"
python -m nlu.self_learning mine "$out/sessions/sessions.jsonl" --out "$out/rewrites"
python -m nlu.self_learning report "$out/rewrites" --truth "$out/sessions"

say "What was learned, as utterances to train on"
python -m nlu.self_learning export "$out/rewrites" --out "$out/learned.jsonl"

say "The reports"
ls "$out"/*/report.html
