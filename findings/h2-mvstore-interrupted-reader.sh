#!/bin/sh
# H2's MVStore 2.4.240 (h2-mvstore alone): one reader that is interrupted closes the file for all others.
#
# MVStore is a store for many threads. A thread whose interrupt flag is set, as that of any task that an executor shuts
# down, reads a page that is not cached: Java closes the file's channel under it, which is documented of Java's
# interruptible channels, and MVStore does not open it again. From then on every reader and writer of the process gets
# MVStoreException, although nothing is wrong with the file: a store that is opened anew has everything. The whole H2
# database (artifact h2) has a file system that opens the channel again (FilePathRetryOnInterrupt); the artifact
# h2-mvstore comes without it.
#
# Seen on JDK 17: "interrupted reader: MVStoreException, another thread after it: MVStoreException, opened anew: 1000
# entries, class of retry: absent".
# Needs a JDK 17 and Maven. Fails if it behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/pom.xml" <<'POM'
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
<dependencies><dependency><groupId>com.h2database</groupId><artifactId>h2-mvstore</artifactId><version>2.4.240</version>
</dependency></dependencies></project>
POM
cat >"$folder/Finding.java" <<'JAVA'
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.h2.mvstore.MVStore;

public class Finding {
    private static MVStore open(String file) {
        return new MVStore.Builder().fileName(file).cacheSize(0).open();
    }

    private static String outcome(Callable<String> read, boolean interrupted) throws Exception {
        FutureTask<String> task =
                new FutureTask<>(
                        () -> {
                            if (interrupted) {
                                Thread.currentThread().interrupt();
                            }
                            try {
                                return read.call();
                            } catch (RuntimeException e) {
                                return e.getClass().getSimpleName();
                            }
                        });
        Thread thread = new Thread(task);
        thread.start();
        thread.join();
        return task.get();
    }

    public static void main(String[] args) throws Exception {
        try (MVStore store = open(args[0])) {
            for (int i = 0; i < 1_000; i++) {
                store.<String, String>openMap("captions").put("caption-" + i, "a tree".repeat(100));
            }
        }
        MVStore store = open(args[0]);
        var map = store.<String, String>openMap("captions");
        System.out.print("interrupted reader: " + outcome(() -> map.get("caption-500"), true));
        System.out.print(", another thread after it: " + outcome(() -> map.get("caption-7"), false));
        store.closeImmediately();
        try (MVStore again = open(args[0])) {
            System.out.print(", opened anew: " + again.openMap("captions").size() + " entries");
        }
        String retry = "absent";
        try {
            Class.forName("org.h2.store.fs.retry.FilePathRetryOnInterrupt");
            retry = "there";
        } catch (ClassNotFoundException e) {
            // as expected
        }
        System.out.println(", class of retry: " + retry);
    }
}
JAVA
mvn -q -B -f "$folder/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/lib" >&2
javac -cp "$folder/lib/*" -d "$folder" "$folder/Finding.java"
seen=$(java -cp "$folder/lib/*:$folder" Finding "$folder/store.mv")
echo "$seen"
expected="interrupted reader: MVStoreException, another thread after it: MVStoreException, opened anew: 1000 entries,"
[ "$seen" = "$expected class of retry: absent" ]
