# Exact speculative decoding, for transformers whose layers all attend to everything before. The random number of a
# position is known before the position is drawn, so its token is a function of the tokens before it: a pass runs a
# span of positions with guessed tokens, and keeps what it draws as far as every guess is what has been drawn. So each
# row goes its own pace, and each token is the one that a span of one position draws. A family provides prefill,
# advance_ahead, image_positions and logits, as transformer.py does. Needs decoding.py.


# The state of one batch of rows:
#   mask [span, rows, 1, 1, slots]: 0 where a query sees a slot, else -inf; slots [rows * span]: where the span is kept
#   text: how many positions it has, on the host
#   kv.I [rows, slots, 2 * width]: the keys and then the values of layer I: of the text, then of the image, as
#     for_single_queries has them
#   x [rows, width]: the hidden state of the text, which predicts the first token
#   positions [height * width, ...]: what the model knows of each position
#   tokens [batch, height * width + 2 * span]: those that are drawn, then guesses
#   drawn [batch]: how many are drawn
#   log_probability [batch]
#   and what keep_captions keeps
# `captions` [rows] indexes `prefixes`. Guided batches have two rows for each candidate: the batch with its captions,
# then the batch without.
def begin_ahead(self, w: Dict[str, Tensor], prefixes: List[Dict[str, Tensor]], captions: Tensor, batch: int,
                span: int) -> Dict[str, Tensor]:
    state: Dict[str, Tensor] = {}
    height, width = self.grid(w)
    rows = torch.size(captions, 0)
    for i in range(self.depth(w, "")):
        texts: List[Tensor] = []
        for prefix in prefixes:
            text = torch.cat([prefix["k." + str(i)], prefix["v." + str(i)]], 1)  # [1, 2 * heads, L, 64]
            texts.append(torch.flatten(torch.transpose(text, 1, 2), 2))
        text = self.for_single_queries(torch.index_select(torch.cat(texts), 0, captions))
        length = torch.size(text, 1)
        # a multiple of SLOTS, so that whatever is seen of it can be
        slots = (length + height * width + span + SLOTS - 1) // SLOTS * SLOTS
        state["kv." + str(i)] = torch.constant_pad_nd(text, [0, 0, 0, slots - length])
    state["text"] = torch.tensor(torch.size(prefixes[0]["k.0"], 2), dtype=INT64)
    self.keep_captions(state, prefixes, captions)
    hidden: List[Tensor] = []
    for prefix in prefixes:
        hidden.append(prefix["x"])
    state["x"] = torch.index_select(torch.cat(hidden), 0, captions)
    state["positions"] = self.image_positions(w)
    state["tokens"] = torch.new_zeros(state["x"], [batch, height * width + 2 * span], dtype=INT64)
    state["drawn"] = torch.new_zeros(state["x"], [batch], dtype=INT64)
    state["log_probability"] = torch.new_zeros(state["x"], [batch], dtype=FLOAT64)
    return state


# Keeps the keys and values of a span in a layer, and attends with its queries: q [rows, span, width], kv [rows, span, 2
# * width] -> [rows, span, width]. Query by query: so they are rounded alike whatever the span, and for one query
# libtorch has a faster way, which makes up for most of it.
def attend_ahead(self, state: Dict[str, Tensor], layer: str, q: Tensor, kv: Tensor) -> Tensor:
    cache, mask = state["kv." + layer], state["mask"]
    q, kv = q.to(cache.dtype), kv.to(cache.dtype)
    torch.index_copy_(torch.flatten(cache, 0, 1), 0, state["slots"], torch.flatten(kv, 0, 1))
    seen = torch.slice(cache, 1, 0, torch.size(mask, -1))
    keys, values = torch.chunk(torch.transpose(torch.unflatten(seen, 2, [-1, HEAD_WIDTH]), 1, 2), 2, 1)
    queries = torch.unbind(torch.permute(torch.unflatten(q, 2, [-1, 1, HEAD_WIDTH]), [1, 0, 2, 3, 4]))
    visible = torch.unbind(mask)
    attended: List[Tensor] = []
    for i in range(len(queries)):
        y = torch.scaled_dot_product_attention(queries[i], keys, values, visible[i], 0., False)
        attended.append(torch.transpose(y, 1, 2))
    if len(attended) == 1:
        return torch.flatten(attended[0], 2)
    return torch.flatten(torch.cat(attended, 1), 2)


# Draws until every row has `until` tokens, in place in `state`. uniforms [batch, height * width + span]; primed [batch,
# height * width + 2 * span]: a token to take instead of drawing one, or -1 (PrimedTokens.DRAWN); nothing comes of what
# stands after the grid. sampling [batch, 4]: temperature, top_k, top_p, guidance. -> how many tokens every row has
def draw_ahead(self, w: Dict[str, Tensor], layout: Tensor, state: Dict[str, Tensor], until: int, uniforms: Tensor,
               primed: Tensor, sampling: Tensor) -> int:
    height, width = self.grid(w)
    n, batch = height * width, torch.size(sampling, 0)
    span = torch.size(uniforms, 1) - n
    temperature, top_k, top_p, guidance = torch.chunk(torch.unsqueeze(sampling, 1), 4, 2)
    cut = bool(torch.any(torch.logical_or(torch.lt(top_k, inf), torch.le(top_p, 1.))))
    tokens, drawn, log_probability = state["tokens"], state["drawn"], state["log_probability"]
    rows = torch.size(state["x"], 0)
    slots = torch.size(state["kv.0"], 1)
    text = int(state["text"])
    offsets = torch.arange(2 * span, device=tokens.device)
    first_slot = torch.unsqueeze(torch.arange(rows, device=tokens.device), 1) * slots + text
    places = torch.arange(-text, slots - text, device=tokens.device)
    seen = torch.zeros([], dtype=state["kv.0"].dtype, device=tokens.device)
    unseen = torch.full_like(seen, -inf)
    while int(torch.min(drawn)) < until:
        begins = int(torch.max(drawn)) == 0
        # the positions to be drawn, those after, to be guessed, and those before, whose tokens predict them
        count = 1 if begins else span
        reach = torch.slice(torch.unsqueeze(drawn, 1) + offsets, 1, 0, count + span)
        at, later = torch.slice(reach, 1, 0, count), torch.slice(reach, 1, count)
        if begins:
            guess = at  # of one position nothing is guessed
            x = torch.unsqueeze(state["x"], 1)
        else:
            before = at - 1
            guess = torch.gather(tokens, 1, before)
            token = guess
            if rows > batch:
                before, token = torch.cat([before, before]), torch.cat([token, token])
            state["slots"] = torch.flatten(first_slot + before)
            most = min(slots, (text + int(torch.max(drawn)) + span + SLOTS - 2) // SLOTS * SLOTS)
            own = torch.transpose(torch.view(before, [rows, span, 1, 1, 1]), 0, 1)
            state["mask"] = torch.where(torch.gt(torch.slice(places, 0, 0, most), own), unseen, seen)
            x = self.advance_ahead(w, layout, state, before, token)
        scores, pushed = self.guide(self.logits(w, "image_head", x), batch, guidance)
        sampled = self.sample(pushed, torch.unsqueeze(torch.gather(uniforms, 1, at), 2), temperature, top_k, top_p, cut)
        given = torch.gather(primed, 1, reach)
        free = torch.lt(given, 0)
        is_drawn = torch.slice(free, 1, 0, count)
        token = torch.where(is_drawn, torch.squeeze(sampled, 2), torch.slice(given, 1, 0, count))
        right = torch.eq(torch.slice(token, 1, 0, -1), torch.slice(guess, 1, 1, count))
        ahead = torch.clamp_max(drawn + torch.sum(torch.cumprod(right.to(INT64), 1), [1]) + 1, n)
        # what was not drawn, or is beyond the grid, does not count
        log_p = torch.squeeze(self.log_probability(scores, torch.unsqueeze(token, 2)), 2)
        counts = torch.logical_and(torch.lt(at, torch.unsqueeze(ahead, 1)), is_drawn)
        torch.add_(log_probability, torch.sum(torch.where(counts, log_p, 0.), [1]))
        torch.scatter_(tokens, 1, at, token)
        # of later positions the guess is the given token, or the one above
        above = torch.gather(tokens, 1, torch.clamp_min(later - width, 0))
        guess = torch.where(torch.slice(free, 1, count), above, torch.slice(given, 1, count))
        torch.scatter_(tokens, 1, later, guess)
        torch.copy_(drawn, ahead)
    return int(torch.min(drawn))
