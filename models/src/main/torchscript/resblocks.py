# Pre-norm residual blocks shared by DALL-E's transformer and CLIP's two towers. Names within `prefix`:
# resblocks.I.{ln_1,ln_2, attn.out_proj,mlp.c_fc,mlp.c_proj}.{weight,bias} and attn.in_proj_{weight,bias}, as in
# openai/CLIP. The residual stream is float32; matrix products run in the type of the weights.
# Needs layers.py.


def depth(self, w: Dict[str, Tensor], prefix: str) -> int:
    n = 0
    while (prefix + "resblocks." + str(n) + ".ln_1.weight") in w:
        n = n + 1
    return n


# A copy of the weights: matrices in the compute type, gains and biases of the norms
# float32.
def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if ".ln_" in name or "ln_" in name[0:3]:
            p[name] = w[name].to(FLOAT32, False, True)
        else:
            p[name] = w[name].to(dtype, False, True)
    return p


# x [batch, positions, width] -> queries, keys and values of all heads beside each other [batch, positions, 3 * width]
def dense_heads(self, w: Dict[str, Tensor], block: str, x: Tensor) -> Tensor:
    weight, bias = w[block + ".attn.in_proj_weight"], w[block + ".attn.in_proj_bias"]
    return self.linear(self.norm(w, block + ".ln_1", x), weight, bias)


# x [batch, positions, width] -> queries, keys, values [batch, heads, positions, head]; `head` numbers make one head
def heads(self, w: Dict[str, Tensor], block: str, head: int, x: Tensor) -> List[Tensor]:
    qkv = torch.unflatten(self.dense_heads(w, block, x), 2, [3, -1, head])
    return torch.unbind(torch.permute(qkv, [2, 0, 3, 1, 4]))


# q, k, v [batch, heads, positions, head] -> the same shape. `mask` [positions, positions] is true where something is
# seen; None: everything, or, if `causal`, what is not behind. On processors the fused kernel is slow in bfloat16 for
# short sequences, above all backward: there every score is computed, which takes a third of the time at 83 positions
# and less at 168. Softmax computes in float32 whatever it reads and writes.
def attention(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool) -> Tensor:
    positions = torch.size(q, 2)
    if q.dtype == BFLOAT16 and positions <= SCORED_POSITIONS and not q.is_cuda:
        scale = float(torch.size(q, 3)) ** -0.5
        scores = torch.matmul(q * scale, torch.transpose(k, 2, 3))  # [..., positions, positions]
        if causal:
            scores = scores + torch.triu(torch.full([positions, positions], -inf, dtype=BFLOAT16, device=q.device), 1)
        if mask is not None:
            scores = torch.masked_fill(scores, torch.logical_not(mask), -inf)
        return torch.matmul(torch.softmax(scores, -1), v)
    return torch.scaled_dot_product_attention(q, k, v, mask, 0., causal)


# Heads beside each other: [batch, heads, positions, head] -> [batch, positions, width]
def merged(self, y: Tensor) -> Tensor:
    return torch.flatten(torch.transpose(y, 1, 2), 2)


# The rest of a block after attention: y [batch, positions, width]. `dropout` is the share of what attention and MLP add
# that is left out.
def finish(self, w: Dict[str, Tensor], block: str, quick: bool, dropout: float, x: Tensor, y: Tensor) -> Tensor:
    x = x + self.drop(self.dense(w, block + ".attn.out_proj", y), dropout)
    h = self.norm(w, block + ".ln_2", x)
    if quick:
        h = self.dense(w, block + ".mlp.c_fc", h)
        h = h * torch.sigmoid(1.702 * h)
    else:
        h = self.linear_gelu(h, w[block + ".mlp.c_fc.weight"], w[block + ".mlp.c_fc.bias"])
    return x + self.drop(self.dense(w, block + ".mlp.c_proj", h), dropout)


def resblocks(self, w: Dict[str, Tensor], prefix: str, head: int, causal: bool, quick: bool, x: Tensor) -> Tensor:
    for i in range(self.depth(w, prefix)):
        block = prefix + "resblocks." + str(i)
        q, k, v = self.heads(w, block, head, x)
        x = self.finish(w, block, quick, 0., x, self.merged(self.attention(q, k, v, None, causal)))
    return x
