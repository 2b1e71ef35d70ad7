# Matrix products by oneDNN, with weights in its own blocked layout: about twice as fast as the plain ones for the few
# rows of a decoding batch, which otherwise lay the weights out anew each time. The packed weights have no gradients.


# x [..., in], weight [out, in] -> [..., out] in the type of the weight
def linear(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    if weight.is_mkldnn:
        return ops.mkldnn._linear_pointwise(
            x.to(weight.dtype), weight, bias, "none", annotate(List[Optional[number]], []), "")
    return torch.linear(x.to(weight.dtype), weight, bias)


# The same, and then GELU, in one operation.
def linear_gelu(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    if weight.is_mkldnn:
        return ops.mkldnn._linear_pointwise(
            x.to(weight.dtype), weight, bias, "gelu", annotate(List[Optional[number]], []), "none")
    return torch.gelu(torch.linear(x.to(weight.dtype), weight, bias))


# Prepared weights as `linear` reads them fastest when x has so many rows.
def packed(self, w: Dict[str, Tensor], rows: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if torch.dim(w[name]) == 2 and ("resblocks." in name or "layers." in name or "_head." in name):
            p[name] = ops.mkldnn._reorder_linear_weight(w[name], rows)
        else:
            p[name] = w[name]
    return p
