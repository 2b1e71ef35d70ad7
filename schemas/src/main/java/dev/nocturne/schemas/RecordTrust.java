package dev.nocturne.schemas;

import dev.nocturne.events.CaptionSubmitted;
import org.apache.avro.Conversion;
import org.apache.avro.util.ClassSecurityValidator;

/**
 * Lets Avro make objects of our records; by default it does so only of classes that it was told to
 * trust. Whatever else the process trusts stays trusted.
 *
 * <p>It converts nothing: it is a conversion because Avro loads those as services whenever it makes
 * a {@code SpecificData}, which each of our records does first of all. So no program has to know of
 * it, whether it reads records or only builds them.
 */
public final class RecordTrust extends Conversion<Void> {

    static {
        String records = CaptionSubmitted.class.getPackageName();
        ClassSecurityValidator.setGlobal(
                ClassSecurityValidator.composite(
                        ClassSecurityValidator.getGlobal(),
                        type -> type.getPackageName().equals(records)));
    }

    /** For a process where Avro's class loader does not see this module. */
    static void ensure() {
        // loading the class has done it
    }

    @Override
    public Class<Void> getConvertedType() {
        return Void.class;
    }

    @Override
    public String getLogicalTypeName() {
        return "nocturne-record-trust"; // no schema has it
    }
}
