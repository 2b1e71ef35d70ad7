# One optimizer step for every model: clip by global norm, AdamW (Loshchilov & Hutter 2019), weight averaging (EMA).
# Weights `w`, first and second moments `m` and `v`, averaged weights `averages`: one dictionary each, same names, all
# float32, but only what is trained has the last three. The gradients stand in w[name].grad; they are zeroed afterwards.
# Only weights whose names begin with `part` are changed, "" being all. Weights whose names contain `fast` learn at
# `factor` times the rate; "" is none of them. Returns [gradient norm, weight norm], of what is changed.


def optimize(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], averages: Dict[str, Tensor],
             part: str, fast: str, factor: float, steps: Tensor, lr: float, beta2: float, weight_decay: float,
             clip: float, ema: float) -> List[Tensor]:
    torch.add_(steps, 1)
    names: List[str] = []
    fast_names: List[str] = []
    gradients: List[Tensor] = []
    parameters: List[Tensor] = []
    for name in m.keys():
        if torch.startswith(name, part):
            gradients.append(unchecked_cast(Tensor, w[name].grad))
            parameters.append(torch.detach(w[name]))
            if len(fast) > 0 and fast in name:
                fast_names.append(name)
            else:
                names.append(name)
    norm = torch.norm(torch.stack(torch._foreach_norm(gradients)))
    scale = torch.clamp(torch.reciprocal(norm + 1e-06) * clip, None, 1.)
    self.adamw(w, m, v, names, steps, scale, lr, beta2, lr * weight_decay)
    if len(fast_names) > 0:
        self.adamw(w, m, v, fast_names, steps, scale, lr * factor, beta2, lr * weight_decay)
    # Early on the average follows faster, so that it does not drag the random start along.
    count = float(steps)
    decay = ema
    if (1. + count) / (10. + count) < ema:
        decay = (1. + count) / (10. + count)
    for name in m.keys():
        if torch.startswith(name, part):
            torch.lerp_(averages[name], torch.detach(w[name]), 1. - decay)
    for gradient in gradients:
        torch.zero_(gradient)
    return [norm, torch.norm(torch.stack(torch._foreach_norm(parameters)))]


def adamw(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], names: List[str],
          steps: Tensor, scale: Tensor, lr: float, beta2: float, shrink: float) -> Tensor:
    parameters: List[Tensor] = []
    gradients: List[Tensor] = []
    means: List[Tensor] = []
    variances: List[Tensor] = []
    counts: List[Tensor] = []
    for name in names:
        parameter = torch.detach(w[name])
        # Gains and biases are not decayed: they have no direction that a smaller norm would make simpler.
        if torch.dim(parameter) > 1:
            torch.mul_(parameter, 1. - shrink)
        parameters.append(parameter)
        gradients.append(torch.mul_(unchecked_cast(Tensor, w[name].grad), scale))
        means.append(m[name])
        variances.append(v[name])
        counts.append(steps)
    torch._fused_adamw_(
        parameters, gradients, means, variances, annotate(List[Tensor], []), counts, lr=lr, beta1=0.9, beta2=beta2,
        weight_decay=0., eps=1e-08, amsgrad=False, maximize=False)
    # Reading the list again is what keeps the fused kernel alive: writes into a local list count as dead code else.
    return torch.stack(torch._foreach_norm(parameters))
