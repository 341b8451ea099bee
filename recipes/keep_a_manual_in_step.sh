#!/usr/bin/env bash
# A manual in your own repository, translated and kept in step with its source. One story, in order:
#
#     LANG_CODE=tr SOURCE=docs TARGET=tr bash recipes/keep_a_manual_in_step.sh
#     LANG_CODE=sw SOURCE=docs TARGET=sw ENGINE="openai --base-url http://localhost:8000/v1" bash ...
#
# Without ENGINE a stub stands for one: it puts accents on vowels, so that you see what would happen.
# What people have translated is never overwritten; start the script again whenever the source changed.
# docs/LOCALIZE.md has the same as a job of continuous integration.
set -euo pipefail

lang=${LANG_CODE:-}  # LANG is the locale's
source=${SOURCE:-docs}
target=${TARGET:-$lang}
out=${OUT:-runs/manual-$lang}
read -ra engine <<< "${ENGINE:-stub}"
export LC_ALL=C.UTF-8

if [[ ! $lang =~ ^[a-z]{2,3}([-_][A-Za-z]+)*$ ]]; then
  echo "expected a language in LANG_CODE, such as LANG_CODE=sw; found \"$lang\"" >&2
  exit 2
fi

say() { printf '\n== %s\n' "$*" >&2; }

mkdir -p "$out"
memory=()
if [[ -d $target && ! -d $target/.localize ]]; then
  say "What people have translated already: examples, a sentence each, and a page to look at"
  python -m localize.pair "$source" "$target" --lang "$lang" --unit sentence --least 0.5 \
    --out "$out/memory.tmx" --page "$out/pairs.html"
fi
if [[ -f $out/memory.tmx ]]; then memory=(--memory "$out/memory.tmx"); fi

say "What it would cost"
python -m localize.translate "$source" --lang "$lang" --engine "${engine[@]}" "${memory[@]}" --dry-run

say "New and changed texts; what people wrote stays, with proposals beside it"
python -m localize.sync "$source" "$target" --lang "$lang" --engine "${engine[@]}" "${memory[@]}"

say "Where it stands"
python -m localize.status "$source" "$target"

say "What a person has to look at"
python -m localize.status "$source" "$target" --list | grep -E ": (outdated|proposed|missing): " || true
