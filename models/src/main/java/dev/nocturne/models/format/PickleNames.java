package dev.nocturne.models.format;

import dev.nocturne.models.format.Pickled.Name;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The classes and functions that a pickle may name. None is ever looked up: what is not listed is
 * refused to tell a file of weights from something else.
 */
final class PickleNames {

    /** Packages of modules, and what TorchScript calls its own classes. */
    private static final List<String> MODULES =
            List.of(
                    "torch.nn.modules.",
                    "torch.nn.parallel.",
                    "__torch__.",
                    "__main__.",
                    "dall_e.",
                    "clip.",
                    "open_clip.",
                    "transformers.",
                    "dalle_pytorch.",
                    "dalle.",
                    "taming.",
                    "min_dalle.");

    /** What training keeps beside weights; made or called, it stays an empty object. */
    private static final List<String> BESIDE =
            List.of(
                    "torch.optim.",
                    "torch.cuda.amp.",
                    "torch.amp.",
                    "torch.nn.functional.",
                    "torch._C._nn.",
                    "numpy.",
                    "argparse.Namespace",
                    "collections.Counter",
                    "collections.deque",
                    "datetime.",
                    "deepspeed.",
                    "lightning.",
                    "omegaconf.",
                    "pathlib.",
                    "pytorch_lightning.",
                    "timm.",
                    "typing.");

    /** What is called without consequence for the tensors. */
    private static final Set<String> INERT_CALLS =
            Set.of(
                    "_codecs.encode",
                    "builtins.set",
                    "__builtin__.set",
                    "functools.partial",
                    "torch.device",
                    "torch.Size",
                    "torch.jit._pickle.build_boollist",
                    "torch.jit._pickle.build_doublelist",
                    "torch.jit._pickle.build_intlist",
                    "torch.jit._pickle.build_tensorlist",
                    "torch.jit._pickle.restore_type_tag");

    private static final Set<String> TENSOR_CALLS =
            Set.of(
                    "collections.OrderedDict",
                    "collections.defaultdict",
                    "torch._tensor._rebuild_from_type_v2",
                    "torch._utils._rebuild_parameter",
                    "torch._utils._rebuild_parameter_with_state",
                    "torch._utils._rebuild_tensor",
                    "torch._utils._rebuild_tensor_v2");

    /** Types by name: torch's of numbers, and Python's. */
    private static final Pattern TYPE =
            Pattern.compile(
                    "torch\\.(?:b?float|u?int|complex|bool)\\d*"
                            + "|(?:builtins|__builtin__)\\.(?:dict|list|tuple|int|float|str|bool)");

    private PickleNames() {}

    static boolean isKnown(Name name) {
        String full = name.toString();
        return TENSOR_CALLS.contains(full)
                || TYPE.matcher(full).matches()
                || isInert(name)
                || isStorage(name)
                || isClass(name);
    }

    /** Whether a call of it has no consequence for the tensors. */
    static boolean isInert(Name name) {
        return INERT_CALLS.contains(name.toString()) || isBeside(name);
    }

    /** Whether objects of it may be made. */
    static boolean isClass(Name name) {
        return MODULES.stream().anyMatch(name.toString()::startsWith) || isBeside(name);
    }

    static boolean isStorage(Name name) {
        return name.module().equals("torch") && name.name().matches("[A-Z]\\w*Storage");
    }

    private static boolean isBeside(Name name) {
        return BESIDE.stream().anyMatch(name.toString()::startsWith);
    }
}
