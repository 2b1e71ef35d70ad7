# Cached decoding and sampling, a batch of rows at a time, for every family of transformers. A family provides grid,
# depth, prefill, advance and logits, as transformer.py does.


# The state of one batch of rows:
#   text_k.I, text_v.I [groups, heads, L, 64]: the text of a caption, once for each group of its rows
#   k.I, v.I [blocks, rows, heads, slots, 64]: what the pattern of layer I needs of the image so far; a block for each
#     column, or one for all
#   windows.P, starts.P: if pattern P looks through a window, the slots in it at each position, one after the other,
#     and where those of each position start. The starts are read one by one, so they stay on the host, like `layout`.
#   x [rows, width]: the hidden state that predicts the next token
#   positions [height * width, ...]: what the model knows of each position
#   tokens, log_probability [batch]
#   and what keep_captions keeps
# Rows of one caption are taken together, GROUP to a group, so that its keys and values are read once for all.
# `group_caption` [groups] indexes `prefixes`; `members` [groups * GROUP] are the rows of the groups, padded with any;
# `places` [rows] is where each row stands among the members. Guided batches have two rows for each candidate: the
# batch with its captions, then the batch without.
def begin(self, w: Dict[str, Tensor], layout: Tensor, prefixes: List[Dict[str, Tensor]], group_caption: List[int],
          members: Tensor, places: Tensor, batch: int) -> Dict[str, Tensor]:
    state: Dict[str, Tensor] = {}
    height, width = self.grid(w)
    rows = torch.size(places, 0)
    for i in range(self.depth(w, "")):
        for kind in ["k.", "v."]:
            name = kind + str(i)
            texts: List[Tensor] = []
            for caption in group_caption:
                texts.append(prefixes[caption][name])
            state["text_" + name] = torch.cat(texts)
            sample = texts[0]
            blocks = 1
            if int(layout[i]) == COLUMN:
                blocks = width
            state[name] = torch.new_zeros(sample, [blocks, rows, torch.size(sample, 1), 0, HEAD_WIDTH])
        pattern = int(layout[i])
        name = "windows." + str(pattern)
        if self.has_window(pattern) and name not in state:
            slots: List[int] = []
            starts: List[int] = [0]
            for t in range(height * width):
                for slot in self.window(pattern, t, height, width):
                    slots.append(slot)
                starts.append(len(slots))
            state[name] = torch.tensor(slots, dtype=INT64, device=places.device)
            state["starts." + str(pattern)] = torch.tensor(starts, dtype=INT64)
    caption_of_group = torch.tensor(group_caption, dtype=INT64, device=places.device)
    self.keep_captions(state, prefixes, torch.index_select(caption_of_group, 0, torch.floor_divide(places, GROUP)))
    hidden: List[Tensor] = []
    for caption in group_caption:
        hidden.append(torch.expand(prefixes[caption]["x"], [GROUP, -1]))
    state["x"] = torch.index_select(torch.cat(hidden), 0, places)
    state["positions"] = self.image_positions(w)
    state["members"] = members
    state["places"] = places
    state["tokens"] = torch.new_zeros(state["x"], [batch, height * width], dtype=INT64)
    state["log_probability"] = torch.new_zeros(state["x"], [batch], dtype=FLOAT64)
    return state


# Keys and values as single queries attend to them fastest: on processors float32, since of bfloat16 libtorch multiplies
# a single query by loops without vectors where its MKL does not know the processor.
def for_single_queries(self, x: Tensor) -> Tensor:
    if x.is_cuda:
        return x
    return x.to(FLOAT32)


# What a family has of a caption beside keys and values of its text, "caption.NAME" of its prefill: kept once for each
# caption c of a batch, as "caption.NAME.c". captions [rows] indexes `prefixes`; `by_caption` [rows] puts the rows of a
# caption beside each other, `from_captions` [rows] puts them back, and `caption_rows`, on the host, counts them.
def keep_captions(self, state: Dict[str, Tensor], prefixes: List[Dict[str, Tensor]], captions: Tensor) -> int:
    for c in range(len(prefixes)):
        for name in prefixes[c].keys():
            if torch.startswith(name, "caption."):
                state[name + "." + str(c)] = prefixes[c][name]
    _0, by_caption = torch.sort(captions, stable=True, dim=0, descending=False)
    state["by_caption"] = by_caption
    state["from_captions"] = torch.argsort(by_caption)
    state["caption_rows"] = torch.bincount(captions, None, len(prefixes)).cpu()
    return len(prefixes)


# The slots of a block: all positions, a ring of a row and one, a column, a ring of the convolution's window, the row,
# or a ring of the window of the corner or of the square around a token.
def kept(self, pattern: int, height: int, width: int) -> int:
    n = height * width
    if pattern == ROW and width + 1 < n:
        n = width + 1
    if pattern == COLUMN:
        n = height
    if pattern == CONVOLUTION and REACH * width + REACH + 1 < n:
        n = REACH * width + REACH + 1
    if pattern == OWN_ROW:
        n = width
    if pattern == CORNER and CORNER_REACH * width + CORNER_REACH + 1 < n:
        n = CORNER_REACH * width + CORNER_REACH + 1
    if pattern == AROUND and AROUND_REACH * width + AROUND_REACH + 1 < n:
        n = AROUND_REACH * width + AROUND_REACH + 1
    return n


# Whether positions of a pattern see chosen slots of their block, not the first ones.
def has_window(self, pattern: int) -> bool:
    return pattern == CONVOLUTION or pattern == CORNER or pattern == AROUND


# Where position t is kept: [block, slot].
def place(self, pattern: int, t: int, height: int, width: int) -> Tuple[int, int]:
    if pattern == COLUMN:
        return (t % width, t // width)
    return (0, t % self.kept(pattern, height, width))


# How many slots of its block position t sees, from the first on.
def seen(self, pattern: int, t: int, height: int, width: int) -> int:
    kept = self.kept(pattern, height, width)
    if pattern == COLUMN:
        return t // width + 1
    if pattern == OWN_ROW:
        return t % width + 1
    if t + 1 < kept:
        return t + 1
    return kept


# The slots that the convolution, the corner or the square around position t sees.
def window(self, pattern: int, t: int, height: int, width: int) -> List[int]:
    distances: List[int] = []
    slots: List[int] = []
    kept = self.kept(pattern, height, width)
    if pattern == CONVOLUTION:
        for up in range(REACH + 1):
            for left in range(-REACH, REACH + 1):
                distance = up * width + left
                if distance >= 0 and distance <= t and distance not in distances:
                    distances.append(distance)
                    slots.append((t - distance) % kept)
    else:
        # not over the edges of rows
        reach, right = CORNER_REACH, 0
        if pattern == AROUND:
            reach, right = AROUND_REACH, AROUND_REACH
        for up in range(reach + 1):
            for left in range(-right, reach + 1):
                distance, column = up * width + left, t % width - left
                if distance >= 0 and distance <= t and column >= 0 and column < width:
                    slots.append((t - distance) % kept)
    return slots


# A layer's keys or values, with room for one more at `slot`. On processors they grow by GROWTH slots, because
# products of whole contiguous tensors are there about twice as fast as those of a part of a larger one.
def room(self, state: Dict[str, Tensor], name: str, kept: int, slot: int) -> Tensor:
    cache = state[name]
    slots = torch.size(cache, 3)
    if slot >= slots:
        wanted = (slot // GROWTH + 1) * GROWTH
        if wanted > kept or cache.is_cuda:
            wanted = kept
        size = torch.size(cache)
        more = torch.new_zeros(cache, [size[0], size[1], size[2], wanted - slots, HEAD_WIDTH])
        cache = torch.cat([cache, more], 3)
        state[name] = cache
    return cache


# One softmax over the text of the row's caption and the image keys that the layer sees: the first `seen`. q [rows,
# heads, 1, 64], keys and values [rows, heads, slots, 64] -> [rows, heads, 1, 64]
def attend(self, state: Dict[str, Tensor], layer: str, q: Tensor, keys: Tensor, values: Tensor, seen: int) -> Tensor:
    if q.is_cuda:
        # a part costs no more than the whole there, and fewer kernels
        keys, values = torch.slice(keys, 2, 0, seen), torch.slice(values, 2, 0, seen)
    text_k, text_v = state["text_k." + layer], state["text_v." + layer]
    groups, heads, length = torch.size(text_k, 0), torch.size(text_k, 1), torch.size(text_k, 2)
    grouped = torch.view(torch.index_select(q, 0, state["members"]), [groups, GROUP, heads, HEAD_WIDTH])
    on_text = torch.matmul(torch.transpose(grouped, 1, 2), torch.transpose(text_k, 2, 3))  # [groups, heads, GROUP, L]
    on_text = torch.reshape(torch.transpose(on_text, 1, 2), [groups * GROUP, heads, 1, length])
    on_text = torch.index_select(on_text, 0, state["places"])
    on_image = torch.slice(torch.matmul(q, torch.transpose(keys, 2, 3)), 3, 0, seen)
    scores = torch.cat([on_text, on_image], -1)  # [rows, heads, 1, L + seen]
    if q.is_cuda:
        # its softmax adds up in float32 by itself
        p = torch.softmax(scores * HEAD_SCALE, -1)
    else:
        p = torch.softmax(scores.to(FLOAT32) * HEAD_SCALE, -1).to(q.dtype)
    p_text = torch.index_select(torch.slice(p, 3, 0, length), 0, state["members"])
    p_text = torch.view(p_text, [groups, GROUP, heads, length])
    of_text = torch.matmul(torch.transpose(p_text, 1, 2), text_v)  # [groups, heads, GROUP, 64]
    of_text = torch.reshape(torch.transpose(of_text, 1, 2), [groups * GROUP, heads, 1, HEAD_WIDTH])
    p_image = torch.slice(p, 3, length)
    if torch.size(keys, 2) > seen:
        p_image = torch.constant_pad_nd(p_image, [0, torch.size(keys, 2) - seen])
    return torch.index_select(of_text, 0, state["places"]) + torch.matmul(p_image, values)


# Keeps the keys and values of image position t in a layer, and attends with its queries: all [rows, heads, 1, 64]
def attend_at(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], i: int, t: int,
              q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    height, width = self.grid(w)
    layer = str(i)
    pattern = int(layout[i])
    block, slot = self.place(pattern, t, height, width)
    kept = self.kept(pattern, height, width)
    keys = torch.select(self.room(state, "k." + layer, kept, slot), 0, block)
    values = torch.select(self.room(state, "v." + layer, kept, slot), 0, block)
    torch.copy_(torch.slice(keys, 2, slot, slot + 1), k)
    torch.copy_(torch.slice(values, 2, slot, slot + 1), v)
    if self.has_window(pattern):
        starts = state["starts." + str(pattern)]
        window = torch.slice(state["windows." + str(pattern)], 0, int(starts[t]), int(starts[t + 1]))
        keys, values = torch.index_select(keys, 2, window), torch.index_select(values, 2, window)
        return self.attend(state, layer, q, keys, values, torch.size(window, 0))
    return self.attend(state, layer, q, keys, values, self.seen(pattern, t, height, width))


# logits [..., vocabulary], uniforms and sampling parameters [..., 1] -> tokens [..., 1]. Inverse of the
# cumulative distribution over the tokens that are left when it is cut to the top_k likeliest first and then to the
# fewest that reach top_p. `cut` tells that some row is cut at all: only then are the tokens put in order, which takes
# longer than everything else here.
def sample(self, logits: Tensor, uniform: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor,
           cut: bool) -> Tensor:
    logits = logits / temperature
    if cut:
        ordered, tokens = torch.sort(logits, stable=True, dim=-1, descending=True)
        beyond = torch.gt(torch.cumsum(torch.ones_like(tokens), -1), top_k)
        p = torch.softmax(torch.masked_fill(ordered, beyond, -inf), -1)
        beyond = torch.logical_or(beyond, torch.ge(torch.cumsum(p, -1) - p, top_p))
        logits = torch.masked_fill(logits, torch.scatter(beyond, -1, tokens, beyond), -inf)
    cumulative = torch.cumsum(torch.softmax(logits, -1), -1)
    # a uniform is less than 1, so this is less than the last sum, and what stands after the last token that is left is
    # never drawn
    target = uniform * torch.slice(cumulative, -1, -1)
    return torch.sum(torch.le(cumulative, target), [-1], True)


# logits [..., vocabulary], tokens [..., 1] -> [..., 1] float64. The logarithm is of float64: in float32 libtorch rounds
# it otherwise for the last few rows of a batch.
def log_probability(self, logits: Tensor, token: Tensor) -> Tensor:
    most = torch.amax(logits, [-1], True)
    total = torch.sum(torch.exp(logits - most), [-1], True)
    return (torch.gather(logits, -1, token) - most).to(FLOAT64) - torch.log(total.to(FLOAT64))


# Logits [rows, ..., vocabulary] -> those of the captions, and those to draw from, [batch, ..., vocabulary] both: of a
# guided batch they are pushed away from the logits without a caption.
def guide(self, every: Tensor, batch: int, guidance: Tensor) -> Tuple[Tensor, Tensor]:
    scores = torch.slice(every, 0, 0, batch)
    if torch.size(every, 0) == batch:
        return (scores, scores)
    without = torch.slice(every, 0, batch)
    return (scores, without + guidance * (scores - without))


# Draws the tokens of image positions [start, start + count) for all rows, in place in `state`. uniforms [batch,
# count]; primed [batch, count]: a token to take instead of drawing one, or -1 (PrimedTokens.DRAWN); sampling [batch,
# 4]: temperature, top_k, top_p, guidance.
def draw(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], start: int,
         uniforms: Tensor, primed: Tensor, sampling: Tensor) -> int:
    temperature = torch.slice(sampling, 1, 0, 1)
    top_k = torch.slice(sampling, 1, 1, 2)
    top_p = torch.slice(sampling, 1, 2, 3)
    guidance = torch.slice(sampling, 1, 3, 4)
    cut = bool(torch.any(torch.logical_or(torch.lt(top_k, inf), torch.le(top_p, 1.))))
    batch = torch.size(sampling, 0)
    x = state["x"]
    for t in range(start, start + torch.size(uniforms, 1)):
        scores, pushed = self.guide(self.logits(w, "image_head", x), batch, guidance)
        drawn = self.sample(pushed, torch.slice(uniforms, 1, t - start, t - start + 1), temperature, top_k, top_p, cut)
        given = torch.slice(primed, 1, t - start, t - start + 1)
        token = torch.where(torch.ge(given, 0), given, drawn)
        torch.copy_(torch.slice(state["tokens"], 1, t, t + 1), token)
        log_p = self.log_probability(scores, token)
        # a primed token was not drawn: it does not count
        torch.add_(state["log_probability"], torch.squeeze(torch.masked_fill(log_p, torch.ge(given, 0), 0.), 1))
        if torch.size(x, 0) > batch:
            token = torch.cat([token, token])
        x = self.advance(w, layout, state, t, token)
    torch.copy_(state["x"], x)
    return start + torch.size(uniforms, 1)


# The logits that `draw` sees when it is given every token: image [rows, height * width] -> [rows, height * width,
# vocabulary]
def decode_logits(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], image: Tensor) -> Tensor:
    x = state["x"]
    every: List[Tensor] = []
    for t in range(torch.size(image, 1)):
        every.append(self.logits(w, "image_head", x))
        x = self.advance(w, layout, state, t, torch.slice(image, 1, t, t + 1))
    return torch.stack(every, 1)


# Whether products of a few of `rows` rows with the weights of a layer and of the head are, to the bit, those of all.
def few_rows_are_alike(self, w: Dict[str, Tensor], rows: int) -> bool:
    for name in w.keys():
        if torch.dim(w[name]) == 2 and (".0." in name or "image_head." in name):
            inputs = torch.size(w[name], 1)
            x = torch.sin(torch.arange(rows * inputs, dtype=FLOAT32, device=w[name].device))
            x = torch.view(x, [rows, inputs])
            every = self.linear(x, w[name], None)
            few = 1
            while few < rows:
                last = torch.slice(x, 0, rows - few)
                if not torch.equal(self.linear(last, w[name], None), torch.slice(every, 0, rows - few)):
                    return False
                few = few * 2
    return True
