#!/bin/sh
# Avro for Java 1.12.2: methods of a datum reader that are meant to be overridden are not called any more.
#
# GenericDatumReader invites subclasses: readField, readString, readArray and others are protected and documented. From
# 1.12.1 on the "fast reader" is the default, and read() then goes past all of them: a subclass that checks, limits or
# counts what comes in compiles, reads the right values, and does nothing of its own, without a warning. 1.12.0 calls
# them. Whoever relies on an override has to switch the fast reader off: setFastReaderEnabled(false) on the reader's
# data, or -Dorg.apache.avro.fastread=false for the whole process.
#
# Seen on JDK 17: "calls of the overridden readField and readString: 1.12.0: 1 1, 1.12.2: 0 0, 1.12.2 without the fast
# reader: 1 1".
# Needs a JDK 17 and Maven. Fails if one of the three behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/Finding.java" <<'JAVA'
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.Decoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.io.ResolvingDecoder;

public class Finding {
    private static final Schema SCHEMA =
            new Schema.Parser()
                    .parse(
                            "{\"type\": \"record\", \"name\": \"Caption\","
                                    + " \"fields\": [{\"name\": \"text\", \"type\": \"string\"}]}");

    private static final class Counting extends GenericDatumReader<Object> {
        int fields;
        int strings;

        Counting() {
            super(SCHEMA);
        }

        @Override
        protected void readField(
                Object record, Schema.Field field, Object old, ResolvingDecoder in, Object state)
                throws IOException {
            fields++;
            super.readField(record, field, old, in, state);
        }

        @Override
        protected Object readString(Object old, Schema expected, Decoder in) throws IOException {
            strings++;
            return super.readString(old, expected, in);
        }
    }

    public static void main(String[] args) throws IOException {
        GenericData.Record record = new GenericData.Record(SCHEMA);
        record.put("text", "a tree");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
        new GenericDatumWriter<Object>(SCHEMA).write(record, encoder);
        encoder.flush();
        Counting reader = new Counting();
        Object read = reader.read(null, DecoderFactory.get().binaryDecoder(bytes.toByteArray(), null));
        if (!read.equals(record)) {
            throw new IllegalStateException("read " + read);
        }
        System.out.println(reader.fields + " " + reader.strings);
    }
}
JAVA
for version in 1.12.0 1.12.2; do
    mkdir "$folder/$version"
    cat >"$folder/$version/pom.xml" <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>$version</version>
</dependency></dependencies></project>
POM
    mvn -q -B -f "$folder/$version/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/$version/lib" >&2
    javac -cp "$folder/$version/lib/*" -d "$folder/$version" "$folder/Finding.java"
done
calls() { version=$1; shift; java "$@" -cp "$folder/$version/lib/*:$folder/$version" Finding 2>/dev/null; }
seen="calls of the overridden readField and readString: 1.12.0: $(calls 1.12.0), 1.12.2: $(calls 1.12.2),"
seen="$seen 1.12.2 without the fast reader: $(calls 1.12.2 -Dorg.apache.avro.fastread=false)"
echo "$seen"
[ "$seen" = "calls of the overridden readField and readString: 1.12.0: 1 1, 1.12.2: 0 0, 1.12.2 without the fast reader: 1 1" ]
