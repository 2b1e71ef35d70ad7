package dev.nocturne.runtime;

import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SizeName;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The sizes in which a model paints.
 *
 * @param model id of its bundle
 * @param pixels along each side; its own size first
 * @param auto that of them which it paints where none is asked for
 */
public record PaintedSizes(String model, List<Integer> pixels, int auto) {

    /**
     * Pixels along each side of what is asked for.
     *
     * @param size as {@link SizeName} has it
     * @throws PermanentException ({@code invalid_option}) if the model does not paint it
     */
    public int chosen(String size) {
        if (size.equals(SizeName.AUTO)) {
            return auto;
        }
        return pixels.stream()
                .filter(side -> SizeName.of(side).equals(size))
                .findFirst()
                .orElseThrow(
                        () ->
                                new PermanentException(
                                        ReasonCodes.INVALID_OPTION,
                                        "size is '%s': the model %s paints %s; name one of these, or %s"
                                                .formatted(
                                                        size,
                                                        model,
                                                        pixels.stream()
                                                                .map(SizeName::of)
                                                                .collect(
                                                                        Collectors.joining(
                                                                                " and ")),
                                                        SizeName.AUTO)));
    }
}
