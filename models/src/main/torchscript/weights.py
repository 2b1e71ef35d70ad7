# Dictionaries of weights, filled tensor by tensor.


def nothing(self) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    return p


# Puts the tensors of q among those of p, and returns how many p has.
def adopt(self, p: Dict[str, Tensor], q: Dict[str, Tensor]) -> int:
    for name in q.keys():
        p[name] = q[name]
    return len(p)
