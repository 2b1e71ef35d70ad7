# Dictionaries of weights.


def nothing(self) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    return p


# Puts the tensors of q among those of p, and returns how many p has.
def adopt(self, p: Dict[str, Tensor], q: Dict[str, Tensor]) -> int:
    for name in q.keys():
        p[name] = q[name]
    return len(p)


# Weights in training as layers read them: to a matrix [out, in] that has an adapter the product of NAME.adapter_out
# [out, rank] and NAME.adapter_in [rank, in] is added.
def adapted(self, w: Dict[str, Tensor]) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if (name + ".adapter_in") in w:
            p[name] = w[name] + torch.matmul(w[name + ".adapter_out"], w[name + ".adapter_in"])
        else:
            if ".adapter_" not in name:
                p[name] = w[name]
    return p
