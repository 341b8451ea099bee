#!/usr/bin/env bash
# A translator between English and a language with some parallel text, on a CPU. One story, in order:
#
#     LANG_CODE=sw bash recipes/translator.sh
#     LANG_CODE=yo MINUTES=90 OUT=runs/yo bash recipes/translator.sh
#
# About MINUTES of processor time for the training, and half of it once more for each of the steps after it;
# STEPS=3 in place of it tries the commands with so many updates each. Each command goes on where it
# was stopped, so the script can be started again. docs/TRANSLATION.md says what comes out.
set -euo pipefail

lang=${LANG_CODE:-}  # LANG is the locale's
out=${OUT:-runs/translator-$lang}
test_set=${TEST_SET:-ntrex-128}
size=(--time-budget "${MINUTES:-60}m" --clock cpu --evaluate-every 600)
limit=()
if [[ -n ${STEPS:-} ]]; then size=(--steps "$STEPS"); limit=(--limit 60); fi
export LC_ALL=C.UTF-8

if [[ ! $lang =~ ^[a-z]{2,3}$ ]]; then
  echo "expected a language code of LAFAND in LANG_CODE, such as LANG_CODE=sw; found \"$lang\"" >&2
  exit 2
fi

say() { printf '\n== %s\n' "$*" >&2; }
pairs=(--pairs "lafand:train:$lang" --dev "lafand:dev:$lang" --keep-out "$test_set:$lang,$test_set:en")
how=(--dtype bfloat16 --dropout 0 --length 96 --batch-tokens 2048 "${limit[@]}" "${size[@]}")

say "A pretrained encoder with the pieces that the two languages need"
python -m training.tokenizer trim multilingual-e5-small --text "lafand:train:$lang" \
  lafand:train:en --pieces 12000 --updates 1 --out "$out/encoder"

say "Both directions in one model, from parallel text and a lexicon"
python -m training.translate "${pairs[@]}" --lexicon auto --config bart-small \
  --encoder "$out/encoder:8" --freeze encoder --learning-rate 7e-4 "${how[@]}" --out "$out/first"

say "English news translated back, and the same model goes on"
python -m training.translate "${pairs[@]}" --model "$out/first" --freeze encoder \
  --monolingual lafand:train:en:0.5 --teacher "$out/first" --learning-rate 2e-4 "${how[@]}" \
  --out "$out/second"

say "Scored beside copying and glossing"
python -m icl.eval --lang "$lang" --test-set "$test_set" --model "$out/second" --template m2m \
  --shots 0 --pool none --beam 5 --direction both "${limit[@]}" --out "$out/eval"

say "The reports"
ls "$out"/*/report.html
