# The transformer of Ramesh et al. 2021, section 2.2 and appendix B: one stream of text positions, then image
# positions in raster order, under one causal softmax. Text ids at or above the vocabulary are the learned pads, one
# for each text position. The logits for image token 0 come from the last text position. Needs resblocks.py
# and decoding.py, and to train next_token.py.


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


# The naive way, and the one for training: the whole sequence at once, every score computed and most of them masked;
# see next_token.py. `layout` [layers] int64: what each attends to, in the order of AttentionPattern.
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
            y = self.attention(q, k, v, None, True)
        else:
            mask = torch.slice(torch.slice(torch.select(masks, 0, pattern), 0, 0, t), 1, 0, t)
            y = self.attention(q, k, v, mask, False)
        x = self.finish(w, block, False, dropout, x, self.merged(y))
    return x


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
        x = self.finish(w, block, False, 0., x, self.merged(self.attention(q, k, v, None, True)))
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
