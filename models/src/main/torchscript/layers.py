# Layers by their names among the weights. Needs linear_plain.py or linear_onednn.py.


def norm(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.layer_norm(x, [torch.size(x, -1)], w[name + ".weight"], w[name + ".bias"], 1e-05)


def dense(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return self.linear(x, w[name + ".weight"], w[name + ".bias"])
