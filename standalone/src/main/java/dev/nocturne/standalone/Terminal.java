package dev.nocturne.standalone;

/** What the output goes to, as the {@code nocturne} script found it. */
final class Terminal {
    static final boolean IS_ONE = Boolean.getBoolean("nocturne.terminal");

    /** See no-color.org. */
    static final boolean HAS_COLOURS =
            IS_ONE
                    && System.getenv().getOrDefault("NO_COLOR", "").isEmpty()
                    && !"dumb".equals(System.getenv("TERM"));

    private Terminal() {}

    /** Colours by their ANSI numbers. */
    enum Colour {
        RED(31),
        GREEN(32),
        YELLOW(33);

        private final int code;

        Colour(int code) {
            this.code = code;
        }

        /**
         * @param enabled false: leaves the text as it is
         */
        String of(String text, boolean enabled) {
            return enabled ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
        }
    }
}
