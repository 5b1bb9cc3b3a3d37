# 镜像 · One image for every part: `migrate`, `api`, `relay`, `worker` are verbs of one program.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/jishi

# What jishi needs changes seldom: a layer of its own.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > needed.txt \
 && /opt/jishi/bin/pip install --constraint constraints.txt --requirement needed.txt

COPY README.md LICENSE ./
COPY events events
COPY streams streams
COPY projections projections
COPY services services
RUN /opt/jishi/bin/pip install --no-deps .

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/jishi --shell /usr/sbin/nologin jishi \
 && install --directory --owner jishi --group jishi --mode 0700 /var/lib/jishi
COPY --from=build /opt/jishi /opt/jishi
ENV PATH=/opt/jishi/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 JISHI_HOME=/var/lib/jishi
USER 10001:10001
WORKDIR /var/lib/jishi
EXPOSE 8311
ENTRYPOINT ["jishi"]
CMD ["up", "--host", "0.0.0.0", "--port", "8311"]
