#!/usr/bin/env bash
# From a big multilingual encoder to a model that fits a phone: trimmed, tuned, distilled, taught,
# exported in 8 bits, and one report on what each stage is worth. One folder a stage; a stage that is
# done is not done again, and one that was killed goes on.
#
#     bash recipes/teacher_to_student.sh
#     TEACHER=some/encoder@COMMIT STEPS=4000 OUT=runs/phone bash recipes/teacher_to_student.sh
#
# STEPS are the updates of a model on labels, of 256 pieces each: many small ones, and a copy of each
# utterance in the words of SWITCH's lexicons, are what made the teacher (docs/DISTILLATION.md).
# STEPS=3 tries the commands with so many updates (and SOME=20 utterances of each language).
set -euo pipefail

out=${OUT:-runs/teacher-to-student}
teacher=${TEACHER:-multilingual-e5-small}
steps=${STEPS:-2100}
large=$(((steps + 7) / 8)) # updates of batches of 1,024 pieces, on text without labels
some=${SOME:-240}
english=${ENGLISH:-5000}
pieces=${PIECES:-11000}
switch=${SWITCH:-ar,da,de,id,it,ja,lt,nl,no,sr,tr}
if ((steps < 20)); then some=6 english=60 switch=${SWITCH:-tr}; fi
labels=(--train xsid:train --batch-tokens 256 --test xsid:test:en)
export LC_ALL=C.UTF-8
mkdir -p "$out"

say() { printf '\n== %s\n' "$*" >&2; }

say "In-domain text: English training sentences and the languages' dev sentences, without labels"
test -s "$out/text.txt" || python - "$out/text.txt" <<'PYTHON'
import sys

from nlu.sets import find_utterances, keep_out_of, without_tests
from collections import Counter

keep_out = keep_out_of(find_utterances("xsid:test:all"))
# The languages first: what --limit reads below has all of them, and then English.
sets = [*find_utterances("xsid:dev:all"), *find_utterances("xsid:train")]
texts = [u.text for one in sets for u in without_tests(one, keep_out, Counter()).utterances]
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.writelines(f"{text}\n" for text in texts)
PYTHON

say "1. The teacher, trimmed to the pieces that the text needs"
test -d "$out/base" || python -m training.tokenizer trim "$teacher" --text "$out/text.txt" --updates 0 --out "$out/base"
test -d "$out/few" || python -m training.tokenizer trim "$out/base" --text "$out/text.txt" --pieces "$pieces" --updates 0 --out "$out/few"

say "2. The teacher's second stage: masked pieces of the in-domain text, no labels"
python -m training.pretrain --model "$out/base" --objective MLM --corpus "$out/text.txt" --limit $((english * 2)) \
  --steps "$large" --length 64 --batch-tokens 1024 --learning-rate 5e-5 --freeze 4 --device cpu --out "$out/stage-2"

say "3. The teacher, tuned on labels: one run for both parts, one that tells intents by near utterances"
python -m nlu.train --model "$out/stage-2" --freeze 4 "${labels[@]}" --limit $((english * 4)) --switch "$switch" \
  --steps "$steps" --out "$out/tuned"
python -m nlu.train --model "$out/base" --freeze 12 --intents kernel --centre --slot-weight 0 "${labels[@]}" \
  --limit "$english" --steps 1 --out "$out/near"

say "4. The student: two layers, half the inner units, fewer pieces, on in-domain text without labels"
python -m training.distil --teacher "$out/few" --layers 0,11 --inner 768 --loss hidden,contrast:0.1 \
  --corpus "$out/text.txt" --limit $((english * 2)) --steps "$large" --device cpu --out "$out/distilled"

say "5. The student, taught: English labels, and the teacher's answers in all languages"
python -m nlu.train --model "$out/distilled" "${labels[@]}" --limit "$english" --teacher "$out/tuned,$out/near:intents" \
  --unlabelled xsid:dev:all --unlabelled-limit "$some" --answers "$out/answers" --soft-weight 2 --learning-rate 1e-3 \
  --steps $((steps * 2)) --out "$out/student"

say "6. In 8 bits, for onnxruntime"
echo "wake me at seven" | python -m nlu.predict "$out/student" --onnx "$out/student.onnx" --int8

say "7. What each stage is worth"
more=()
if ((steps < 20)); then more=(--limit 10); fi
python -m nlu.stages "$out/tuned" "$out/student" "$out/student=$out/student.onnx" --test xsid:test:all "${more[@]}" --out "$out/report"
