package dev.nocturne.ingest.caption;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.commons.io.ByteOrderMark;
import org.apache.commons.io.input.BOMInputStream;

/**
 * The characters of a text file: UTF-8, or UTF-16 where a byte order mark says so, as spreadsheets
 * write it. What is neither becomes U+FFFD, which no caption may hold.
 */
final class DecodedText {

    private static final ByteOrderMark[] MARKS = {
        ByteOrderMark.UTF_8, ByteOrderMark.UTF_16LE, ByteOrderMark.UTF_16BE
    };

    private DecodedText() {}

    static BufferedReader of(InputStream in) throws IOException {
        BOMInputStream unmarked =
                BOMInputStream.builder().setInputStream(in).setByteOrderMarks(MARKS).get();
        String charset = unmarked.getBOMCharsetName();
        return new BufferedReader(
                new InputStreamReader(
                        unmarked, charset == null ? StandardCharsets.UTF_8.name() : charset));
    }
}
