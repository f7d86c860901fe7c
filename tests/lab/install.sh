#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install.sh: what `shot`, the feature `rlottie`, tests/packs.rs (strace), tests/encoders (kitty, sixel2png),
# tests/shells.rs (zsh, bash, fish, tmux) and tests/intent (pip, a Vulkan device in software) need, on Debian
# 12 or later, as root.
set -eu
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    xvfb x11-utils libgl1-mesa-dri libgl1 kitty xterm mlterm konsole fonts-dejavu-core python3 python3-pip \
    librlottie-dev libclang-dev pkg-config strace libsixel-bin xdotool libvulkan1 mesa-vulkan-drivers \
    zsh bash fish tmux >/dev/null
echo "install.sh: done"
