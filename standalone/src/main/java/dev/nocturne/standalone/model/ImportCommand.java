package dev.nocturne.standalone.model;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.imports.ClipImport;
import dev.nocturne.models.imports.DalleMiniImport;
import dev.nocturne.models.imports.DallePytorchImport;
import dev.nocturne.models.imports.DvaeImport;
import dev.nocturne.models.imports.KakaoImport;
import dev.nocturne.models.imports.UpscalerImport;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import dev.nocturne.models.transformer.TransformerCosts;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.models.upscaler.UpscalerFamily;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "import",
        description = {
            "Brings published weights into a model.",
            "Files are read as data: no code in them is run, and what is no tensor is refused."
        },
        subcommands = {
            ImportCommand.DallePytorch.class,
            ImportCommand.Kakao.class,
            ImportCommand.DalleMini.class,
            ImportCommand.OpenAiDvae.class,
            ImportCommand.Clip.class,
            ImportCommand.Upscaler.class
        })
public final class ImportCommand {
    /** What DALL-E paints; its dVAE is convolutional, so that the weights do not tell. */
    private static final int IMAGE_SIZE = 256;

    private static final String CLIP_LICENCE =
            """
            the model card of CLIP (model-card.md in openai/CLIP, "Out-of-Scope Use Cases") rules out
            any deployed use of the model, commercial or not; it is for research, and for English only.
            The code of openai/CLIP is under the MIT licence. Others' weights have terms of their own.
            """;

    private static final String BPE =
            "The CLIP's tokenizer, where none lies beside it: bpe_simple_vocab_16e6.txt.gz or tokenizer.json.";

    private static final String CAPTIONS =
            "How captions were cleaned that the CLIP learned: transformers (default, if the weights have its names) or ftfy.";

    private static final String ACTIVATION =
            "quick_gelu or gelu, where no file says which one the CLIP has.";

    /** Reads weights into a bundle. */
    private interface Import {
        ModelBundle into(ModelBundle bundle) throws IOException;
    }

    /** What a bundle has, in words. */
    private interface Summary {
        String of(ModelBundle bundle) throws IOException;
    }

    /** Where the weights go. */
    static final class ModelOption {
        @Option(
                names = "--model",
                paramLabel = "DIR",
                required = true,
                description = {
                    "Directory of the model; other parts of it stay.",
                    "A new one paints 256x256 pixels, or as many as the weights tell."
                })
        Path directory;

        @Spec(Spec.Target.MIXEE)
        CommandSpec command;

        /** Imports, and says what the model has now and on what terms. */
        int add(Import weights, Summary summary, String licence) throws IOException {
            Path name = directory.toAbsolutePath().normalize().getFileName();
            ModelBundle bundle =
                    Files.exists(directory.resolve("model.json"))
                            ? ModelBundle.open(directory)
                            : ModelBundle.create(directory, String.valueOf(name), IMAGE_SIZE);
            try {
                bundle = weights.into(bundle);
            } catch (NoSuchFileException e) {
                throw new CommandFailure(
                        "%s is not there; give the path of the file".formatted(e.getMessage()));
            }
            PrintWriter out = command.commandLine().getOut();
            out.printf("%s: %s%nLicence: %s", bundle.id(), summary.of(bundle), licence);
            out.flush();
            return 0;
        }

        /**
         * The same for a whole DALL-E.
         *
         * @param clip null for none
         * @param tokenizer the CLIP's; null if it lies beside it
         */
        int add(Import dalle, ClipBeside clip, Path tokenizer, String licence) throws IOException {
            return clip == null
                    ? add(dalle, ImportCommand::dalle, licence)
                    : add(
                            clip.before(dalle, tokenizer),
                            ImportCommand::dalle,
                            licence + CLIP_LICENCE);
        }
    }

    /** A CLIP that comes into the model in the same command. */
    static class ClipBeside {
        @Option(
                names = "--clip",
                paramLabel = "WEIGHTS",
                required = true,
                description =
                        "A CLIP to choose the best pictures with, as nocturne import clip takes it.")
        Path weights;

        @Option(names = "--activation", paramLabel = "NAME", description = ACTIVATION)
        String activation;

        @Option(names = "--captions", paramLabel = "WAY", description = CAPTIONS)
        CaptionCleaning captions;

        /** Reads the CLIP, then the model: what is small fails first. */
        private Import before(Import model, Path tokenizer) {
            return begun ->
                    model.into(ClipImport.into(begun, weights, tokenizer, activation, captions));
        }
    }

    /** The same beside a model whose tokenizer is no CLIP's. */
    static final class ClipWithTokenizer extends ClipBeside {
        @Option(names = "--bpe", paramLabel = "FILE", description = BPE)
        Path tokenizer;
    }

    private static String dalle(ModelBundle bundle) throws IOException {
        TransformerFamily transformer = bundle.transformerArchitecture();
        return """
                transformer, %d layers, %,d parameters; dVAE, %,d codes; pictures of %dx%d pixels, %dx%d tokens
                %s"""
                .formatted(
                        transformer.patterns().size(),
                        TransformerCosts.parameters(transformer.shapes()),
                        bundle.dvaeArchitecture().vocabulary(),
                        bundle.imageSize(),
                        bundle.imageSize(),
                        transformer.gridSize(),
                        transformer.gridSize(),
                        bundle.hasClip()
                                ? "The CLIP that is there chooses the best"
                                : "There is no CLIP: the likeliest pictures come first, until --clip or nocturne import clip brings one");
    }

    private static String clip(ModelBundle bundle) throws IOException {
        ClipArchitecture clip = bundle.clipArchitecture();
        return "CLIP, pictures of %d pixels in patches of %d, %,d text tokens, embeddings of %d"
                .formatted(clip.imageSize(), clip.patch(), clip.vocabulary(), clip.embedding());
    }

    private static String dvae(ModelBundle bundle) throws IOException {
        DvaeFamily dvae = bundle.dvaeArchitecture();
        return "dVAE, %,d codes, a token for %2$dx%2$d pixels"
                .formatted(dvae.vocabulary(), dvae.downsampling());
    }

    private static String upscaler(ModelBundle bundle) throws IOException {
        UpscalerFamily upscaler = bundle.upscalerArchitecture().orElseThrow();
        int side = bundle.imageSize() * UpscalerFamily.FACTOR;
        return "upscaler, %,d parameters; pictures of %dx%d pixels"
                .formatted(TransformerCosts.parameters(upscaler.shapes()), side, side);
    }

    @Command(
            name = "dalle-pytorch",
            description = "Imports a checkpoint of DALLE-pytorch: transformer, dVAE and tokenizer.")
    static final class DallePytorch implements Callable<Integer> {
        @Parameters(
                paramLabel = "CHECKPOINT",
                description = "E.g. dalle.pt, as train_dalle.py writes it.")
        Path checkpoint;

        @Option(
                names = "--bpe",
                paramLabel = "FILE",
                required = true,
                description = "dalle_pytorch/data/bpe_simple_vocab_16e6.txt of DALLE-pytorch.")
        Path merges;

        @ArgGroup(exclusive = false)
        ClipBeside clip;

        @Mixin ModelOption model;

        @Override
        public Integer call() throws IOException {
            return model.add(
                    begun -> DallePytorchImport.checkpoint(begun, checkpoint, merges),
                    clip,
                    merges,
                    """
                    the code of DALLE-pytorch is under the MIT licence; the weights are their trainers',
                    who may have terms of their own, and a dVAE of openai's in them is openai's.
                    """);
        }
    }

    @Command(
            name = "kakao",
            description = "Imports kakaobrain's minDALL-E: transformer, VQGAN and tokenizer.")
    static final class Kakao implements Callable<Integer> {
        @Parameters(
                paramLabel = "FOLDER",
                description = {
                    "As published, with config.yaml, stage1_last.ckpt,",
                    "stage2_last.ckpt and tokenizer/."
                })
        Path folder;

        @ArgGroup(exclusive = false)
        ClipWithTokenizer clip;

        @Mixin ModelOption model;

        @Override
        public Integer call() throws IOException {
            return model.add(
                    begun -> KakaoImport.folder(begun, folder),
                    clip,
                    clip == null ? null : clip.tokenizer,
                    """
                    the weights of minDALL-E's transformer are under CC BY-NC-SA 4.0: for no commercial use,
                    with its makers named, and what is derived from them under the same terms. Its code is under
                    Apache-2.0; the VQGAN is taming-transformers', trained further.
                    """);
        }
    }

    @Command(
            name = "dalle-mini",
            description = "Imports DALL·E mini or mega: transformer, VQGAN and tokenizer.")
    static final class DalleMini implements Callable<Integer> {
        @Parameters(
                paramLabel = "FOLDER",
                description = {
                    "As min-dalle keeps it, with encoder.pt, decoder.pt, vocab.json and merges.txt,",
                    "or as dalle-mini publishes it, with flax_model.msgpack, config.json and",
                    "tokenizer.json."
                })
        Path folder;

        @Option(
                names = "--vqgan",
                paramLabel = "PLACE",
                description = {
                    "detoker.pt of min-dalle, which draws only, or the folder of dalle-mini's VQGAN,",
                    "which reads image prompts, too. Unset: detoker.pt in FOLDER, or in vqgan beside it."
                })
        Path vqgan;

        @Option(
                names = "--start-token",
                paramLabel = "N",
                description = {
                    "The image token that begins every picture. Unset: the last one, as the models",
                    "were trained; min-dalle 0.4.11 takes 16383."
                })
        Integer startToken;

        @ArgGroup(exclusive = false)
        ClipWithTokenizer clip;

        @Mixin ModelOption model;

        @Override
        public Integer call() throws IOException {
            OptionalInt start =
                    startToken == null ? OptionalInt.empty() : OptionalInt.of(startToken);
            return model.add(
                    begun -> DalleMiniImport.folder(begun, folder, vqgan, start),
                    clip,
                    clip == null ? null : clip.tokenizer,
                    """
                    the weights of DALL·E mini and mega are under Apache-2.0 by their model cards, which ask not
                    to make or spread what is offensive, harmful or misleading with them; code of dalle-mini:
                    Apache-2.0, of min-dalle: MIT. The VQGAN is taming-transformers', trained further.
                    """);
        }
    }

    @Command(
            name = "openai-dvae",
            description = "Imports the dVAE of openai/DALL-E, encoder.pkl and decoder.pkl.")
    static final class OpenAiDvae implements Callable<Integer> {
        @Parameters(paramLabel = "ENCODER", description = "encoder.pkl")
        Path encoder;

        @Parameters(paramLabel = "DECODER", description = "decoder.pkl")
        Path decoder;

        @Mixin ModelOption model;

        @Override
        public Integer call() throws IOException {
            return model.add(
                    begun -> DvaeImport.openAi(begun, encoder, decoder),
                    ImportCommand::dvae,
                    """
                    the modified MIT licence of openai/DALL-E (LICENSE there), which asks to say where the
                    dVAE was used; its model card means it for training generative models of one's own.
                    """);
        }
    }

    @Command(
            name = "clip",
            aliases = {"openai-clip", "hf-clip"},
            description =
                    "Imports a CLIP with a vision transformer, of openai/CLIP, open_clip or transformers.")
    static final class Clip implements Callable<Integer> {
        @Parameters(
                paramLabel = "WEIGHTS",
                description = {
                    "E.g. ViT-B-32.pt or model.safetensors; an index of shards, or the folder of a",
                    "repository of Hugging Face's. Settings and tokenizer are found beside it."
                })
        Path weights;

        @Option(names = "--bpe", paramLabel = "FILE", description = BPE)
        Path tokenizer;

        @Option(names = "--activation", paramLabel = "NAME", description = ACTIVATION)
        String activation;

        @Option(names = "--captions", paramLabel = "WAY", description = CAPTIONS)
        CaptionCleaning captions;

        @Mixin ModelOption model;

        @Override
        public Integer call() throws IOException {
            return model.add(
                    begun -> ClipImport.into(begun, weights, tokenizer, activation, captions),
                    ImportCommand::clip,
                    CLIP_LICENCE);
        }
    }

    @Command(
            name = "upscaler",
            description = {
                "Imports an RRDBNet of Real-ESRGAN's, which makes pictures four times as large.",
                "The model's dVAE comes first: another one takes the upscaler away."
            })
    static final class Upscaler implements Callable<Integer> {
        @Parameters(paramLabel = "WEIGHTS", description = "E.g. RealESRGAN_x4plus.pth.")
        Path weights;

        @Mixin ModelOption model;

        @Override
        public Integer call() throws IOException {
            return model.add(
                    begun -> UpscalerImport.rrdbNet(begun, weights),
                    ImportCommand::upscaler,
                    """
                    Real-ESRGAN's code and weights are under BSD-3-Clause; others' weights have terms of their own.
                    """);
        }
    }
}
