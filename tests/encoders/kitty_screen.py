# kitty's own parser and picture manager, without a window. Run by kitty itself:
#     FRAMES=in.json kitty +runpy "exec(open('kitty_screen.py').read(), {})" > out.json
# In: the cell's size, and frames of sequences, each frame with the id of the picture to look at.
# Out, a frame: placements after each sequence, pictures held, that picture, and any answers.
import json
import os
import sys
import zlib

from kitty import fast_data_types
from kitty.fast_data_types import Screen, set_options
from kitty.options.types import defaults


class Window:
    def __init__(self):
        self.answers = b''

    def write(self, data):
        self.answers += bytes(data)

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


def parse(screen, data):
    if hasattr(fast_data_types, 'parse_bytes'):
        return fast_data_types.parse_bytes(screen, data)
    # From kitty 0.33 on, as its own tests do.
    data = memoryview(data)
    while data:
        buffer = screen.test_create_write_buffer()
        data = data[screen.test_commit_write_buffer(data, buffer):]
        screen.test_parse_written_data()


def look(image):
    if image is None:
        return None
    frames = [(image['root_frame_gap'], image['data'])]
    frames += [(frame['gap'], frame['data']) for frame in image['extra_frames']]
    return {
        'size': [image['width'], image['height']],
        'current': image['current_frame_index'],
        'state': image['animation_state'],
        'gaps': [gap for gap, _ in frames],
        'pixels': [zlib.crc32(data) for _, data in frames],
    }


def main():
    with open(os.environ['FRAMES']) as file:
        job = json.load(file)
    width, height = job['cell']
    set_options(defaults)
    window, out = Window(), []
    screen = Screen(window, 24, 80, 100, width, height, 0, window)
    pictures = screen.grman
    for frame in job['frames']:
        seen = []
        for sequence in frame['sequences']:
            parse(screen, sequence.encode('ascii'))
            layers = pictures.update_layers(0, -1, 1, 2 / 80, 2 / 24, 80, 24, width, height)
            seen.append(len(layers))
        # kitty 0.26 makes a picture of any id that it does not know when it is asked so.
        picture = pictures.image_for_client_id(frame['look']) if frame['look'] else None
        out.append({
            'seen': seen,
            'held': pictures.image_count,
            'picture': look(picture),
            'answers': window.answers.decode('latin-1'),
        })
    json.dump(out, sys.stdout)


main()
