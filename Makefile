# The main targets are demo, test, check, bench, fuzz and tools. The targets install what the build needs, or
# say what is missing.

CARGO ?= cargo
# The components of the SDK, and those of the tests that use WASI.
WASM_TARGETS := wasm32-unknown-unknown wasm32-wasip2
# The newest version that Rust 1.95 compiles.
CARGO_DENY := 0.20.2
# The workspace of all components, built-in or not. It is separate, because components are built for another
# target.
PLUGINS := --manifest-path plugins/Cargo.toml --target-dir target/plugins-native
# The directories of components that users install. They are built as a user would build them.
COMPONENTS := $(dir $(wildcard plugins/extra/*/README.md))
WORKSPACES := Cargo.toml plugins/Cargo.toml bench/minimal-client/Cargo.toml fuzz/Cargo.toml

.PHONY: demo components test test-kills test-sigstore test-interop test-moto interop-here check advisories bench fuzz tools build wasm-target python javascript fmt

demo: build ## Runs the main job on the loopback cloud, without an account
	target/debug/tryaudex demo

build: wasm-target
	@test -d target/debug || echo "the first build compiles some 320 crates, which takes about ten minutes on two cores"
	$(CARGO) build --locked -p tryaudex

components: build ## Builds each component of plugins/extra next to its source, for `tryaudex plugin install`
	for folder in $(COMPONENTS); do target/debug/tryaudex plugin build $$folder || exit 1; done

test: wasm-target python javascript ## Runs all tests except sigstore and interop
	env -u HTTPS_PROXY -u https_proxy $(CARGO) test --locked --workspace
	$(CARGO) test --locked $(PLUGINS) --workspace

test-kills: build ## Kills 200 sessions at random points (some minutes)
	AUDEX_TEST_KILLS=200 $(CARGO) test --locked -p tryaudex --test audex -- cases::kills

test-sigstore: wasm-target python ## Tests the feature `sigstore`, which is off by default
	$(CARGO) clippy --locked -p tryaudex -p audex-registry --features tryaudex/sigstore --all-targets -- -D warnings
	env -u HTTPS_PROXY -u https_proxy $(CARGO) test --locked -p tryaudex -p audex-registry --features tryaudex/sigstore --lib --test audex -- sigstore plugin_sources organisation

# This is not part of `test`: az and Azurite take a gigabyte, and no package registry has gcloud.
test-interop: build python ## Tests rclone, s3cmd, s3fs, Terraform, gcloud, gsutil, az and Azurite with the doubles; prints skips and reasons
	tests/interop/install.sh
	$$(tests/python/install.sh)/bin/python tests/interop/run.py

interop-here: build python ## Runs the same tests with the tools that are already installed (CI)
	$$(tests/python/install.sh)/bin/python tests/interop/run.py

test-moto: build python ## Runs moto's own tests directly and through the gateway, and compares them (about half an hour)
	$$(tests/python/install.sh)/bin/python tests/interop/run.py moto

check: wasm-target ## Checks format, lock files, lints, docs, licences and sources
	for manifest in $(WORKSPACES); do $(CARGO) fmt --all --check --manifest-path $$manifest || exit 1; \
		$(CARGO) metadata --locked --format-version 1 --manifest-path $$manifest >/dev/null || exit 1; done
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked $(PLUGINS) --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet
	@command -v cargo-deny >/dev/null || { echo "error: cargo-deny is not installed; licences and sources cannot be checked"; \
		echo "hint: make tools"; exit 1; }
	$(CARGO) deny --log-level error --locked check bans licenses sources

# The database of advisories is a git repository, and no package registry has a copy. This project's CI
# reaches only registries, so it cannot read the database.
advisories: ## Checks for known vulnerabilities; needs github.com, so it is not part of `check`
	$(CARGO) deny --log-level error --locked check advisories

bench: wasm-target python ## Measures ratios to a minimal native client and to a direct connection, in one run
	AUDEX_TEST_VENV=$$(tests/python/install.sh) bench/run

# The stable toolchain is sufficient: libFuzzer is part of the crate, and coverage is part of the compiler.
# Only a C++ compiler is needed in addition. For AddressSanitizer, minimising and coverage reports: `rustup
# toolchain install nightly`, `cargo install cargo-fuzz`, `cargo +nightly fuzz run TARGET`. Add `--features
# host` for the settings files.
FUZZ_SECONDS ?= 30
FUZZ_TARGETS ?= pattern action deny intent profiles deny_list config environment aws_profiles
FUZZ_TRIPLE := $(shell $(CARGO) -vV | sed -n 's/^host: //p')
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing

fuzz: wasm-target ## Runs each target for FUZZ_SECONDS; new inputs are kept in target/fuzz-corpus (not in CI)
	@command -v c++ >/dev/null || { echo "libFuzzer needs a C++ compiler (apt-get install g++)"; exit 1; }
	RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) build --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz \
		--target $(FUZZ_TRIPLE) $(if $(filter-out pattern action deny intent,$(FUZZ_TARGETS)),--features host) $(FUZZ_TARGETS:%=--bin %)
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz-corpus/$$target target/fuzz-artifacts/$$target; \
		echo "fuzz $$target for $(FUZZ_SECONDS) s"; \
		target/fuzz/$(FUZZ_TRIPLE)/debug/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=512 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=target/fuzz-artifacts/$$target/ target/fuzz-corpus/$$target fuzz/corpus/$$target || exit 1; \
	done

fmt:
	for manifest in $(WORKSPACES); do $(CARGO) fmt --all --manifest-path $$manifest || exit 1; done

# Unoptimised: cargo-deny takes longer to compile than to run.
tools: ## Installs the tools that `check` needs besides Rust; takes some minutes, once
	$(CARGO) install --locked --debug --quiet cargo-deny@$(CARGO_DENY)

# Only rustup can add a target. Without rustup, the build script or the test reports the missing target.
wasm-target:
	@if command -v rustup >/dev/null; then for target in $(WASM_TARGETS); do \
		rustup target list --installed | grep -qx $$target || rustup target add $$target || exit 1; done; fi

# Installs the real aws CLI, boto3, moto and componentize-py in a virtual environment of the repository.
python:
	@tests/python/install.sh >/dev/null

# Installs the componentize-js of the lock file, and node from PyPI if there is no node of version 20 or
# newer.
javascript:
	@tests/javascript/install.sh >/dev/null
