package dev.nocturne.models.tokenizer;

import com.fasterxml.jackson.annotation.JsonValue;
import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.Locale;
import java.util.Set;

/** What is done to captions before they are split into words, as the model learned them. */
public enum CaptionCleaning {
    /** As openai/CLIP, clip-anytorch and open_clip: repaired by ftfy, references of HTML read. */
    FTFY {
        @Override
        String clean(String caption) {
            return small(CaptionText.repair(caption), true);
        }
    },

    /** As the tokenizers of Hugging Face's transformers: composed characters, small letters. */
    TRANSFORMERS {
        @Override
        String clean(String caption) {
            return small(Normalizer.normalize(caption, Form.NFC), false);
        }
    };

    /** Case-ignorable characters (Unicode 3.13) by their kind of letter, and the others. */
    private static final Set<Byte> IGNORABLE_TYPES =
            Set.of(
                    Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL);

    private static final String IGNORABLE =
            "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";

    /** As {@code model.json} has it. */
    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The caption in small letters; blanks are as they were. */
    abstract String clean(String caption);

    /**
     * As Python and Unicode do it: Java's own is unlike them where a sigma ends a word before a
     * mark.
     */
    private static String small(String text, boolean finalSigmas) {
        int[] characters = text.codePoints().toArray();
        StringBuilder small = new StringBuilder(text.length());
        for (int i = 0; i < characters.length; i++) {
            if (characters[i] == 0x130) {
                small.append("i\u0307");
            } else if (characters[i] == 0x3a3 && finalSigmas && endsWord(characters, i)) {
                small.append('\u03c2');
            } else {
                small.appendCodePoint(Character.toLowerCase(characters[i]));
            }
        }
        return small.toString();
    }

    private static boolean endsWord(int[] characters, int index) {
        return isLetterBeside(characters, index, -1) && !isLetterBeside(characters, index, 1);
    }

    private static boolean isLetterBeside(int[] characters, int index, int step) {
        int beside = index + step;
        while (beside >= 0 && beside < characters.length && isIgnorable(characters[beside])) {
            beside += step;
        }
        return beside >= 0 && beside < characters.length && isCased(characters[beside]);
    }

    private static boolean isCased(int character) {
        return Character.isLowerCase(character)
                || Character.isUpperCase(character)
                || Character.isTitleCase(character);
    }

    private static boolean isIgnorable(int character) {
        return IGNORABLE_TYPES.contains((byte) Character.getType(character))
                || IGNORABLE.indexOf(character) >= 0;
    }
}
