package dev.nocturne.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who may use an embedded object store: random for each data folder, and kept beside it in a file
 * that its owner alone can read. It has the form of AWS's tools, for {@code
 * AWS_SHARED_CREDENTIALS_FILE}.
 */
public record S3Keys(String accessKey, String secretKey) {
    private static final String SUFFIX = ".credentials";
    private static final int ACCESS_KEY_BYTES = 10;
    private static final int SECRET_KEY_BYTES = 32;
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final Pattern CONTENT =
            Pattern.compile(
                    "\\[default]\\s+aws_access_key_id *= *(\\S+)\\s+aws_secret_access_key *= *(\\S+)\\s*");

    /** Where the keys of a data folder are: beside it, as all that is in it is buckets. */
    public static Path file(Path dataDir) {
        return dataDir.resolveSibling(dataDir.getFileName() + SUFFIX);
    }

    /**
     * Those of the folder, made if it has none.
     *
     * @throws EmbeddedServerException if the file cannot be used
     */
    public static S3Keys of(Path dataDir) {
        Path file = file(dataDir);
        try {
            Matcher content = CONTENT.matcher(Files.readString(file));
            if (!content.matches()) {
                throw new EmbeddedServerException(
                        "Keys file %s has another form than [default], aws_access_key_id and aws_secret_access_key: delete it, and the next start makes new keys"
                                .formatted(file));
            }
            return new S3Keys(content.group(1), content.group(2));
        } catch (NoSuchFileException e) {
            return create(file);
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    private static S3Keys create(Path file) {
        S3Keys keys = new S3Keys(random(ACCESS_KEY_BYTES), random(SECRET_KEY_BYTES));
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.deleteIfExists(part);
            Files.createFile(part, OWNER_ONLY);
            Files.writeString(
                    part,
                    "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
                            .formatted(keys.accessKey, keys.secretKey),
                    StandardOpenOption.WRITE);
            Files.move(part, file);
        } catch (IOException e) {
            throw unusable(file, e);
        }
        return keys;
    }

    private static EmbeddedServerException unusable(Path file, IOException e) {
        return new EmbeddedServerException(
                "Keys file %s cannot be used (%s): make it readable for this user, or choose another folder"
                        .formatted(file, e.getClass().getSimpleName()),
                e);
    }

    private static String random(int bytes) {
        byte[] random = new byte[bytes];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    /** Fit for a log: without the secret key. */
    @Override
    public String toString() {
        return "S3Keys[accessKey=%s]".formatted(accessKey);
    }
}
