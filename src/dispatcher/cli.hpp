#pragma once

#include <set>
#include <vector>

#include <CLI/CLI.hpp>

#include "samoyed/dispatcher/dispatch_options.hpp"
#include "samoyed/dispatcher/worker_health.hpp"
#include "samoyed/io/tls_context.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Adds `--worker HOST:PORT`, which may be repeated and appends to `workers`.
CLI::Option* add_worker_option(CLI::App& app, std::vector<protocol::Address>& workers);

/// The options of TLS with workers.
struct WorkerTlsArguments {
  io::TlsFiles files;
  /// Workers to which connections aren't encrypted nevertheless.
  std::set<protocol::Address> plain;
};

/// Adds `--worker-tls-ca`, `--worker-tls-cert`, `--worker-tls-key` and `--worker-plain HOST:PORT`.
void add_worker_tls_options(CLI::App& app, WorkerTlsArguments& arguments);

/// Reads the files, and sets what depends on the options. Throws CLI::ValidationError. Call it when
/// all options are parsed.
void apply_worker_tls(const WorkerTlsArguments& arguments, DispatchOptions& options);

/// Adds the timeout options for the steps of an exchange with a worker.
void add_timeout_options(CLI::App& app, StepTimeouts& timeouts);

/// Adds `--hedge-after-ms` and `--connections-per-worker-max`.
void add_dispatch_options(CLI::App& app, DispatchOptions& options);

/// Adds the options that set when workers are probed and forgotten.
void add_health_options(CLI::App& app, HealthOptions& options);

}  // namespace samoyed::dispatcher
