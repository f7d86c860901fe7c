# `just ci` is what .ci/run runs, step by step.

# All checks but those of the feature `rlottie`, which needs a library.
ci: fmt clippy docs build test

# Formatting.
fmt:
    cargo fmt --check

# Lints.
clippy:
    cargo clippy --locked --all-targets -- -D warnings

# Documentation.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# The program and the examples.
build:
    cargo build --locked --bins --examples

# The README's test command.
test:
    cargo test --locked

# The figures in the README.
bench:
    for bench in start scenes clips memory encoders kitty events hook intent latency flood watching shell; do cargo bench --bench $bench; done

# Our engine beside rlottie and ThorVG, on one processor.
# Wants librlottie-dev, libclang-dev and pip's thorvg-python.
peers:
    cargo bench --locked --features rlottie --bench peers --no-run
    taskset -c 0 cargo bench --locked --features rlottie --bench peers

# Our sixel beside libsixel and chafa. Wants libsixel-bin and chafa.
sixel:
    cargo bench --locked --bench sixel

# Text symbols beside chafa, on one processor. Wants chafa.
symbols:
    cargo bench --locked --bench symbols --no-run
    taskset -c 0 cargo bench --locked --bench symbols

# The pets' compiled files from their sources.
pets:
    for pet in antigravity null haiku bit spectre; do cargo run --quiet -- pack build pets/$pet; done

# Each pet's sheet of all skins, and the pictures of pets/GALLERY.md.
sheets:
    cargo build --release
    for pet in antigravity null haiku bit spectre; do target/release/buddy-render pack sheet pets/$pet --skin all --columns 0 --size 64 --colors 128 -o pets/$pet/sheet.png; done
    cargo run --release --example skins -- pets/skins.png

# The picture in the README.
gallery:
    cargo run --release --example gallery -- pets/gallery.png

# The intent model and its card's figures from the data set, by what src/intent/model/train/requirements.txt lists.
intent data:
    python3 src/intent/model/train/train.py --data {{data}} --fixtures fixtures/intent
