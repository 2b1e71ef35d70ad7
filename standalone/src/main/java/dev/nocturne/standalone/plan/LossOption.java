package dev.nocturne.standalone.plan;

import dev.nocturne.standalone.simulation.Loss;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code 2@00:00}, or {@code decoder=1@03:30}: how many workers of which service die, and when. */
record LossOption(String service, int workers, LocalTime at) {
    static final String ENCODER = "encoder";
    static final String GENERATOR = "generator";
    static final String DECODER = "decoder";

    private static final Pattern FORM =
            Pattern.compile("(?:(encoder|generator|decoder)=)?([1-9]\\d{0,5})@(\\d\\d:\\d\\d)");

    static final class Converter implements ITypeConverter<LossOption> {
        @Override
        public LossOption convert(String text) {
            Matcher matcher = FORM.matcher(text);
            if (matcher.matches()) {
                try {
                    return new LossOption(
                            matcher.group(1) == null ? GENERATOR : matcher.group(1),
                            Integer.parseInt(matcher.group(2)),
                            LocalTime.parse(matcher.group(3)));
                } catch (DateTimeException e) {
                    // told as any other text that is none
                }
            }
            throw new TypeConversionException(
                    "'%s' is no loss: write workers and a time like 2@00:00, or decoder=1@00:00"
                            .formatted(text));
        }
    }

    /** The first such time of the clock on the wall after the job starts. */
    Instant first(Instant start, ZoneId zone) {
        ZonedDateTime begin = start.atZone(zone);
        ZonedDateTime today = begin.with(at);
        return (today.isBefore(begin) ? today.plusDays(1) : today).toInstant();
    }

    /** Of each stage of the service. */
    List<Loss> losses(JobHours hours, ZoneId zone) {
        double seconds = hours.seconds(first(hours.start(), zone));
        List<String> stages =
                switch (service) {
                    case DECODER -> List.of(Rates.SCORER, Rates.PUBLISHER);
                    default -> List.of(service);
                };
        return stages.stream().map(stage -> new Loss(stage, workers, seconds)).toList();
    }

    /** As it was written, the service always named. */
    @Override
    public String toString() {
        return "%s=%d@%s".formatted(service, workers, at);
    }
}
