# One image per service: docker build --build-arg SERVICE=generator-worker .
# The build stage does not depend on SERVICE, so all of them share it.
ARG JDK_IMAGE=maven:3.9-eclipse-temurin-17
ARG JRE_IMAGE=eclipse-temurin:17-jre

FROM ${JDK_IMAGE} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    mvn --batch-mode --quiet -DskipTests -Dspotless.check.skip=true \
        -pl encoder-worker,generator-worker,decoder-worker,rerank-service,ingest-service -am package

FROM ${JRE_IMAGE}
ARG SERVICE
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home nocturne \
    && install --directory --owner=nocturne /var/lib/nocturne /home/nocturne/.djl.ai
USER nocturne
WORKDIR /home/nocturne
COPY --from=build /src/${SERVICE}/target/quarkus-app /app
# libtorch's threads soon sleep while they wait: on shared processors spinning ones starve each other
ENV OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=20000
# a container is reached by its address alone
ENV QUARKUS_HTTP_HOST=0.0.0.0
EXPOSE 8080
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=50", "-jar", "/app/quarkus-run.jar"]
