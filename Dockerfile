# Scores a mounted folder: docs/nightly.md.
FROM python:3.11 AS build
COPY . /source
RUN /source/deploy/make_wheelhouse.sh /wheels batch,parquet

FROM python:3.11-slim
# hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels "mt-artifact-detector[batch,parquet]"
USER 65534:65534
WORKDIR /articles
ENTRYPOINT ["detector"]
CMD ["score", "."]
