# The transformer of Ramesh et al. 2021, section 2.2 and appendix B: one stream of text positions, then image positions in raster
# order, under one causal softmax. Text ids at or above the vocabulary are the learned pads, one for each text position.
# The logits for image token 0 come from the last text position. Needs resblocks.py.


def text_length(self, w: Dict[str, Tensor]) -> int:
    return torch.size(w["text_position.weight"], 0)


# text [batch, L] -> [batch, L, width] float32
def embed_text(self, w: Dict[str, Tensor], text: Tensor) -> Tensor:
    return torch.embedding(w["text_token.weight"], text).to(6) + w["text_position.weight"].to(6)


# The position part of an image token: row plus column. -> [height * width, width of the model] float32
def image_positions(self, w: Dict[str, Tensor]) -> Tensor:
    rows, columns = w["image_row.weight"].to(6), w["image_column.weight"].to(6)
    return torch.flatten(torch.unsqueeze(rows, 1) + torch.unsqueeze(columns, 0), 0, 1)


# x [..., width] -> logits [..., vocabulary] float32
def logits(self, w: Dict[str, Tensor], head: str, x: Tensor) -> Tensor:
    weight = w[head + ".weight"]
    return torch.linear(self.norm(w, "ln_final", x).to(weight.dtype), weight).to(6)


# Mean cross-entropies in nats: [text, image]. text [batch, L], image [batch, height * width]
def losses(self, w: Dict[str, Tensor], text: Tensor, image: Tensor) -> List[Tensor]:
    length = self.text_length(w)
    n = torch.size(image, 1)
    previous = torch.embedding(w["image_token.weight"], torch.slice(image, 1, 0, n - 1)).to(6)
    x = torch.cat([self.embed_text(w, text), previous + torch.slice(self.image_positions(w), 0, 0, n - 1)], 1)
    x = self.resblocks(w, "", True, False, x)
    text_logits = self.logits(w, "text_head", torch.slice(x, 1, 0, length - 1))
    image_logits = self.logits(w, "image_head", torch.slice(x, 1, length - 1, length - 1 + n))
    text_loss = torch.cross_entropy_loss(torch.flatten(text_logits, 0, 1), torch.flatten(torch.slice(text, 1, 1, length)))
    image_loss = torch.cross_entropy_loss(torch.flatten(image_logits, 0, 1), torch.flatten(image))
    return [text_loss, image_loss]


# One training step. knobs: [dtype, lr, clip, ema]. Returns [loss, text, image, gradient norm, weight norm].
def train_step(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], e: Dict[str, Tensor],
               steps: Tensor, knobs: Tensor, text: Tensor, image: Tensor) -> Tensor:
    losses = self.losses(self.prepare(w, int(knobs[0])), text, image)
    loss = losses[0] * 0.125 + losses[1] * 0.875
    torch.backward(loss)
    norms = self.optimize(w, m, v, e, "", "none", 1., steps, float(knobs[1]), 0.96, 0.045, float(knobs[2]), float(knobs[3]))
    return torch.stack([torch.detach(loss), torch.detach(losses[0]), torch.detach(losses[1]), norms[0], norms[1]])


# Runs one caption's text through the blocks. text [1, L] -> "k.I", "v.I" [1, heads, L, 64] for each block I, and "x", the
# final hidden state of the last text position [1, width]. One caption at a time, so that its numbers never depend on company.
def prefill(self, w: Dict[str, Tensor], text: Tensor) -> Dict[str, Tensor]:
    prefix: Dict[str, Tensor] = {}
    x = self.embed_text(w, text)
    for i in range(self.depth(w, "")):
        block = "resblocks." + str(i)
        q, k, v = self.heads(w, block, x)
        prefix["k." + str(i)] = k
        prefix["v." + str(i)] = v
        x = self.finish(w, block, False, x, torch.scaled_dot_product_attention(q, k, v, None, 0., True))
    prefix["x"] = torch.select(x, 1, -1)
    return prefix


# The state of one batch: for each row the prefix of its caption, room for the image positions' keys and values, the hidden state
# that predicts the next token; and the tokens and log-probabilities so far, [batch]. `caption` [rows] indexes `prefixes`. Guided batches have
# two rows for each candidate: the batch with its captions, then the batch without.
def begin(self, w: Dict[str, Tensor], prefixes: List[Dict[str, Tensor]], caption: List[int], batch: int) -> Dict[str, Tensor]:
    state: Dict[str, Tensor] = {}
    length = self.text_length(w)
    n = torch.size(w["image_row.weight"], 0) * torch.size(w["image_column.weight"], 0)
    rows = len(caption)
    for i in range(self.depth(w, "")):
        for kind in ["k.", "v."]:
            name = kind + str(i)
            sample = prefixes[0][name]
            cache = torch.new_zeros(sample, [rows, torch.size(sample, 1), length + n, 64])
            for row in range(rows):
                torch.copy_(torch.slice(torch.select(cache, 0, row), 1, 0, length), torch.select(prefixes[caption[row]][name], 0, 0))
            state[name] = cache
    hidden: List[Tensor] = []
    for row in range(rows):
        hidden.append(prefixes[caption[row]]["x"])
    state["x"] = torch.cat(hidden)
    state["tokens"] = torch.new_zeros(state["x"], [batch, n], dtype=4)
    state["log_probability"] = torch.new_zeros(state["x"], [batch], dtype=7)
    return state


# logits [batch, vocabulary], uniforms and sampling parameters [batch, 1] -> tokens [batch, 1]. Inverse of the cumulative
# distribution over tokens from likely to unlikely, cut to the top_k first and to the fewest that reach top_p.
def sample(self, logits: Tensor, uniform: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    ordered, tokens = torch.sort(logits / temperature, stable=True, dim=-1, descending=True)
    rank = torch.cumsum(torch.ones_like(tokens), -1)
    ordered = torch.masked_fill(ordered, torch.gt(rank, top_k), -inf)
    p = torch.softmax(ordered, -1)
    before = torch.cumsum(p, -1) - p
    p = torch.masked_fill(p, torch.ge(before, top_p), 0.)
    cumulative = torch.cumsum(p, -1)
    target = uniform * torch.slice(cumulative, 1, -1)
    # the first token whose cumulative probability exceeds the target; rounding must not run past the last one that is kept
    index = torch.sum(torch.le(cumulative, target), [1], True)
    kept = torch.sum(torch.gt(p, 0.), [1], True)
    return torch.gather(tokens, 1, torch.minimum(index, kept - 1))


# Draws the tokens of image positions [start, start + count) for all rows, in place in `state`. uniforms [batch, count];
# primed [batch, count]: a token to take instead of drawing one, or -1; sampling [batch, 4]: temperature, top_k, top_p, guidance.
def draw(self, w: Dict[str, Tensor], state: Dict[str, Tensor], start: int, uniforms: Tensor, primed: Tensor, sampling: Tensor) -> int:
    length = self.text_length(w)
    depth = self.depth(w, "")
    positions = self.image_positions(w)
    temperature = torch.slice(sampling, 1, 0, 1)
    top_k = torch.slice(sampling, 1, 1, 2)
    top_p = torch.slice(sampling, 1, 2, 3)
    guidance = torch.slice(sampling, 1, 3, 4)
    batch = torch.size(sampling, 0)
    x = state["x"]
    guided = torch.size(x, 0) > batch
    for t in range(start, start + torch.size(uniforms, 1)):
        every = self.logits(w, "image_head", x)
        scores = torch.slice(every, 0, 0, batch)
        pushed = scores
        if guided:
            without = torch.slice(every, 0, batch)
            pushed = without + guidance * (scores - without)
        drawn = self.sample(pushed, torch.slice(uniforms, 1, t - start, t - start + 1), temperature, top_k, top_p)
        given = torch.slice(primed, 1, t - start, t - start + 1)
        token = torch.where(torch.ge(given, 0), given, drawn)
        torch.copy_(torch.slice(state["tokens"], 1, t, t + 1), token)
        log_p = torch.gather(torch.log_softmax(scores, -1), 1, token)
        # a primed token was not drawn: it does not count
        torch.add_(state["log_probability"], torch.squeeze(torch.masked_fill(log_p, torch.ge(given, 0), 0.), 1))
        if guided:
            token = torch.cat([token, token])
        x = torch.embedding(w["image_token.weight"], token).to(6) + torch.slice(positions, 0, t, t + 1)
        for i in range(depth):
            block = "resblocks." + str(i)
            q, k, v = self.heads(w, block, x)
            keys, values = state["k." + str(i)], state["v." + str(i)]
            end = length + t + 1
            torch.copy_(torch.slice(keys, 2, end - 1, end), k)
            torch.copy_(torch.slice(values, 2, end - 1, end), v)
            y = torch.scaled_dot_product_attention(q, torch.slice(keys, 2, 0, end), torch.slice(values, 2, 0, end), None, 0., False)
            x = self.finish(w, block, False, x, y)
        x = torch.squeeze(x, 1)
    torch.copy_(state["x"], x)
    return start + torch.size(uniforms, 1)


# -> [text, image] cross-entropies of a batch, no gradients
def evaluate(self, w: Dict[str, Tensor], text: Tensor, image: Tensor) -> Tensor:
    return torch.stack(self.losses(w, text, image))
