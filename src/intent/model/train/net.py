"""A perceptron with two hidden layers in NumPy: forwards, backwards, Adam."""

import numpy as np

# Standardised inputs are clipped, so that no count, however absurd, reaches far.
CLIP = 6.0
# ln(1 + count) of hashed tokens: a count has at most 255 of each of 256 ids.
CLIP_HASHED = 12.0


class Scale:
    """From physical inputs to what the first layer takes."""

    def __init__(self, dense, hashed_inputs):
        self.mean = np.concatenate([dense.mean(0), np.zeros(hashed_inputs)]).astype("f4")
        deviation = np.concatenate([dense.std(0) + 1e-3, np.ones(hashed_inputs)])
        self.inverse = (1 / deviation).astype("f4")
        inputs = [dense.shape[1], hashed_inputs]
        self.low = np.repeat(np.array([-CLIP, 0], "f4"), inputs)
        self.high = np.repeat(np.array([CLIP, CLIP_HASHED], "f4"), inputs)

    def __call__(self, x):
        return np.clip((x - self.mean) * self.inverse, self.low, self.high)


class Net:
    """The weights: inputs -> hidden -> vector -> logits."""

    def __init__(self, sizes, rng):
        self.weights = []
        for one, (before, after) in enumerate(zip(sizes, sizes[1:])):
            gain = [0.5, 1.0, 0.5][one] * np.sqrt(2 / before)
            self.weights.append((rng.standard_normal((before, after)) * gain).astype("f4"))
            self.weights.append(np.zeros(after, "f4"))

    def copy(self):
        """A net of its own with the same weights."""
        other = object.__new__(Net)
        other.weights = [weight.copy() for weight in self.weights]
        return other

    def forward(self, z):
        """The logits and the vector of standardised inputs."""
        w1, b1, w2, b2, w3, b3 = self.weights
        vector = np.maximum(np.maximum(z @ w1 + b1, 0) @ w2 + b2, 0)
        return vector @ w3 + b3, vector


def softmax(logits):
    """Logits to probabilities, row by row."""
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def gradients(net, z, target, weight, drop, rng):
    """Those of the weighted cross entropy to the distributions `target`, under dropout."""
    w1, b1, w2, b2, w3, b3 = net.weights
    keep1 = ((rng.random((len(z), w1.shape[1]), dtype="f4") >= drop) / (1 - drop)).astype("f4")
    keep2 = ((rng.random((len(z), w2.shape[1]), dtype="f4") >= 0.1) / 0.9).astype("f4")
    a1 = z @ w1 + b1
    h1 = np.maximum(a1, 0) * keep1
    a2 = h1 @ w2 + b2
    h2 = np.maximum(a2, 0) * keep2
    d3 = (softmax(h2 @ w3 + b3) - target) * (weight / len(z))[:, None]
    d2 = (d3 @ w3.T) * keep2 * (a2 > 0)
    d1 = (d2 @ w2.T) * keep1 * (a1 > 0)
    return [z.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ d3, d3.sum(0)]


def train(rows, scale, target, weight, *, hidden, vector, epochs, rate, decay, drop, token_drop, seed):
    """Trains on `rows` towards the distributions `target`; gives the mean of the last weights."""
    rng = np.random.default_rng(seed)
    dense = rows.dense.shape[1]
    hashed = rows.hashed.shape[1]
    net = Net([dense + hashed, hidden, vector, target.shape[1]], rng)
    first = [np.zeros_like(w) for w in net.weights]
    second = [np.zeros_like(w) for w in net.weights]
    batch, step = 256, 0
    order = np.arange(len(rows))
    total = epochs * (len(order) // batch)
    mean, averaged = net.copy(), 0
    for _ in range(epochs):
        rng.shuffle(order)
        for start in range(0, len(order) - batch + 1, batch):
            at = order[start : start + batch]
            z = scale(rows.inputs(at))
            z[:, dense:] *= (rng.random((batch, hashed), dtype="f4") >= token_drop) / np.float32(1 - token_drop)
            step += 1
            slope = rate * min(1, step / 300) * 0.5 * (1 + np.cos(np.pi * step / total))
            for one, g in enumerate(gradients(net, z, target[at], weight[at], drop, rng)):
                first[one] = 0.9 * first[one] + 0.1 * g
                second[one] = 0.999 * second[one] + 0.001 * g * g
                change = first[one] / (1 - 0.9**step) / (np.sqrt(second[one] / (1 - 0.999**step)) + 1e-8)
                if g.ndim > 1:
                    change = change + decay * net.weights[one]
                net.weights[one] -= (slope * change).astype("f4")
            if step > total * 0.7:
                averaged += 1
                for kept, now in zip(mean.weights, net.weights):
                    kept += (now - kept) / averaged
    return mean
