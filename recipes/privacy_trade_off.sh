#!/usr/bin/env bash
# What a promise of privacy costs, language by language: xSID at epsilon infinity, 8, 3 and 1, three
# seeds. Killed and started again, it goes on. The encoder comes from public text, so that no
# promise is needed for it. docs/TRUST.md has the tables.
set -euo pipefail
runs=${1:-runs/privacy}
mkdir -p "$runs"
corpora=()
for code in da de en id it kk nl sr tr; do corpora+=(--corpus "ntrex-128:test:$code"); done
test -d "$runs/encoder/model" || python -m training.pretrain "${corpora[@]}" --objective MLM \
    --config encoder-nano --tokenizer train:4000 --steps 120 --batch-tokens 2048 --out "$runs/encoder"
python -m bench.privacy --encoder "$runs/encoder/model" --out "$runs/cells.jsonl"
python -m bench.privacy --out "$runs/cells.jsonl" --table
python -m bench.privacy_head --out "$runs/head"  # on a pretrained encoder that stays as it is
