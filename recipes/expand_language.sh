#!/usr/bin/env bash
# A tagger for a language without labels, from English labels and a word list. One story, in order:
#
#     LANG_CODE=bam bash recipes/expand_language.sh
#     LANG_CODE=swa LEXICON=freedict bash recipes/expand_language.sh
#     LANG_CODE=twi MINUTES=10 OUT=runs/twi bash recipes/expand_language.sh
#
# About 25 minutes on two cores for MINUTES=4; STEPS=3 in place of it tries the commands with so many
# updates each. Each command goes on where it was stopped, so the
# script can be started again. docs/EXPANSION.md says what each step was worth.
set -euo pipefail

lang=${LANG_CODE:-}  # LANG is the locale's
lexicon=${LEXICON:-gatitos}
out=${OUT:-runs/expand-$lang}
size=(--time-budget "${MINUTES:-4}m")
if [[ -n ${STEPS:-} ]]; then size=(--steps "$STEPS"); fi
test_set=masakhapos:test:$lang
kept_out=masakhapos,masakhaner2
export LC_ALL=C.UTF-8

if [[ ! $lang =~ ^[a-z]{2,3}$ ]]; then
  echo "expected a language code of MasakhaPOS in LANG_CODE, such as LANG_CODE=bam; found \"$lang\"" >&2
  exit 2
fi

say() { printf '\n== %s\n' "$*" >&2; }

say "What is there for this language?"
python -m data.inventory --lang "$lang"
python -m data.lexicon coverage --lang "$lang" --lexicon "$lexicon" --corpus masakhapos --most 5

say "Text: English news with the words of the language put in"
python -m lexaug.synthesize --lang "$lang" --lexicon "$lexicon" --input lafand:train \
  --out "$out/text"

say "Labels: English sentences with parts of speech, words put in, three draws of translations"
for draw in 1 2 3; do
  python -m lexaug.synthesize --lang "$lang" --lexicon "$lexicon" --input ewt:train --mode tags \
    --keep-at-least 1 --seed $draw --out "$out/labels-$draw"
done

say "An encoder from scratch; sentences of the test sets are kept out"
python -m training.pretrain --objective MLM --config encoder-tiny --tokenizer train:8000 \
  --corpus lafand:train:en --corpus ewt:train:en --corpus "$out/text" --corpus "$out/labels-1" \
  --keep-out "$kept_out" --optimizer muon --learning-rate 0.01 --batch-tokens 2048 \
  "${size[@]}" --out "$out/encoder"

say "A tagger of English labels alone, for comparison"
python -m training.tag --model "$out/encoder" --train ewt:train --dev ewt:dev --test "$test_set" \
  "${size[@]}" --optimizer muon --learning-rate 0.005 --out "$out/tagger-english"

say "A tagger of English and pseudo-labelled sentences"
python -m training.tag --model "$out/encoder" --train ewt:train --dev ewt:dev --test "$test_set" \
  --pseudo "$out/labels-1,$out/labels-2,$out/labels-3" \
  "${size[@]}" --optimizer muon --learning-rate 0.005 --out "$out/tagger"

say "The reports"
ls "$out"/*/report.html "$out"/*/coverage.html
