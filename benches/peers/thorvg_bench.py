#!/usr/bin/env python3
"""Times ThorVG on one file: thorvg_bench.py FILE WIDTH HEIGHT FRAMES ROUNDS prints µs a frame.

Only the loop is timed: set_frame, update, draw, sync, each frame in order into one buffer; the best
round counts. The library is called without thorvg-python's wrappers, which cost more than some of
these drawings; ctypes itself is some 2 µs a frame.
"""

import ctypes
import sys
import time

import thorvg_python as tvg


def bound(lib, name, *types):
    """The C function of this name, its types told once."""
    function = getattr(lib, name)
    function.argtypes = [ctypes.c_void_p, *types]
    function.restype = ctypes.c_int
    return function


def opened(engine, path, width, height):
    """A canvas with the animation on it. Premultiplied RGBA, as the others draw."""
    canvas = tvg.SwCanvas(engine)
    canvas.set_target(width, height, cs=tvg.Colorspace.ABGR8888)
    animation = tvg.LottieAnimation(engine)
    picture = animation.get_picture()
    with open(path, "rb") as file:
        # No resource path: thorvg-python 1.1.3 gives it a wrong type.
        result = picture.load_data(file.read(), "lottie", None, True)
    if result != tvg.Result.SUCCESS:
        raise SystemExit(f"{path}: {result}")
    picture.set_size(width, height)
    canvas.add(picture)
    return canvas, animation


def best_round(engine, canvas, animation, frames, rounds):
    """Seconds of the fastest round."""
    lib = engine.thorvg_lib
    set_frame = bound(lib, "tvg_animation_set_frame", ctypes.c_float)
    update = bound(lib, "tvg_canvas_update")
    draw = bound(lib, "tvg_canvas_draw", ctypes.c_bool)
    sync = bound(lib, "tvg_canvas_sync")
    on = ctypes.cast(canvas._canvas, ctypes.c_void_p)
    of = ctypes.cast(animation._animation, ctypes.c_void_p)
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for frame in range(frames):
            set_frame(of, frame)
            update(on)
            draw(on, True)
            sync(on)
        best = min(best, time.perf_counter() - start)
    if not any(canvas.buffer_arr):
        print("the last frame is empty", file=sys.stderr)
    return best


def main():
    path, (width, height, frames, rounds) = sys.argv[1], map(int, sys.argv[2:])
    engine = tvg.Engine(threads=0)
    canvas, animation = opened(engine, path, width, height)
    print(best_round(engine, canvas, animation, frames, rounds) / frames * 1e6, flush=True)


main()
