# The sandbox, as a static binary in an image without a shell.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# An empty directory for the keys that whoever runs the image may write to.
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /payscore ./cmd/payscore && mkdir /keys

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /payscore /payscore
COPY --from=build --chown=nonroot:nonroot /keys /keys
USER nonroot
VOLUME /keys
EXPOSE 8129
# A container is reached from outside of it, so it listens on all of its addresses. Publish the port on loopback.
ENTRYPOINT ["/payscore", "sandbox", "--addr", "0.0.0.0:8129", "--allow-remote", "--keys", "/keys"]
