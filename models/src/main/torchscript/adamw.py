# One optimizer step for every model: clip by global norm, AdamW (Loshchilov & Hutter 2019), weight averaging (EMA).
# Weights `w`, first and second moments `m` and `v`, averaged weights `e`: one dictionary each, same names, all float32.
# The gradients stand in w[name].grad; they are zeroed afterwards. Only weights whose names begin with `part` are trained, ""
# being all. Returns [gradient norm, weight norm].


def optimize(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], e: Dict[str, Tensor],
             part: str, steps: Tensor, lr: float, beta2: float, weight_decay: float, clip: float, ema: float) -> List[Tensor]:
    torch.add_(steps, 1)
    parameters: List[Tensor] = []
    gradients: List[Tensor] = []
    means: List[Tensor] = []
    variances: List[Tensor] = []
    counts: List[Tensor] = []
    for name in w.keys():
        if not torch.startswith(name, part):
            continue
        parameter = torch.detach(w[name])
        # Gains and biases are not decayed: they have no direction that a smaller norm would make simpler.
        if torch.dim(parameter) > 1:
            torch.mul_(parameter, 1. - lr * weight_decay)
        parameters.append(parameter)
        gradients.append(unchecked_cast(Tensor, w[name].grad))
        means.append(m[name])
        variances.append(v[name])
        counts.append(steps)
    norm = torch.norm(torch.stack(torch._foreach_norm(gradients)))
    scale = torch.clamp(torch.reciprocal(norm + 1e-06) * clip, None, 1.)
    for gradient in gradients:
        torch.mul_(gradient, scale)
    torch._fused_adamw_(parameters, gradients, means, variances, annotate(List[Tensor], []), counts, lr=lr, beta1=0.9, beta2=beta2, weight_decay=0., eps=1e-08, amsgrad=False, maximize=False)
    # Early on the average follows faster, so that it does not drag the random start along.
    count = float(steps)
    decay = ema
    if (1. + count) / (10. + count) < ema:
        decay = (1. + count) / (10. + count)
    for name in w.keys():
        if torch.startswith(name, part):
            torch.lerp_(e[name], torch.detach(w[name]), 1. - decay)
            torch.zero_(unchecked_cast(Tensor, w[name].grad))
    # Reading the list again is what keeps the fused kernel alive: writes into a local list count as dead code otherwise.
    return [norm, torch.norm(torch.stack(torch._foreach_norm(parameters)))]
