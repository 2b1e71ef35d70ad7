package dev.nocturne.training.data;

import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import java.util.function.Predicate;

/** Captions that are longer than a model reads. */
public record CaptionCut(CaptionTokenizer tokenizer) {

    public boolean fits(String caption) {
        try {
            tokenizer.encode(caption);
            return true;
        } catch (CaptionTooLongException e) {
            return false;
        }
    }

    /** The longest beginning of the caption that fits, in whole words where it has any. */
    public String cut(String caption) {
        return cut(caption, this::fits);
    }

    /** The same, by what is asked of it. */
    public static String cut(String caption, Predicate<String> fits) {
        if (fits.test(caption)) {
            return caption;
        }
        int fitting = 0;
        int tooLong = caption.length();
        while (tooLong - fitting > 1) {
            int middle = (fitting + tooLong) / 2;
            if (fits.test(caption.substring(0, middle))) {
                fitting = middle;
            } else {
                tooLong = middle;
            }
        }
        int word = caption.charAt(fitting) == ' ' ? fitting : caption.lastIndexOf(' ', fitting);
        return caption.substring(0, word > 0 ? word : fitting);
    }
}
