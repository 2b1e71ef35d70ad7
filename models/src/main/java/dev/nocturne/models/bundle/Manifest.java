package dev.nocturne.models.bundle;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.models.upscaler.UpscalerFamily;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.TreeMap;

/**
 * {@code model.json}: the sizes of a model's parts, null where there is none yet.
 *
 * @param imageSize side of the pictures in pixels
 * @param sampling how the transformer draws best; null if it was not trained to be guided
 * @param autoSize side in pixels of what is painted where no size is asked for; null: imageSize
 * @param files sha256 in hex of each file
 */
record Manifest(
        String name,
        int imageSize,
        DvaeFamily dvae,
        TransformerFamily transformer,
        Sampling sampling,
        ClipArchitecture clip,
        UpscalerFamily upscaler,
        Integer autoSize,
        TreeMap<String, String> files) {
    static final String FILE = "model.json";

    /** Hexadecimal digits of a SHA-256 in an id. */
    static final int ID_CHARS = 8;

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .serializationInclusion(JsonInclude.Include.NON_NULL)
                    .build();

    /**
     * @throws InvalidModelException if the directory is not a model
     */
    static Manifest read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        try {
            Manifest manifest = JSON.readValue(Files.readAllBytes(file), Manifest.class);
            if (manifest.name == null || manifest.imageSize < 1 || manifest.files == null) {
                throw new InvalidModelException(
                        file
                                + " lacks name, image_size or files; restore it from where the model came from");
            }
            manifest.requireAutoSize(file);
            return manifest;
        } catch (NoSuchFileException e) {
            throw new InvalidModelException(
                    "no model at "
                            + directory.toAbsolutePath()
                            + ": "
                            + FILE
                            + " is missing; give the directory of a model");
        } catch (JsonProcessingException e) {
            throw new InvalidModelException(
                    file
                            + " is not a valid model description ("
                            + e.getOriginalMessage()
                            + "); restore it from where the model came from");
        }
    }

    private void requireAutoSize(Path file) throws InvalidModelException {
        if (autoSize != null
                && autoSize != imageSize
                && (upscaler == null || autoSize != enlargedSize())) {
            throw new InvalidModelException(
                    "auto_size is %d in %s: it must be a size that the model paints, %d%s"
                            .formatted(
                                    autoSize,
                                    file,
                                    imageSize,
                                    upscaler == null ? "" : " or " + enlargedSize()));
        }
    }

    /** Side in pixels of the pictures that an upscaler makes. */
    int enlargedSize() {
        return imageSize * UpscalerFamily.FACTOR;
    }

    /** See {@link ModelBundle#id}. */
    String id() {
        String contents = files.toString();
        if (transformer != null && !transformer.beyondWeights().isEmpty()) {
            contents += transformer.beyondWeights();
        }
        if (clip != null && clip.captions() == CaptionCleaning.TRANSFORMERS) {
            contents += clip.captions();
        }
        if (clip != null && clip.exactGelu()) {
            contents += "exact GELU";
        }
        if (clip != null && clip.likelihood() != 0) {
            contents += "likelihood " + clip.likelihood();
        }
        if (clip != null && clip.visionHeads() != 0) {
            contents += "heads " + clip.visionHeads();
        }
        byte[] digest = BundleFiles.sha256().digest(contents.getBytes(StandardCharsets.UTF_8));
        return name + "@" + HexFormat.of().formatHex(digest, 0, ID_CHARS / 2);
    }

    /**
     * @param directory of the model, for the message
     * @throws InvalidModelException if there is a transformer that speaks other tokens
     */
    void requireSpoken(DvaeArchitecture other, Path directory) throws InvalidModelException {
        int grid = imageSize / other.downsampling();
        if (transformer != null
                && (transformer.imageVocabulary() != other.vocabulary()
                        || transformer.gridSize() != grid)) {
            throw new InvalidModelException(
                    "the transformer at %1$s draws %3$d² of %2$d tokens, this dVAE %5$d² of %4$d; give another directory"
                            .formatted(
                                    directory,
                                    transformer.imageVocabulary(),
                                    transformer.gridSize(),
                                    other.vocabulary(),
                                    grid));
        }
    }

    Manifest named(String other) {
        return new Manifest(
                other, imageSize, dvae, transformer, sampling, clip, upscaler, autoSize, files);
    }

    Manifest with(TreeMap<String, String> others) {
        return new Manifest(
                name, imageSize, dvae, transformer, sampling, clip, upscaler, autoSize, others);
    }

    /** With another dVAE, and the size of its pictures. */
    Manifest with(int otherSize, DvaeFamily other) {
        return new Manifest(name, otherSize, other, transformer, sampling, clip, null, null, files);
    }

    /** With another dVAE, to whose marks the upscaler is blind, so that it goes. */
    Manifest with(DvaeFamily other) {
        return with(imageSize, other);
    }

    Manifest with(TransformerFamily other, Sampling its) {
        return new Manifest(name, imageSize, dvae, other, its, clip, upscaler, autoSize, files);
    }

    Manifest with(ClipArchitecture other) {
        return new Manifest(
                name, imageSize, dvae, transformer, sampling, other, upscaler, autoSize, files);
    }

    /** With an upscaler, to whose size is painted from now on unless another is asked for. */
    Manifest with(UpscalerFamily other) {
        return new Manifest(
                name, imageSize, dvae, transformer, sampling, clip, other, enlargedSize(), files);
    }

    /** Writes it as JSON in place of what is there. */
    void write(Path file) throws IOException {
        JSON.writeValue(file.toFile(), this);
    }
}
