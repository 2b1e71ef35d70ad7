package dev.nocturne.training.dataset;

/** Why a picture is not learned from. */
enum LeftOut {
    UNCAPTIONED("without a caption"),
    DAMAGED("damaged"),
    MISSING("not there or not readable"),
    UNREAD_FORMAT("of a format that is not read"),
    UNSCORED("without a score"),
    /** Not a fault of the picture: it does not count among those of which there may be few. */
    BELOW("below the least score");

    private final String words;

    LeftOut(String words) {
        this.words = words;
    }

    @Override
    public String toString() {
        return words;
    }
}
