package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.runtime.FatalException;
import dev.nocturne.schemas.Sha256;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The keys of the API, and the sessions of pages that were opened with one of them.
 *
 * <p>A session is its end and a MAC of it under the key, so it outlives a restart of the service,
 * and ends with its key. Whether a secret is right takes the same time wherever it is wrong.
 */
public final class ApiKeys {

    /** A night, and the morning after it. */
    static final Duration SESSION = Duration.ofHours(24);

    private static final int MIN_CHARACTERS = 16;
    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e&&[^,]]+");
    private static final Pattern SESSION_TOKEN =
            Pattern.compile("(\\d{1,12})\\.([A-Za-z0-9_-]{43})");
    private static final String MAC = "HmacSHA256";

    private final List<byte[]> keys;

    private ApiKeys(List<byte[]> keys) {
        this.keys = keys;
    }

    /**
     * @param commaSeparated null or blank for none
     * @throws FatalException if a key is too short or has a strange character; does not tell it
     */
    public static ApiKeys of(String commaSeparated) {
        if (commaSeparated == null || commaSeparated.isBlank()) {
            return new ApiKeys(List.of());
        }
        List<String> keys =
                Arrays.stream(commaSeparated.split(",", -1)).map(String::strip).toList();
        for (int i = 0; i < keys.size(); i++) {
            String key = keys.get(i);
            if (key.length() < MIN_CHARACTERS || !KEY.matcher(key).matches()) {
                throw new FatalException(
                        "%s: key %d of %d has %d characters; must be at least %d of ASCII, without spaces: make one with openssl rand -hex 24"
                                .formatted(
                                        ApiConfig.KEY_VARIABLE,
                                        i + 1,
                                        keys.size(),
                                        key.length(),
                                        MIN_CHARACTERS));
            }
        }
        return new ApiKeys(keys.stream().map(key -> key.getBytes(UTF_8)).toList());
    }

    public boolean areNone() {
        return keys.isEmpty();
    }

    boolean has(String key) {
        return find(key).isPresent();
    }

    private Optional<byte[]> find(String key) {
        // of one length, whatever was sent
        byte[] asked = Sha256.newDigest().digest(key.getBytes(UTF_8));
        byte[] found = null;
        for (byte[] known : keys) {
            if (MessageDigest.isEqual(Sha256.newDigest().digest(known), asked)) {
                found = known;
            }
        }
        return Optional.ofNullable(found);
    }

    /**
     * A token for a cookie.
     *
     * @return empty if there is no such key
     */
    Optional<String> newSession(String key, Instant now) {
        String end = Long.toString(now.plus(SESSION).getEpochSecond());
        return find(key).map(known -> end + "." + mac(known, end));
    }

    boolean isSession(String token, Instant now) {
        Matcher parts = SESSION_TOKEN.matcher(token);
        if (!parts.matches()) {
            return false;
        }
        byte[] asked = parts.group(2).getBytes(UTF_8);
        boolean isOurs = false;
        for (byte[] key : keys) {
            isOurs |= MessageDigest.isEqual(mac(key, parts.group(1)).getBytes(UTF_8), asked);
        }
        return isOurs && now.getEpochSecond() < Long.parseLong(parts.group(1));
    }

    private static String mac(byte[] key, String end) {
        try {
            Mac mac = Mac.getInstance(MAC);
            mac.init(new SecretKeySpec(key, MAC));
            byte[] code = mac.doFinal(("nocturne session until " + end).getBytes(UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(code);
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java platform has " + MAC, e);
        }
    }
}
