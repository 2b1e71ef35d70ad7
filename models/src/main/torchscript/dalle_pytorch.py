# The transformer of DALLE-pytorch (lucidrains, version 1): a start token and text positions, then image positions in
# raster order, under one causal softmax. Heads are 64 wide, the residual stream is float32. Names:
# layers.I.{attn,ff}.{norm,norm_out}.{weight,bias}, .scale, layers.I.attn.{to_qkv,to_out},
# layers.I.ff.{proj_in,proj_out}. Without norm_out there is no second norm, and without rotations there are learned
# positions. Needs layers.py and decoding.py, and to train next_token.py.
#
# `layout` [layers + 3] int64: what each layer attends to, then 1 where tokens are shifted, the output is divided by
# its maximum ("stable"), and the layers are reversible.


def grid(self, w: Dict[str, Tensor]) -> Tuple[int, int]:
    if "image_rotation" in w:
        return (torch.size(w["image_rotation"], 0), torch.size(w["image_rotation"], 1))
    return (torch.size(w["image_row.weight"], 0), torch.size(w["image_column.weight"], 0))


def depth(self, w: Dict[str, Tensor], prefix: str) -> int:
    n = 0
    while (prefix + "layers." + str(n) + ".attn.norm.weight") in w:
        n = n + 1
    return n


# A copy of the weights: matrices in the compute type; norms, scales and angles of
# rotations float32.
def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if "norm" in name or "scale" in name or "rotation" in name:
            p[name] = w[name].to(FLOAT32, False, True)
        else:
            p[name] = w[name].to(dtype, False, True)
    return p


# What every image position adds to its token, or the angles by which it turns heads. -> [height * width, width of the
# model, or turned] float32
def image_positions(self, w: Dict[str, Tensor]) -> Tensor:
    if "image_rotation" in w:
        return torch.flatten(w["image_rotation"], 0, 1)
    rows, columns = w["image_row.weight"].to(FLOAT32), w["image_column.weight"].to(FLOAT32)
    return torch.flatten(torch.unsqueeze(rows, 1) + torch.unsqueeze(columns, 0), 0, 1)


# x [..., width] -> logits [..., vocabulary] float32
def logits(self, w: Dict[str, Tensor], head: str, x: Tensor) -> Tensor:
    return self.dense(w, head, self.norm(w, "norm_final", x)).to(FLOAT32)


# The first numbers of heads, pair by pair, turned by the angles of their positions. x [..., positions, 64], angles
# [..., positions, turned]
def rotate(self, angles: Tensor, x: Tensor) -> Tensor:
    turned = torch.size(angles, -1)
    straight = torch.slice(x, -1, 0, turned).to(FLOAT32)
    pairs = torch.unflatten(straight, -1, [turned // 2, 2])
    crossed = torch.flatten(torch.stack([torch.neg(torch.select(pairs, -1, 1)), torch.select(pairs, -1, 0)], -1), -2)
    y = straight * torch.cos(angles) + crossed * torch.sin(angles)
    return torch.cat([y.to(x.dtype), torch.slice(x, -1, turned)], -1)


# x [batch, positions, width], normed -> queries, keys, values [batch, heads, positions, 64]. Values are rotated as
# the others are. `angles` [..., positions, turned] are empty where positions are learned.
def heads(self, w: Dict[str, Tensor], layer: str, angles: Tensor, x: Tensor) -> List[Tensor]:
    qkv = self.linear(x, w[layer + ".attn.to_qkv.weight"], None)
    qkv = torch.permute(torch.view(qkv, [torch.size(x, 0), torch.size(x, 1), 3, -1, HEAD_WIDTH]), [2, 0, 3, 1, 4])
    if torch.numel(angles) > 0:
        qkv = self.rotate(angles, qkv)
    return torch.unbind(qkv)


# What a branch adds to the residual stream.
def branch(self, w: Dict[str, Tensor], name: str, y: Tensor) -> Tensor:
    if (name + ".norm_out.weight") in w:
        y = self.norm(w, name + ".norm_out", y.to(FLOAT32))
    return y.to(FLOAT32) * w[name + ".scale"]


# Heads beside each other: [batch, heads, positions, 64] -> [batch, positions, heads * 64]
def merged(self, y: Tensor) -> Tensor:
    return torch.flatten(torch.transpose(y, 1, 2), 2)


# y [batch, positions, heads * 64] -> [batch, positions, width]
def after_attention(self, w: Dict[str, Tensor], layer: str, y: Tensor) -> Tensor:
    return self.branch(w, layer + ".attn", self.dense(w, layer + ".attn.to_out", y))


# x [batch, positions, width], normed. libtorch rounds GELU of a part of a tensor otherwise than of a whole one, and of
# one row the gates are whole.
def feed_forward(self, w: Dict[str, Tensor], layer: str, x: Tensor) -> Tensor:
    values, gates = torch.chunk(self.dense(w, layer + ".ff.proj_in", x), 2, -1)
    gated = values * torch.gelu(torch.contiguous(gates))
    return self.branch(w, layer + ".ff", self.dense(w, layer + ".ff.proj_out", gated))


# The final hidden states, from the two residual streams of reversible layers; others have one stream twice.
def output(self, layout: Tensor, a: Tensor, b: Tensor) -> Tensor:
    x = (a + b) * 0.5
    if int(layout[STABLE]) == 1:
        x = x / torch.amax(x, [-1], True)
    return x


# Text: the first half of the channels come from the token before. x [batch, positions, width]
def shift_text(self, layout: Tensor, x: Tensor) -> Tensor:
    if int(layout[SHIFTED]) == 0:
        return x
    before, own = torch.chunk(x, 2, -1)
    before = torch.constant_pad_nd(torch.slice(before, 1, 0, -1), [0, 0, 1, 0])
    return torch.cat([before, own], -1)


# Image: the first quarter of the channels comes from the token above, the second from the token to the left; off the
# grid are zeros. x [rows, 1, width] of position t. state[name] [rows, columns, width / 2] holds these quarters of as
# many positions as a row has.
def shift_image(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], name: str, t: int,
                x: Tensor) -> Tensor:
    if int(layout[SHIFTED]) == 0:
        return x
    height, width = self.grid(w)
    quarter = torch.size(x, 2) // 4
    if t == 0:
        state[name] = torch.new_zeros(x, [torch.size(x, 0), width, 2 * quarter])
    kept = state[name]
    column = t % width
    above = torch.slice(torch.slice(kept, 1, column, column + 1), 2, 0, quarter)
    left = torch.new_zeros(x, [torch.size(x, 0), 1, quarter])
    if column > 0:
        left = torch.slice(torch.slice(kept, 1, column - 1, column), 2, quarter)
    shifted = torch.cat([above, left, torch.slice(x, 2, 2 * quarter)], 2)
    torch.copy_(torch.slice(kept, 1, column, column + 1), torch.slice(x, 2, 0, 2 * quarter))
    return shifted


# Both for a whole sequence: x [batch, L + image positions, width], where L is `length`.
def shift_whole(self, w: Dict[str, Tensor], layout: Tensor, length: int, x: Tensor) -> Tensor:
    if int(layout[SHIFTED]) == 0:
        return x
    height, width = self.grid(w)
    image = torch.slice(x, 1, length)
    n, quarter = torch.size(image, 1), torch.size(x, 2) // 4
    above = torch.constant_pad_nd(torch.slice(image, 2, 0, quarter), [0, 0, width, 0])
    left = torch.constant_pad_nd(torch.slice(image, 2, quarter, 2 * quarter), [0, 0, 1, 0])
    first = torch.unsqueeze(torch.eq(torch.remainder(torch.arange(n, device=x.device), width), 0), 1)
    left = torch.masked_fill(torch.slice(left, 1, 0, n), first, 0.)
    shifted = torch.cat([torch.slice(above, 1, 0, n), left, torch.slice(image, 2, 2 * quarter)], 2)
    return torch.cat([self.shift_text(layout, torch.slice(x, 1, 0, length)), shifted], 1)


# See next_token.py. The start token is the first of the text's L positions.
def whole_sequence(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, image: Tensor,
                   dropout: float) -> Tensor:
    length, n = torch.size(text, 1), torch.size(image, 1)
    positions = torch.slice(self.image_positions(w), 0, 0, n - 1)
    words = torch.embedding(w["text_emb.weight"], text).to(FLOAT32)
    tokens = torch.embedding(w["image_emb.weight"], torch.slice(image, 1, 0, n - 1)).to(FLOAT32)
    angles = torch.new_zeros(words, [0])
    if "text_rotation" in w:
        angles = torch.cat([w["text_rotation"], positions])
    else:
        words, tokens = words + w["text_position.weight"].to(FLOAT32), tokens + positions
    a = self.drop(torch.cat([words, tokens], 1), dropout)
    b = a
    t = torch.size(a, 1)
    reversible = int(layout[REVERSIBLE]) == 1
    for i in range(self.depth(w, "")):
        layer = "layers." + str(i)
        mask = torch.slice(torch.slice(torch.select(masks, 0, int(layout[i])), 0, 0, t), 1, 0, t)
        x = self.shift_whole(w, layout, length, self.norm(w, layer + ".attn.norm", b))
        q, k, v = self.heads(w, layer, angles, x)
        y = self.merged(torch.scaled_dot_product_attention(q, k, v, mask, 0., False))
        a = a + self.drop(self.after_attention(w, layer, y), dropout)
        if not reversible:
            b = a
        x = self.shift_whole(w, layout, length, self.norm(w, layer + ".ff.norm", a))
        b = b + self.drop(self.feed_forward(w, layer, x), dropout)
        if not reversible:
            a = b
    return self.output(layout, a, b)


# Runs one caption's text through the layers. text [1, L], the start token first -> "k.I", "v.I" [1, heads, L, 64] for
# each layer I, and "x", the final hidden state of the last text position [1, width].
def prefill(self, w: Dict[str, Tensor], layout: Tensor, text: Tensor) -> Dict[str, Tensor]:
    prefix: Dict[str, Tensor] = {}
    a = torch.embedding(w["text_emb.weight"], text).to(FLOAT32)
    angles = torch.new_zeros(a, [0])
    if "text_rotation" in w:
        angles = w["text_rotation"]
    else:
        a = a + w["text_position.weight"].to(FLOAT32)
    b = a
    reversible = int(layout[REVERSIBLE]) == 1
    for i in range(self.depth(w, "")):
        layer = "layers." + str(i)
        q, k, v = self.heads(w, layer, angles, self.shift_text(layout, self.norm(w, layer + ".attn.norm", b)))
        prefix["k." + str(i)] = k
        prefix["v." + str(i)] = v
        a = a + self.after_attention(
            w, layer, self.merged(torch.scaled_dot_product_attention(q, k, v, None, 0., True)))
        if not reversible:
            b = a
        b = b + self.feed_forward(w, layer, self.shift_text(layout, self.norm(w, layer + ".ff.norm", a)))
        if not reversible:
            a = b
    prefix["x"] = torch.select(self.output(layout, a, b), 1, -1)
    return prefix


# Runs the token of image position t through the layers. token [rows, 1] -> hidden state of the position [rows, width]
def advance(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], t: int, token: Tensor) -> Tensor:
    a = torch.embedding(w["image_emb.weight"], token).to(FLOAT32)
    position = torch.select(state["positions"], 0, t)
    angles = torch.new_zeros(a, [0])
    if "image_rotation" in w:
        angles = torch.unsqueeze(position, 0)
    else:
        a = a + position
    b = a
    reversible = int(layout[REVERSIBLE]) == 1
    for i in range(self.depth(w, "")):
        layer = "layers." + str(i)
        x = self.shift_image(w, layout, state, layer + ".attn", t, self.norm(w, layer + ".attn.norm", b))
        q, k, v = self.heads(w, layer, angles, x)
        a = a + self.after_attention(w, layer, self.merged(self.attend_at(w, layout, state, i, t, q, k, v)))
        if not reversible:
            b = a
        x = self.shift_image(w, layout, state, layer + ".ff", t, self.norm(w, layer + ".ff.norm", a))
        b = b + self.feed_forward(w, layer, x)
        if not reversible:
            a = b
    return torch.squeeze(self.output(layout, a, b), 1)


# As shift_image, at image positions of each row's own: x [rows, span, width], at [rows, span]. state[name] [rows,
# columns + positions, width / 2] holds the first half of the channels of all positions, behind a row of zeros.
def shift_ahead(self, layout: Tensor, state: Dict[str, Tensor], name: str, columns: int, at: Tensor,
                x: Tensor) -> Tensor:
    if int(layout[SHIFTED]) == 0:
        return x
    rows, quarter = torch.size(x, 0), torch.size(x, 2) // 4
    positions = columns + torch.size(state["tokens"], 1)
    if name not in state:
        state[name] = torch.new_zeros(x, [rows, positions, 2 * quarter])
    kept = torch.flatten(state[name], 0, 1)
    above = torch.flatten(torch.unsqueeze(torch.arange(rows, device=at.device), 1) * positions + at)
    torch.index_copy_(kept, 0, above + columns, torch.flatten(torch.slice(x, 2, 0, 2 * quarter), 0, 1))
    from_above = torch.slice(torch.index_select(kept, 0, above), 1, 0, quarter)
    from_left = torch.slice(torch.index_select(kept, 0, above + (columns - 1)), 1, quarter)
    first = torch.unsqueeze(torch.flatten(torch.eq(torch.remainder(at, columns), 0)), 1)
    shifted = torch.cat([from_above, torch.masked_fill(from_left, first, 0.)], 1)
    return torch.cat([torch.unflatten(shifted, 0, [rows, -1]), torch.slice(x, 2, 2 * quarter)], 2)


# Runs tokens at image positions of each row's own through the layers: token and at [rows, span] -> hidden states [rows,
# span, width]. Positions may be beyond the grid.
def advance_ahead(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], at: Tensor,
                  token: Tensor) -> Tensor:
    height, width = self.grid(w)
    a = torch.embedding(w["image_emb.weight"], token).to(FLOAT32)
    position = torch.embedding(state["positions"], torch.clamp_max(at, height * width - 1))
    angles = torch.new_zeros(a, [0])
    if "image_rotation" in w:
        angles = torch.unsqueeze(position, 1)
    else:
        a = a + position
    b = a
    reversible = int(layout[REVERSIBLE]) == 1
    for i in range(self.depth(w, "")):
        layer = "layers." + str(i)
        x = self.shift_ahead(layout, state, layer + ".attn", width, at, self.norm(w, layer + ".attn.norm", b))
        q, k, v = self.heads(w, layer, angles, x)
        y = self.attend_ahead(state, str(i), self.merged(q), self.merged(torch.cat([k, v], 1)))
        a = a + self.after_attention(w, layer, y)
        if not reversible:
            b = a
        x = self.shift_ahead(layout, state, layer + ".ff", width, at, self.norm(w, layer + ".ff.norm", a))
        b = b + self.feed_forward(w, layer, x)
        if not reversible:
            a = b
    return self.output(layout, a, b)
