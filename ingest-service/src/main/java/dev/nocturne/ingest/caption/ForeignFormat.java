package dev.nocturne.ingest.caption;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Files that hold captions, but are not read here: told by their first bytes. */
enum ForeignFormat {
    PARQUET(
            "PAR1",
            "the file is Parquet; this makes JSON lines of its column 'caption': python3 -c \"import pandas; pandas.read_parquet('%s')[['caption']].rename(columns={'caption': 'prompt'}).to_json('captions.jsonl', orient='records', lines=True)\""),
    ZIP(
            "PK\u0003\u0004",
            "the file is a workbook or a ZIP archive: save the sheet as CSV, or send the file that is inside"),
    WORKBOOK("\u00d0\u00cf\u0011\u00e0", "the file is a workbook: save the sheet as CSV"),
    ZSTANDARD(
            "\u0028\u00b5\u002f\u00fd",
            "the file is compressed with zstd: send it plain or gzipped"),
    XZ("\u00fd7zXZ", "the file is compressed with xz: send it plain or gzipped"),
    BZIP2("BZh91AY&SY", "the file is compressed with bzip2: send it plain or gzipped");

    private static final Pattern PLAIN_NAME = Pattern.compile("[\\w.-]{1,100}");

    private final String firstBytes;
    private final String advice;

    ForeignFormat(String firstBytes, String advice) {
        this.firstBytes = firstBytes;
        this.advice = advice;
    }

    /** Null if the file is of none of them. */
    static ForeignFormat of(byte[] head) {
        String bytes = new String(head, StandardCharsets.ISO_8859_1);
        for (ForeignFormat format : values()) {
            if (bytes.startsWith(format.firstBytes)) {
                return format;
            }
        }
        return null;
    }

    /** What to do with it, in one line. */
    String advice(String filename) {
        boolean isPlain = filename != null && PLAIN_NAME.matcher(filename).matches();
        return advice.formatted(isPlain ? filename : "captions.parquet");
    }
}
