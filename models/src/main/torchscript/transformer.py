# The transformer of Ramesh et al. 2021, section 2.2 and appendix B: one stream of text positions, then image
# positions in raster order, under one causal softmax. Text ids at or above the vocabulary are the learned pads, one
# for each text position. The logits for image token 0 come from the last text position. Needs resblocks.py, and
# decoding.py to draw.


def text_length(self, w: Dict[str, Tensor]) -> int:
    return torch.size(w["text_position.weight"], 0)


# text [batch, L] -> [batch, L, width] float32
def embed_text(self, w: Dict[str, Tensor], text: Tensor) -> Tensor:
    return torch.embedding(w["text_token.weight"], text).to(FLOAT32) + w["text_position.weight"].to(FLOAT32)


# Rows and columns of the image.
def grid(self, w: Dict[str, Tensor]) -> Tuple[int, int]:
    if "image_position.weight" in w:
        return (torch.size(w["image_position.weight"], 0), torch.size(w["image_position.weight"], 1))
    return (torch.size(w["image_row.weight"], 0), torch.size(w["image_column.weight"], 0))


# The position part of every image token: row plus column; of minDALL-E's, a vector of its own. -> [height * width,
# width of the model] float32
def image_positions(self, w: Dict[str, Tensor]) -> Tensor:
    if "image_position.weight" in w:
        return torch.flatten(w["image_position.weight"].to(FLOAT32), 0, 1)
    rows, columns = w["image_row.weight"].to(FLOAT32), w["image_column.weight"].to(FLOAT32)
    return torch.flatten(torch.unsqueeze(rows, 1) + torch.unsqueeze(columns, 0), 0, 1)


# x [..., width] -> logits [..., vocabulary] float32
def logits(self, w: Dict[str, Tensor], head: str, x: Tensor) -> Tensor:
    return self.linear(self.norm(w, "ln_final", x), w[head + ".weight"], None).to(FLOAT32)


# What each layer attends to, in the order of AttentionPattern: 0 full, 1 row, 2 column, 3 convolution, 4 own row, 5
# corner. `layout` [layers] int64. `masks` [6, L + height * width, L + height * width] bool: where each pattern lets a
# query (row) see a key (column).


# The naive way, and the one for training: the whole sequence at once, every score computed and most of them masked.
# text [batch, L], image [batch, height * width] as the blocks see it -> hidden states before the final norm [batch, L
# + height * width - 1, width] float32
def whole_sequence(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, image: Tensor,
                   dropout: float) -> Tensor:
    n = torch.size(image, 1)
    previous = torch.embedding(w["image_token.weight"], torch.slice(image, 1, 0, n - 1)).to(FLOAT32)
    x = torch.cat([self.embed_text(w, text), previous + torch.slice(self.image_positions(w), 0, 0, n - 1)], 1)
    x = self.drop(x, dropout)
    t = torch.size(x, 1)
    for i in range(self.depth(w, "")):
        block = "resblocks." + str(i)
        q, k, v = self.heads(w, block, HEAD_WIDTH, x)
        pattern = int(layout[i])
        if pattern == FULL:
            y = self.attention(q, k, v, True)
        else:
            mask = torch.slice(torch.slice(torch.select(masks, 0, pattern), 0, 0, t), 1, 0, t)
            y = torch.scaled_dot_product_attention(q, k, v, mask, 0., False)
        x = self.finish(w, block, False, dropout, x, self.merged(y))
    return x


# -> logits of every image token [batch, height * width, vocabulary] float32
def dense_logits(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, image: Tensor) -> Tensor:
    x = self.whole_sequence(w, layout, masks, text, image, 0.)
    return self.logits(w, "image_head", torch.slice(x, 1, self.text_length(w) - 1))


# Mean cross-entropies in nats: [text, image]. `seen` is the image as the blocks see it, `image` what they shall
# predict.
def losses(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, seen: Tensor, image: Tensor,
           dropout: float) -> List[Tensor]:
    x = self.whole_sequence(w, layout, masks, text, seen, dropout)
    length = self.text_length(w)
    text_logits = self.logits(w, "text_head", torch.slice(x, 1, 0, length - 1))
    image_logits = self.logits(w, "image_head", torch.slice(x, 1, length - 1))
    next_text = torch.slice(text, 1, 1, length)
    text_loss = torch.cross_entropy_loss(torch.flatten(text_logits, 0, 1), torch.flatten(next_text))
    image_loss = torch.cross_entropy_loss(torch.flatten(image_logits, 0, 1), torch.flatten(image))
    return [text_loss, image_loss]


# One training step. Hyperparameters `hyper`: [dtype, lr, clip, ema, noise, dropout, parts]. A share `noise` of the
# image tokens that the blocks see is another picture's at the same place, so that drawing learns to recover from a
# token that it should not have drawn. Gradients of the batch are summed over `parts` of it, one in memory at a time.
# Returns [loss, text, image, gradient norm, weight norm].
def train_step(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], averages: Dict[str, Tensor],
               steps: Tensor, hyper: Tensor, layout: Tensor, masks: Tensor, text: Tensor, image: Tensor) -> Tensor:
    dtype, lr, clip, ema = int(hyper[0]), float(hyper[1]), float(hyper[2]), float(hyper[3])
    noise, dropout, parts = hyper[4], float(hyper[5]), int(hyper[6])
    wrong = torch.lt(torch.rand_like(image, dtype=FLOAT32), noise)
    seen = torch.where(wrong, torch.roll(image, [1], [0]), image)
    texts, seens, images = torch.chunk(text, parts, 0), torch.chunk(seen, parts, 0), torch.chunk(image, parts, 0)
    means: List[Tensor] = []
    for i in range(len(texts)):
        losses = self.losses(self.prepare(w, dtype), layout, masks, texts[i], seens[i], images[i], dropout)
        loss = losses[0] * 0.125 + losses[1] * 0.875  # as published: the text counts an eighth
        share = float(torch.size(texts[i], 0)) / float(torch.size(text, 0))
        torch.backward(loss * share)
        means.append(torch.stack([torch.detach(loss), torch.detach(losses[0]), torch.detach(losses[1])]) * share)
    norms = self.optimize(w, m, v, averages, "", "", 1., steps, lr, 0.96, 0.045, clip, ema)
    return torch.cat([torch.sum(torch.stack(means), [0]), torch.stack(norms)])


# Runs one caption's text through the blocks. text [1, L] -> "k.I", "v.I" [1, heads, L, 64] for each block I, and "x",
# the final hidden state of the last text position [1, width]. One caption at a time, so that its numbers never depend
# on company.
def prefill(self, w: Dict[str, Tensor], layout: Tensor, text: Tensor) -> Dict[str, Tensor]:
    prefix: Dict[str, Tensor] = {}
    x = self.embed_text(w, text)
    for i in range(self.depth(w, "")):
        block = "resblocks." + str(i)
        q, k, v = self.heads(w, block, HEAD_WIDTH, x)
        prefix["k." + str(i)] = k
        prefix["v." + str(i)] = v
        x = self.finish(w, block, False, 0., x, self.merged(self.attention(q, k, v, True)))
    prefix["x"] = torch.select(x, 1, -1)
    return prefix


# Runs the token of image position t through the blocks. token [rows, 1] -> hidden state of the position [rows, width]
def advance(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], t: int, token: Tensor) -> Tensor:
    x = torch.embedding(w["image_token.weight"], token).to(FLOAT32) + torch.select(state["positions"], 0, t)
    for i in range(self.depth(w, "")):
        block = "resblocks." + str(i)
        q, k, v = self.heads(w, block, HEAD_WIDTH, x)
        x = self.finish(w, block, False, 0., x, self.merged(self.attend_at(w, layout, state, i, t, q, k, v)))
    return torch.squeeze(x, 1)


# Runs tokens at image positions of each row's own through the blocks: token and at [rows, span] -> hidden states [rows,
# span, width]. Positions may be beyond the grid.
def advance_ahead(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], at: Tensor,
                  token: Tensor) -> Tensor:
    position = torch.embedding(state["positions"], torch.clamp_max(at, torch.size(state["positions"], 0) - 1))
    x = torch.embedding(w["image_token.weight"], token).to(FLOAT32) + position
    for i in range(self.depth(w, "")):
        block = "resblocks." + str(i)
        qkv = self.dense_heads(w, block, x)
        width = torch.size(x, 2)
        y = self.attend_ahead(state, str(i), torch.slice(qkv, 2, 0, width), torch.slice(qkv, 2, width))
        x = self.finish(w, block, False, 0., x, y)
    return x


# -> [text, image] cross-entropies of a batch, no gradients
def evaluate(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, image: Tensor) -> Tensor:
    return torch.stack(self.losses(w, layout, masks, text, image, image, 0.))
