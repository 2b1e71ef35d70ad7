# The transformer of DALL·E mini and mega (dalle-mini; min-dalle), a BART: an encoder reads the caption, every position
# of it seeing all others, and a decoder draws image positions in raster order, after a start token and under a causal
# softmax of its own; a second attention in each of its layers goes to the caption. Heads are 64 wide, the residual
# stream is float32, and no product has a bias. Names: layers.I.{attn,cross,glu} of the decoder,
# encoder.layers.I.{attn,glu}. Needs layers.py and decoding.py, and to train
# next_token.py.
#
# For these the text is the start token alone, which predicts the first image token. The caption's pads are hidden from
# everything in the published programs; so here there are none, except in a batch that is trained on.


def grid(self, w: Dict[str, Tensor]) -> Tuple[int, int]:
    return (torch.size(w["image_position.weight"], 0), torch.size(w["image_position.weight"], 1))


def depth(self, w: Dict[str, Tensor], prefix: str) -> int:
    n = 0
    while (prefix + "layers." + str(n) + ".attn.norm.weight") in w:
        n = n + 1
    return n


# A copy of the weights: matrices in the compute type, norms float32.
def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if "norm" in name:
            p[name] = w[name].to(FLOAT32, False, True)
        else:
            p[name] = w[name].to(dtype, False, True)
    return p


# What every image token gets for its position as an input, which is one after its place in the image: the first
# position is the start token's. Nothing is drawn after the last token, so that its own does not matter. -> [height *
# width, width of the model] float32
def image_positions(self, w: Dict[str, Tensor]) -> Tensor:
    positions = torch.flatten(w["image_position.weight"].to(FLOAT32), 0, 1)
    return torch.roll(positions, [-1], [0])


# x [..., width] -> logits [..., vocabulary] float32
def logits(self, w: Dict[str, Tensor], head: str, x: Tensor) -> Tensor:
    return self.linear(self.norm(w, "norm_final", x), w[head + ".weight"], None).to(FLOAT32)


# Queries, keys and values of all heads beside each other: x [batch, positions, width] -> [batch, positions, 3 * width]
def dense_heads(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return self.linear(self.norm(w, name + ".norm", x), w[name + ".qkv.weight"], None)


# [batch, positions, heads * 64] -> [batch, heads, positions, 64]
def apart(self, y: Tensor) -> Tensor:
    return torch.transpose(torch.unflatten(y, 2, [-1, HEAD_WIDTH]), 1, 2)


# and back
def beside(self, y: Tensor) -> Tensor:
    return torch.flatten(torch.transpose(y, 1, 2), 2)


# What an attention adds to the residual stream: y [batch, positions, width], its heads beside each other.
def after_attention(self, w: Dict[str, Tensor], name: str, y: Tensor) -> Tensor:
    return self.norm(w, name + ".norm_out", self.linear(y, w[name + ".out.weight"], None).to(FLOAT32))


# What a gated feed-forward adds to the residual stream x [batch, positions, width].
def glu(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    h = self.norm(w, name + ".norm", x)
    gated = self.linear_gelu(h, w[name + ".gate.weight"], None) * self.linear(h, w[name + ".value.weight"], None)
    middle = self.norm(w, name + ".norm_middle", gated.to(FLOAT32))
    return self.linear(middle, w[name + ".out.weight"], None)


# text [1, L] -> what the decoder's layers attend to [1, L, width] float32
def encode_text(self, w: Dict[str, Tensor], text: Tensor) -> Tensor:
    return self.encode_texts(w, text, None)


# The same of a batch of captions. `shown` [batch, 1, 1, L] bool: where one has tokens; nothing if everywhere.
def encode_texts(self, w: Dict[str, Tensor], text: Tensor, shown: Optional[Tensor]) -> Tensor:
    positions = torch.slice(w["encoder.position.weight"], 0, 0, torch.size(text, 1))
    x = torch.embedding(w["encoder.token.weight"], text).to(FLOAT32) + positions.to(FLOAT32)
    x = self.norm(w, "encoder.norm_embedding", x)
    for i in range(self.depth(w, "encoder.")):
        layer = "encoder.layers." + str(i)
        q, k, v = torch.chunk(self.apart(self.dense_heads(w, layer + ".attn", x)), 3, 1)
        y = torch.scaled_dot_product_attention(q, k, v, shown, 0., False)
        x = x + self.after_attention(w, layer + ".attn", self.beside(y))
        x = x + self.glu(w, layer + ".glu", x)
    return self.norm(w, "encoder.norm_final", x)


# Attends to the captions of the rows: q [rows, span, width] -> the same shape. One query at a time, so that it is
# rounded alike in any company; a caption's keys and values are those of all its rows.
def attend_caption(self, state: Dict[str, Tensor], layer: str, q: Tensor) -> Tensor:
    span = torch.size(q, 1)
    counts = state["caption_rows"]
    q = torch.unflatten(torch.index_select(q, 0, state["by_caption"]), 2, [-1, 1, HEAD_WIDTH])
    begin = 0
    attended: List[Tensor] = []
    for c in range(torch.size(counts, 0)):
        end = begin + int(counts[c])
        k, v = torch.chunk(self.apart(state["caption." + layer + "." + str(c)]), 2, 1)  # [1, heads, L, 64]
        own = torch.flatten(torch.slice(q, 0, begin, end), 0, 1).to(k.dtype)  # [queries, heads, 1, 64]
        queries = torch.size(own, 0)
        k, v = torch.expand(k, [queries, -1, -1, -1]), torch.expand(v, [queries, -1, -1, -1])
        attended.append(torch.flatten(torch.scaled_dot_product_attention(own, k, v, None, 0., False), 1))
        begin = end
    y = torch.unflatten(torch.cat(attended), 0, [-1, span])
    return torch.index_select(y, 0, state["from_captions"])


# Image tokens, or the start token, at their positions: [..., width] both -> float32
def embed(self, w: Dict[str, Tensor], tokens: Tensor, positions: Tensor) -> Tensor:
    return self.norm(w, "norm_embedding", tokens.to(FLOAT32) + positions)


# The rest of a layer of the decoder after attention to the image: x and y [rows, span, width]
def finish(self, w: Dict[str, Tensor], state: Dict[str, Tensor], i: int, x: Tensor, y: Tensor) -> Tensor:
    layer = "layers." + str(i)
    x = x + self.after_attention(w, layer + ".attn", y)
    q = self.linear(self.norm(w, layer + ".cross.norm", x), w[layer + ".cross.q.weight"], None)
    x = x + self.after_attention(w, layer + ".cross", self.attend_caption(state, str(i), q))
    return x + self.glu(w, layer + ".glu", x)


# See next_token.py.
def whole_sequence(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, image: Tensor,
                   dropout: float) -> Tensor:
    n = torch.size(image, 1)
    shown = torch.unsqueeze(torch.unsqueeze(torch.ge(text, 0), 1), 1)
    caption = self.encode_texts(w, torch.clamp_min(text, 0), shown)
    start = torch.expand(torch.view(w["start_token.weight"], [1, 1, -1]), [torch.size(image, 0), -1, -1])
    tokens = torch.cat([start, torch.embedding(w["image_token.weight"], torch.slice(image, 1, 0, n - 1))], 1)
    x = self.drop(self.embed(w, tokens, torch.flatten(w["image_position.weight"].to(FLOAT32), 0, 1)), dropout)
    for i in range(self.depth(w, "")):
        layer = "layers." + str(i)
        q, k, v = torch.chunk(self.apart(self.dense_heads(w, layer + ".attn", x)), 3, 1)
        y = torch.scaled_dot_product_attention(q, k, v, None, 0., True)
        x = x + self.drop(self.after_attention(w, layer + ".attn", self.beside(y)), dropout)
        q = self.apart(self.linear(self.norm(w, layer + ".cross.norm", x), w[layer + ".cross.q.weight"], None))
        k, v = torch.chunk(self.apart(self.linear(caption, w[layer + ".cross.kv.weight"], None)), 2, 1)
        y = torch.scaled_dot_product_attention(q, k, v, shown, 0., False)
        x = x + self.drop(self.after_attention(w, layer + ".cross", self.beside(y)), dropout)
        x = x + self.drop(self.glu(w, layer + ".glu", x), dropout)
    return x


# Reads one caption, text [1, L], and runs the start token through the decoder -> "caption.I" [1, L, 2 * width], the
# keys and then the values of the caption for each layer I, as for_single_queries has them; "k.I", "v.I" [1, heads, 1,
# 64], those of the start token; and "x", its final hidden state [1, width].
def prefill(self, w: Dict[str, Tensor], layout: Tensor, text: Tensor) -> Dict[str, Tensor]:
    prefix: Dict[str, Tensor] = {}
    caption = self.encode_text(w, text)
    for i in range(self.depth(w, "")):
        kv = self.linear(caption, w["layers." + str(i) + ".cross.kv.weight"], None)
        prefix["caption." + str(i)] = self.for_single_queries(kv)
    state: Dict[str, Tensor] = {}
    self.keep_captions(state, [prefix], torch.zeros([1], dtype=INT64, device=text.device))
    first = torch.select(torch.flatten(w["image_position.weight"].to(FLOAT32), 0, 1), 0, 0)
    x = torch.view(self.embed(w, w["start_token.weight"], first), [1, 1, -1])
    for i in range(self.depth(w, "")):
        q, k, v = torch.chunk(self.dense_heads(w, "layers." + str(i) + ".attn", x), 3, 2)
        prefix["k." + str(i)] = self.apart(k)
        prefix["v." + str(i)] = self.apart(v)
        # of one position, attention is its value
        x = self.finish(w, state, i, x, v)
    prefix["x"] = torch.squeeze(x, 1)
    return prefix


# Runs the token of image position t through the decoder. token [rows, 1] -> hidden state of the position [rows, width]
def advance(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], t: int, token: Tensor) -> Tensor:
    x = self.embed(w, torch.embedding(w["image_token.weight"], token), torch.select(state["positions"], 0, t))
    for i in range(self.depth(w, "")):
        q, k, v = torch.chunk(self.apart(self.dense_heads(w, "layers." + str(i) + ".attn", x)), 3, 1)
        y = self.attend_at(w, layout, state, i, t, q, k, v)
        x = self.finish(w, state, i, x, self.beside(y))
    return torch.squeeze(x, 1)


# Runs tokens at image positions of each row's own through the decoder: token and at [rows, span] -> hidden states
# [rows, span, width]. Positions may be beyond the grid.
def advance_ahead(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], at: Tensor,
                  token: Tensor) -> Tensor:
    position = torch.embedding(state["positions"], torch.clamp_max(at, torch.size(state["positions"], 0) - 1))
    x = self.embed(w, torch.embedding(w["image_token.weight"], token), position)
    for i in range(self.depth(w, "")):
        qkv = self.dense_heads(w, "layers." + str(i) + ".attn", x)
        width = torch.size(x, 2)
        y = self.attend_ahead(state, str(i), torch.slice(qkv, 2, 0, width), torch.slice(qkv, 2, width))
        x = self.finish(w, state, i, x, y)
    return x
