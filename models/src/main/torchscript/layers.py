# Layers by their names among the weights. Needs linear_plain.py or linear_onednn.py.


def norm(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.layer_norm(x, [torch.size(x, -1)], w[name + ".weight"], w[name + ".bias"], 1e-05)


def dense(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return self.linear(x, w[name + ".weight"], w[name + ".bias"])


# x [batch, positions, width]: a share of the features of each row is left out, the same ones at all its positions
# (Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", section 4).
# libtorch draws random numbers on one thread: for every position anew they would take a sixth of a step.
def drop(self, x: Tensor, share: float) -> Tensor:
    if share > 0.:
        kept = torch.full([torch.size(x, 0), 1, torch.size(x, 2)], 1. - share, dtype=x.dtype, device=x.device)
        x = x * (torch.bernoulli(kept) / (1. - share))
    return x
