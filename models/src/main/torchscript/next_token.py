# Learning to predict the next token, for every family of transformers. A family provides prepare, logits, and
#   whole_sequence(w, layout, masks, text, image, dropout): the sequence of a batch at once. text [batch, L], below 0
#   where there is none; image [batch, height * width] -> hidden states before the final norm [batch, L + height * width
#   - 1, width] float32, or of fewer text positions; each image token is predicted by the one before it. `layout` as
#   decoding.py has it; `masks` [patterns, L + height * width, L + height * width] bool: where each pattern lets a query
#   (row) see a key (column).
# Needs decoding.py and adamw.py.


# -> logits of every image token [batch, height * width, vocabulary] float32
def dense_logits(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, image: Tensor) -> Tensor:
    x = self.whole_sequence(w, layout, masks, text, image, 0.)
    return self.logits(w, "image_head", torch.slice(x, 1, torch.size(x, 1) - torch.size(image, 1)))


# What a guided transformer draws from. text and image as above; `none` [1, L] the text of no caption; sampling [2]:
# guidance, temperature. -> probabilities of every image token [batch, height * width, vocabulary] float32
def guided(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, none: Tensor, image: Tensor,
           sampling: Tensor) -> Tensor:
    rows = torch.size(text, 0)
    texts = torch.cat([text, torch.expand(none, [rows, -1])])
    every = self.dense_logits(w, layout, masks, texts, torch.cat([image, image]))
    _scores, pushed = self.guide(every, rows, sampling[0])
    return torch.softmax(pushed / sampling[1], -1)


# Mean cross-entropies in nats: [text, image], or [image] of families that do not predict text. `seen` is the image as
# the layers see it; `target` what they shall predict in this temperature: tokens [batch, height * width], or
# probabilities [batch, height * width, vocabulary].
def losses(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, seen: Tensor, target: Tensor,
           temperature: float, dropout: float) -> List[Tensor]:
    x = self.whole_sequence(w, layout, masks, text, seen, dropout)
    before = torch.size(x, 1) - torch.size(seen, 1)
    losses: List[Tensor] = []
    if "text_head.weight" in w:
        text_logits = self.logits(w, "text_head", torch.slice(x, 1, 0, before))
        next_text = torch.slice(text, 1, 1, before + 1)
        losses.append(torch.cross_entropy_loss(torch.flatten(text_logits, 0, 1), torch.flatten(next_text)))
    image_logits = self.logits(w, "image_head", torch.slice(x, 1, before))
    if temperature != 1.:
        image_logits = image_logits / temperature
    losses.append(torch.cross_entropy_loss(torch.flatten(image_logits, 0, 1), torch.flatten(target, 0, 1)))
    return losses


# One training step. Hyperparameters `hyper`: [dtype, lr, clip, ema, noise, dropout, parts, temperature]. A share `noise` of the
# image tokens that the layers see is another picture's at the same place, so that drawing learns to recover from a
# token that it should not have drawn. Gradients of the batch are summed over `parts` of it, one in memory at a time.
# Returns [loss, the losses above, gradient norm, weight norm].
def train_step(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], averages: Dict[str, Tensor],
               steps: Tensor, hyper: Tensor, layout: Tensor, masks: Tensor, text: Tensor, image: Tensor,
               target: Tensor) -> Tensor:
    dtype, lr, clip, ema = int(hyper[0]), float(hyper[1]), float(hyper[2]), float(hyper[3])
    noise, dropout, parts, temperature = hyper[4], float(hyper[5]), int(hyper[6]), float(hyper[7])
    wrong = torch.lt(torch.rand_like(image, dtype=FLOAT32), noise)
    seen = torch.where(wrong, torch.roll(image, [1], [0]), image)
    texts, seens = torch.chunk(text, parts, 0), torch.chunk(seen, parts, 0)
    targets = torch.chunk(torch.clone(target), parts, 0)  # a teacher's records no gradients
    means: List[Tensor] = []
    for i in range(len(texts)):
        prepared = self.prepare(self.adapted(w), dtype)
        losses = self.losses(prepared, layout, masks, texts[i], seens[i], targets[i], temperature, dropout)
        loss = losses[-1]
        if len(losses) > 1:
            loss = losses[0] * 0.125 + loss * 0.875  # as published: the text counts an eighth
        share = float(torch.size(texts[i], 0)) / float(torch.size(text, 0))
        torch.backward(loss * share)
        means.append(torch.detach(torch.stack([loss] + losses)) * share)
    norms = self.optimize(w, m, v, averages, "", "", 1., steps, lr, 0.96, 0.045, clip, ema)
    return torch.cat([torch.sum(torch.stack(means), [0]), torch.stack(norms)])


# -> the losses of a batch, no gradients
def evaluate(self, w: Dict[str, Tensor], layout: Tensor, masks: Tensor, text: Tensor, image: Tensor, target: Tensor,
             temperature: float) -> Tensor:
    return torch.stack(self.losses(w, layout, masks, text, image, target, temperature, 0.))
