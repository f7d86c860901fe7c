#!/usr/bin/env bash
# Gathers what each target begins from, out of ../fixtures, into seeds/ (not kept in git).
set -euo pipefail
cd "$(dirname "$0")"
rm -rf seeds
mkdir -p seeds/{lottie,container,pack,machine,theme,svg,events,intent,replies,manners}
# A copy named by its path: files of different folders may have the same name.
gather() {
    local target=$1 pattern=$2 file
    find ../fixtures ../pets -type f -name "$pattern" -size -64k | while read -r file; do
        grep -q "${3:-}" "$file" || continue
        cp "$file" "seeds/$target/$(tr / _ <<<"${file#../}")"
    done
}
gather lottie '*.json' '"layers"'
gather container '*.lottie'
gather pack '*.buddypack'
gather machine '*.json' '"states"'
gather svg '*.svg'
gather events '*.jsonl'
gather events '*.txt'
gather intent '*.diff'
cp ../src/intent/model/intent.onnx seeds/intent/
for pattern in '*.sarif' '*.tap' 'check_run.json' 'vitest.json' 'jest.json' 'ruff-rdjson.json' '*junit*.xml'; do
    gather events "$pattern"
done
gather replies '*.json' '"probed"'
printf 'pet: "null" # mine\nsize: 12x6\nfps: 12.5\nspeech: off\nquiet_hours: 22:00-07:00, 12:00-13:00\n' > seeds/manners/config.yaml
