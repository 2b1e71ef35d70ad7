# One image per service: docker build --build-arg SERVICE=generator-worker .
# For NVIDIA's GPUs: --build-arg LIBTORCH=cu128, of the workers alone
# The build stage depends on neither, so all images share it.
ARG JDK_IMAGE=maven:3.9-eclipse-temurin-17
ARG JRE_IMAGE=eclipse-temurin:17-jre
ARG LIBTORCH=cpu

FROM ${JDK_IMAGE} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    mvn --batch-mode --quiet -DskipTests -Dspotless.check.skip=true \
        -pl encoder-worker,generator-worker,decoder-worker,rerank-service,ingest-service -am package

# with the processor's libtorch, which Maven brings
FROM ${JRE_IMAGE} AS runtime-cpu
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home nocturne \
    && install --directory --owner=nocturne /var/lib/nocturne /home/nocturne/.djl.ai

# with CUDA's, of the version and the flavour for which DJL has a native library: libtorch.version
# in pom.xml. DJL asks libcudart.so, by that name, whether there is a GPU.
FROM runtime-cpu AS runtime-cu128
ARG LIBTORCH_VERSION=2.7.1
ARG LIBTORCH_URL=https://download.pytorch.org/libtorch/cu128/libtorch-cxx11-abi-shared-with-deps-${LIBTORCH_VERSION}%2Bcu128.zip
RUN apt-get update \
    && apt-get install --yes --no-install-recommends unzip \
    && rm -rf /var/lib/apt/lists/* \
    && curl --fail --location --silent --show-error --output /tmp/libtorch.zip "${LIBTORCH_URL}" \
    && unzip -q /tmp/libtorch.zip "libtorch/lib/*.so*" -d /opt \
    && rm /tmp/libtorch.zip \
    && mkdir /opt/cudart \
    && ln -s /opt/libtorch/lib/libcudart*.so* /opt/cudart/libcudart.so
ENV PYTORCH_LIBRARY_PATH=/opt/libtorch/lib PYTORCH_VERSION=${LIBTORCH_VERSION} PYTORCH_FLAVOR=cu128 \
    JDK_JAVA_OPTIONS=-Djna.library.path=/opt/cudart \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM runtime-${LIBTORCH}
ARG SERVICE
# by number, as Kubernetes wants it
USER 10001
WORKDIR /home/nocturne
COPY model-zoo/default /model-zoo/default
COPY --from=build /src/${SERVICE}/target/quarkus-app /app
# libtorch's threads soon sleep while they wait: on shared processors spinning ones starve each other
ENV OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=20000
# a container is reached by its address alone
ENV QUARKUS_HTTP_HOST=0.0.0.0
EXPOSE 8080
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=50", "-jar", "/app/quarkus-run.jar"]
