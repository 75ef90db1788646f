#pragma once

#include <vector>

#include <CLI/CLI.hpp>

#include "samoyed/dispatcher/dispatch_options.hpp"
#include "samoyed/dispatcher/worker_health.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Adds `--worker HOST:PORT`, which may be repeated and appends to `workers`.
CLI::Option* add_worker_option(CLI::App& app, std::vector<protocol::Address>& workers);

/// Adds the timeout options for the steps of an exchange with a worker.
void add_timeout_options(CLI::App& app, StepTimeouts& timeouts);

/// Adds `--hedge-after-ms` and `--connections-per-worker-max`.
void add_dispatch_options(CLI::App& app, DispatchOptions& options);

/// Adds the options that set when workers are probed and forgotten.
void add_health_options(CLI::App& app, HealthOptions& options);

}  // namespace samoyed::dispatcher
