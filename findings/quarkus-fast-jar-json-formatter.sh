#!/bin/sh
# Quarkus 3.37.4 with JBoss LogManager 3.2.2: the log manager's own JsonFormatter works in a plain Java process and
# cannot be made in the packaged application.
#
# JsonFormatter is a class of jboss-logmanager, whose POM brings jakarta.json-api and Parsson for it. In a fast-jar (the
# default package) the log manager is loaded by the class loader of Java itself, which also sees what Quarkus names
# "parent first"; jakarta.json is not named, so it lies in lib/main, where only the application's loader looks. The
# program compiles, passes tests in the IDE and in Maven, and ends with NoClassDefFoundError once it is packaged: the
# jar that it misses is in its folder. The extension quarkus-logging-json names jakarta.json as parent first, so with it
# the same line works.
#
# Seen on JDK 17: "on a class path: made, packaged: NoClassDefFoundError jakarta/json/Json, jakarta.json-api in
# lib/main: 1 jar".
# Needs a JDK 17 and Maven. Fails if it behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/src/main/java/finding"
cat >"$folder/pom.xml" <<'POM'
<project><modelVersion>4.0.0</modelVersion>
<groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
<properties><maven.compiler.release>17</maven.compiler.release>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencyManagement><dependencies><dependency><groupId>io.quarkus</groupId><artifactId>quarkus-bom</artifactId>
<version>3.37.4</version><type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement>
<dependencies>
<dependency><groupId>io.quarkus</groupId><artifactId>quarkus-arc</artifactId></dependency>
<dependency><groupId>org.jboss.logmanager</groupId><artifactId>jboss-logmanager</artifactId></dependency>
</dependencies>
<build><plugins>
<plugin><artifactId>maven-compiler-plugin</artifactId><version>3.14.1</version></plugin>
<plugin><groupId>io.quarkus</groupId><artifactId>quarkus-maven-plugin</artifactId><version>3.37.4</version>
<extensions>true</extensions><executions><execution><goals><goal>build</goal></goals></execution></executions></plugin>
</plugins></build></project>
POM
cat >"$folder/src/main/java/finding/Finding.java" <<'JAVA'
package finding;

import io.quarkus.runtime.annotations.QuarkusMain;
import org.jboss.logmanager.formatters.JsonFormatter;

@QuarkusMain
public class Finding {
    public static void main(String... args) {
        try {
            new JsonFormatter();
            System.out.println("made");
        } catch (NoClassDefFoundError e) {
            System.out.println("NoClassDefFoundError " + e.getMessage());
        }
    }
}
JAVA
cd "$folder"
mvn -B -q package >build.log 2>&1 || { cat build.log; exit 1; }
app=target/quarkus-app
plain=$(java -cp "target/finding-1.jar:$app/lib/main/*:$app/lib/boot/*" finding.Finding)
packaged=$(java -jar $app/quarkus-run.jar | grep -E '^(made|NoClassDefFoundError)')
jars=$(find $app/lib/main -name '*jakarta.json-api*' | wc -l)
seen="on a class path: $plain, packaged: $packaged, jakarta.json-api in lib/main: $jars jar"
echo "$seen"
missed="NoClassDefFoundError jakarta/json/Json"
[ "$seen" = "on a class path: made, packaged: $missed, jakarta.json-api in lib/main: 1 jar" ]
